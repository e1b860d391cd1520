#pragma once
// SPDX-License-Identifier: Apache-2.0
// The value of DORA_NODE_CONFIG: where a spawned node finds its daemon.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "message/node_to_daemon.hpp"

namespace dora::message {

inline constexpr const char* node_config_variable = "DORA_NODE_CONFIG";

struct NodeConfig {
  std::uint32_t protocol = protocol_version;
  std::string version;
  std::string dataflow_id;
  NodeId node;
  /// Number of the inherited SOCK_SEQPACKET socket.
  int socket_fd = -1;
  bool operator==(const NodeConfig&) const = default;
};

std::string encode(const NodeConfig& config);
Result<NodeConfig> decode_node_config(std::string_view text);

}  // namespace dora::message

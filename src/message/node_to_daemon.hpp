#pragma once
// SPDX-License-Identifier: Apache-2.0
// What a node says to its daemon, over the SOCK_SEQPACKET socket it inherited. One datagram is one
// message: a JSON object with a "type" and the members below (docs/messages.md).
//
// Protocol history
//   1  first version

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/ids.hpp"
#include "base/result.hpp"

namespace dora::message {

inline constexpr std::uint32_t protocol_version = 1;

/// The first message of every node.
struct Attach {
  std::uint32_t protocol = protocol_version;
  std::string version;  ///< of the library, e.g. "0.1.0"
  std::int32_t pid = 0;
  bool operator==(const Attach&) const = default;
};

/// The node has mapped everything it was given and may be started.
struct Ready {
  bool operator==(const Ready&) const = default;
};

/// These outputs send nothing any more; what was sent is in the edges already.
struct CloseOutputs {
  std::vector<DataId> outputs;
  bool operator==(const CloseOutputs&) const = default;
};

/// The node closed itself: as if all its outputs were closed, and it takes no more events.
struct Detach {
  bool operator==(const Detach&) const = default;
};

/// Something the user should see that no log line of the node says, e.g. drops.
struct Report {
  std::string level;  ///< "error", "warn", "info", "debug", "trace"
  std::string text;
  bool operator==(const Report&) const = default;
};

/// A sender has been waiting for a second for room in the queue of this edge.
struct Blocked {
  std::uint64_t edge = 0;
  bool operator==(const Blocked&) const = default;
};

/// The circuit breaker of an input opened (`broken`: the node gets INPUT_CLOSED) or closed
/// (INPUT_RECOVERED).
struct InputTimeout {
  DataId input;
  bool broken = true;
  bool operator==(const InputTimeout&) const = default;
};

/// Wants something of the extension table (daemon/extension_table.hpp).
struct ExtensionRequest {
  std::uint64_t number = 0;  ///< chosen by the node: the reply has the same
  /// "store", "load", "take" (load and remove), "drop", "dropped"
  std::string operation;
  std::string space;
  std::string key;    ///< empty for "dropped"
  std::string value;  ///< for "store": the bytes, as hexadecimal digits
  bool operator==(const ExtensionRequest&) const = default;
};

/// From a process that no daemon started (docs/messages.md, "Dynamic nodes"): what runs here?
struct ListPlaces {
  bool operator==(const ListPlaces&) const = default;
};

/// It takes the place of a dynamic node. From then on it is a node as others are.
struct AttachDynamic {
  std::uint32_t protocol = protocol_version;
  std::string version;
  std::string dataflow_id;
  NodeId node;
  bool operator==(const AttachDynamic&) const = default;
};

/// Stop the whole dataflow, as `dora stop` does.
struct StopDataflow {
  bool operator==(const StopDataflow&) const = default;
};

using NodeToDaemon =
    std::variant<Attach, Ready, CloseOutputs, Detach, Report, Blocked, InputTimeout,
                 ExtensionRequest, ListPlaces, AttachDynamic, StopDataflow>;

std::string encode(const NodeToDaemon& message);
/// Fails with InvalidInput for anything that is not exactly such a message.
Result<NodeToDaemon> decode_node_to_daemon(std::string_view text);

}  // namespace dora::message

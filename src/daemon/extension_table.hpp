#pragma once
// SPDX-License-Identifier: Apache-2.0
// A table of small values that the nodes of one dataflow share: by namespace and key, each with the
// node that stored it. An entry goes when it is dropped, when it is taken, or when its node ends;
// every other node that stored or read it can ask which keys went. Knows no processes.

#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "message/daemon_to_node.hpp"
#include "message/node_to_daemon.hpp"

namespace dora::daemon {

class ExtensionTable {
 public:
  using Node = std::size_t;
  static constexpr std::size_t most_entries = 8192;
  /// Per node; of more, the oldest are forgotten.
  static constexpr std::size_t most_dropped = 4096;

  message::ExtensionReply answer(Node node, const message::ExtensionRequest& request);

  /// Fails with InvalidInput when another node stored that key, with Busy when the table is full.
  Result<> store(Node node, const std::string& space, const std::string& key, std::string value);
  std::optional<std::string> load(Node node, const std::string& space, const std::string& key);
  void drop(const std::string& space, const std::string& key);
  /// The keys of `space` that went since the last call, the oldest first.
  std::vector<std::string> take_dropped(Node node, const std::string& space);
  /// What the node stored goes; what it would have been told is forgotten.
  void on_end(Node node);

 private:
  using Name = std::pair<std::string, std::string>;  // namespace, key
  struct Entry {
    Node owner = 0;
    std::string value;
    std::set<Node> users;
  };
  void erase(std::map<Name, Entry>::iterator entry);

  std::map<Name, Entry> entries_;
  std::map<Node, std::deque<Name>> dropped_;
};

}  // namespace dora::daemon

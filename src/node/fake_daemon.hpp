#pragma once
// SPDX-License-Identifier: Apache-2.0
// A daemon for tests, in the same thread and process: it makes real shared memory and queues the
// whole handshake in the sockets, so that nodes join without waiting for anybody.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "message/daemon_to_node.hpp"
#include "message/datagram_socket.hpp"
#include "message/node_to_daemon.hpp"
#include "node/node.hpp"
#include "shared_memory/doorbell_page.hpp"
#include "shared_memory/edge.hpp"

namespace dora::node {

class FakeDaemon {
 public:
  struct Ports {
    std::vector<std::string> outputs;
    std::vector<std::string> inputs;
    std::vector<message::TimerInput> timers;
    bool exit_when_nodes_finish = false;
    bool busy = false;
    std::uint64_t arena_bytes = 64 << 20;
  };

  void add_node(const std::string& id, Ports ports);
  /// Returns the number of the edge.
  std::uint64_t connect(const std::string& producer, const std::string& output,
                        const std::string& consumer, const std::string& input,
                        shared_memory::EdgeOptions options = {});
  /// Queues setup and start for a node, and lets it join.
  std::unique_ptr<Node> join(const std::string& id);

  /// Sends an order to a node that has joined, and rings.
  void order(const std::string& id, const message::DaemonToNode& message);
  /// The producer of an edge is done: as after the exit of its process.
  void close_edge(std::uint64_t number);
  /// The consumer of an edge is gone.
  void disconnect_edge(std::uint64_t number);
  /// What the node said since the last call.
  std::vector<message::NodeToDaemon> heard_from(const std::string& id);
  shared_memory::EdgeCounters counters(std::uint64_t edge) const;
  bool is_consumer_closed(std::uint64_t edge) const {
    return edges_.at(edge).monitor->is_consumer_closed();
  }
  const shared_memory::MemoryFile& edge_file(std::uint64_t edge) const {
    return edges_.at(edge).file;
  }
  const shared_memory::MemoryFile& arena_file(const std::string& id) const {
    return members_.at(id).arena;
  }
  /// Closes the control connection of a node, as if the daemon had died.
  void vanish(const std::string& id);

 private:
  struct Member {
    message::Setup setup;
    message::DatagramSocket socket;
    shared_memory::MemoryFile arena;
    shared_memory::MemoryFile bell;
    FileDescriptor event_fd;
    std::shared_ptr<shared_memory::DoorbellPage> page;
  };
  struct Edge {
    std::string producer, output, consumer, input;
    shared_memory::MemoryFile file;
    std::optional<shared_memory::EdgeMonitor> monitor;
    std::uint32_t doorbell_bit = 0;
  };

  std::map<std::string, Member> members_;
  std::map<std::uint64_t, Edge> edges_;
};

}  // namespace dora::node

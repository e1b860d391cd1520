#pragma once
// SPDX-License-Identifier: Apache-2.0
// The shared memory of one run: makes it for each incarnation of a node, says what to send to whom,
// keeps every edge mapped for its counters, and closes the side of an edge whose process died.
// Never looks at a payload.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/file_descriptor.hpp"
#include "base/result.hpp"
#include "daemon/blocked_senders.hpp"
#include "daemon/run_plan.hpp"
#include "daemon/run_result.hpp"
#include "daemon/run_state.hpp"
#include "message/daemon_to_node.hpp"
#include "shared_memory/doorbell_page.hpp"
#include "shared_memory/edge.hpp"

namespace dora::daemon {

/// A message with the descriptors beside it, which stay the broker's and are valid until its next
/// change.
struct ControlMessage {
  message::DaemonToNode message;
  std::vector<int> fds;
};

class MemoryBroker {
 public:
  /// `plan` must outlive the result.
  explicit MemoryBroker(const RunPlan& plan);

  /// Makes memory for the next incarnation of `node`, and edges between it and every node that has
  /// memory. Edges of an earlier incarnation stay until they are drained. When it fails, the node
  /// has no memory.
  Result<> provide(NodeIndex node);

  bool has_memory(NodeIndex node) const { return nodes_[node].has_value(); }
  /// Whether it has its connections, and is told of changes from now on.
  bool is_set_up(NodeIndex node) const { return nodes_[node] && nodes_[node]->is_set_up; }

  /// The doorbell of the current incarnation; the node must have memory.
  const std::shared_ptr<shared_memory::DoorbellPage>& bell_of(NodeIndex node) const {
    return nodes_[node]->page;
  }

  /// The descriptors of Setup: arena, doorbell page, event descriptor.
  std::vector<int> setup_fds(NodeIndex node) const;
  /// What connects a node that attached now: its current edges, outputs first.
  std::vector<ControlMessage> connections_of(NodeIndex node);
  /// What the neighbours that are set up have to be told after provide(node): first what replaces,
  /// then which old edges are over.
  struct Notice {
    NodeIndex to;
    ControlMessage message;
  };
  std::vector<Notice> renewal_notices(NodeIndex node);

  // The plan has changed: who is connected to whom from now on.

  /// A node was added at the end of the plan.
  void add_node();
  /// A node that has ended is forgotten, its memory with it.
  void remove_node(NodeIndex node);
  /// An output of `producer` feeds an input of `consumer` from now on. The messages for those who
  /// are set up.
  Result<std::vector<Notice>> connect_input(NodeIndex consumer, std::size_t input);
  /// It feeds it no more: the messages that say so. What waits
  /// in the queue is dropped; what the consumer took stays lent to it.
  std::vector<Notice> disconnect_input(NodeIndex consumer, std::size_t input);

  /// Nothing more comes for an input of `node`: the message that says so.
  ControlMessage close_input(NodeIndex node, std::size_t input);
  /// `node` takes nothing any more; what it took stays lent while its process lives. The messages
  /// for those who send to it.
  std::vector<Notice> retire(NodeIndex node);
  /// `node` takes nothing any more, and its process is gone: the messages for those who send to it.
  std::vector<Notice> disconnect(NodeIndex node);
  /// The process is gone: whoever waits for its side of an edge learns it.
  void on_death(NodeIndex node);
  /// The node sends nothing any more, but its process lives on.
  void on_leave(NodeIndex node);

  /// Numbers the incarnations of a node; a dynamic node may have several whose processes live.
  std::uint64_t visit_of(NodeIndex node) const { return visits_[node]; }
  /// The process of a visit that was retired is gone: the messages for those who sent to it.
  std::vector<Notice> release(NodeIndex node, std::uint64_t visit);
  /// Whether anything may still be lent to that visit.
  bool is_lent_to(NodeIndex node, std::uint64_t visit) const;

  /// Wakes a node to read its control connection, and a sender that waits for room.
  void ring(NodeIndex node);

  /// Per connection, in the order of the plan.
  std::vector<EdgeTotals> totals() const;
  /// The senders that wait for room now.
  std::vector<BlockedSender> blocked_senders() const;
  /// A sender has told that it waits on `edge`: what the user should read about it, if he was not
  /// told lately.
  struct BlockedReport {
    NodeIndex node;
    LogLevel level;
    std::string text;
  };
  std::vector<BlockedReport> on_blocked(std::uint64_t edge, std::int64_t now_ns);
  /// One sentence for each connection that dropped messages since the last call.
  std::vector<std::string> new_drop_warnings();

 private:
  struct NodeMemory {
    shared_memory::MemoryFile arena;
    FileDescriptor arena_read_only;
    shared_memory::MemoryFile bell;
    FileDescriptor event_fd;
    std::shared_ptr<shared_memory::DoorbellPage> page;
    /// The node has its descriptors and connections, and is told of changes from now on.
    bool is_set_up = false;
  };
  /// An output and the input it feeds.
  struct Connection {
    NodeIndex producer;
    NodeIndex consumer;
    std::size_t input;  ///< place in NodePlan::inputs
    InputPlan wish;     ///< as the plan had it when they were connected
    bool is_active = true;
    std::uint64_t told_drops = 0;
    std::optional<std::int64_t> told_blocked_ns;
    EdgeTotals past{};  ///< of edges that are unmapped
  };
  struct Edge {
    std::uint64_t number = 0;
    std::size_t connection = 0;
    std::uint64_t visit = 0;         ///< of the consumer
    shared_memory::MemoryFile file;  ///< until both sides have it
    std::optional<shared_memory::EdgeMonitor> monitor;
    bool is_current = true;
    bool producer_has_it = false;
    bool consumer_has_it = false;
    bool producer_is_dead = false;
    bool consumer_is_dead = false;
    bool is_retired = false;  ///< taken from, or closed by, a consumer whose process lives
    bool producer_end_is_told = false;
    bool consumer_end_is_told = false;
  };

  void add_connection(NodeIndex producer, NodeIndex consumer, std::size_t input);
  Result<> connect(std::size_t connection);
  Edge* current_edge(std::size_t connection);
  static const InputPlan& input_of(const Connection& connection) { return connection.wish; }
  ControlMessage connect_output(Edge& edge);
  ControlMessage connect_input(Edge& edge);
  void tell_disconnected(Edge& edge, std::vector<Notice>& notices);
  static bool is_over(const Edge& edge);
  /// Whether a consumer that closed the edge may still read what it took, and its producer reuse
  /// it.
  static bool is_lent(const Edge& edge);
  bool is_of(const Edge& edge, NodeIndex consumer, std::uint64_t visit) const;
  void forget_drained();
  EdgeTotals totals_of(std::size_t connection) const;
  std::uint32_t bell_bit(const Connection& connection) const;

  const RunPlan* plan_;
  std::uint64_t arena_bytes_;
  std::vector<std::optional<NodeMemory>> nodes_;
  std::vector<std::uint64_t> visits_;  ///< by node
  std::vector<Connection> connections_;
  std::vector<std::unique_ptr<Edge>> edges_;
  std::uint64_t last_edge_ = 0;
  std::set<std::uint64_t> told_circle_;  ///< the edges of the circle that was told last
};

}  // namespace dora::daemon

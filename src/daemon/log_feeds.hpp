#pragma once
// SPDX-License-Identifier: Apache-2.0
// What nodes print, as messages: the daemon itself sends the lines of nodes with `send_stdout_as`
// and `send_logs_as` on these outputs, and log entries to the inputs that ask for `dora/logs`. One
// of these per run, on its event loop's thread. Sending never waits: a queue that is full drops,
// and counts.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "array/encoder.hpp"
#include "base/file_descriptor.hpp"
#include "base/result.hpp"
#include "daemon/log_entry.hpp"
#include "daemon/memory_broker.hpp"
#include "daemon/run_plan.hpp"
#include "daemon/run_result.hpp"
#include "daemon/run_state.hpp"
#include "shared_memory/doorbell_page.hpp"
#include "shared_memory/edge.hpp"
#include "shared_memory/output.hpp"

namespace dora::daemon {

class LogFeeds {
 public:
  /// `plan` must outlive the result.
  explicit LogFeeds(const RunPlan& plan);

  /// A node was added at the end of the plan.
  void add_node();

  /// Makes edges for the next incarnation of `consumer`, whose doorbell is `bell`.
  Result<> provide(NodeIndex consumer, const std::shared_ptr<shared_memory::DoorbellPage>& bell);
  /// What connects a consumer that attached now.
  std::vector<ControlMessage> connections_of(NodeIndex consumer);

  /// Whether the daemon itself sends on the output.
  bool is_fed(NodeIndex source, const DataId& output) const;
  /// The plan says that an input reads such an output from now on. With `bell`, the doorbell of a
  /// consumer that has memory, it does so at once; else from its next incarnation on.
  Result<> connect_input(NodeIndex consumer, std::size_t input,
                         const std::shared_ptr<shared_memory::DoorbellPage>& bell);
  /// What connects that input, for a consumer that has attached before.
  std::vector<ControlMessage> connections_of(NodeIndex consumer, std::size_t input);
  /// An input reads nothing from here any more: the messages that say so. What the consumer took
  /// in `visit` stays lent until release().
  std::vector<ControlMessage> disconnect_input(NodeIndex consumer, std::size_t input,
                                               std::uint64_t visit);

  /// Nothing more comes for an input: the messages that say so, if it is fed from here.
  std::vector<ControlMessage> close_input(NodeIndex consumer, std::size_t input);
  /// The consumer takes nothing any more, and its process is gone.
  void disconnect(NodeIndex consumer);
  /// The consumer takes nothing any more; what it took in that visit stays lent until release().
  void retire(NodeIndex consumer, std::uint64_t visit);
  /// The process of a visit that was retired is gone.
  void release(NodeIndex consumer, std::uint64_t visit);

  /// A line that `node` printed, before anything is made of it.
  void send_line(NodeIndex node, std::string_view line);
  /// An entry of `node`'s log that passed its level.
  void send_entry(NodeIndex node, const LogEntry& entry);

  /// One per listener.
  std::vector<EdgeTotals> totals() const;
  /// One sentence for each listener that missed something since the last call.
  std::vector<std::string> new_drop_warnings();
  /// Gives memory back that was not used lately. To be called now and then.
  void shrink();

 private:
  struct Edge {
    std::uint64_t number = 0;
    shared_memory::MemoryFile file;  ///< until the consumer has it
    shared_memory::EdgeMonitor monitor;
  };
  /// An input of a node that is fed from here.
  struct Listener {
    NodeIndex consumer = 0;
    std::size_t place = 0;  ///< among the inputs as Setup lists them
    DataId input;
    shared_memory::EdgeOptions options;
    std::optional<Edge> edge{};
    EdgeTotals past{};  ///< of earlier incarnations
    std::uint64_t told_drops = 0;
    bool is_connected = true;
  };
  /// An edge whose consumer closed itself and may still read what it took.
  struct RetiredEdge {
    NodeIndex consumer = 0;
    std::uint64_t visit = 0;
    shared_memory::Output* sender = nullptr;
    std::uint64_t number = 0;
  };
  /// One output: of a node, or of the log towards one input.
  struct Feed {
    /// Whose lines; nothing: see `log_input`.
    std::optional<NodeIndex> source;
    DataId output;
    bool carries_lines = false;
    bool carries_entries = false;
    std::optional<LogInputPlan> log_input{};
    std::vector<Listener> listeners{};
    shared_memory::Output* sender = nullptr;
    bool is_closed = false;
  };

  void add_feeds(NodeIndex node);
  /// The inputs of `consumer` that read what another node prints.
  void add_listeners(NodeIndex consumer);
  Listener listener_of(const Feed& feed, NodeIndex consumer, std::size_t place) const;
  void add_output(NodeIndex node, const DataId& output, bool lines, bool entries);
  Feed* find_feed(NodeIndex source, const DataId& output);
  static Listener* find_listener(Feed& feed, NodeIndex consumer, std::size_t place);
  void add_listener(NodeIndex source, NodeIndex consumer, std::size_t place);
  /// The sender of a feed that came later than the memory.
  void provide_senders();
  ControlMessage connection_of(const Feed& feed, const Listener& listener) const;
  void retire(Feed& feed, Listener& listener, std::uint64_t visit);
  bool wants(const Feed& feed, NodeIndex node, const LogEntry& entry) const;
  Result<> open_memory();
  Result<> connect(Feed& feed, Listener& listener,
                   const std::shared_ptr<shared_memory::DoorbellPage>& bell);
  static void disconnect(Feed& feed, Listener& listener);
  static void forget_edge(Listener& listener);
  void send(Feed& feed, std::string_view text);
  Result<> publish(Feed& feed, std::string_view text);
  static EdgeTotals totals_of(const Listener& listener);

  const RunPlan* plan_;
  std::vector<Feed> feeds_;
  std::vector<RetiredEdge> retired_;
  std::unique_ptr<shared_memory::Outputs> outputs_;
  FileDescriptor arena_read_only_;
  array::Encoder encoder_;
  std::optional<array::Type> text_type_;
  std::optional<std::uint64_t> type_offset_;
  std::uint64_t last_edge_;
  std::uint64_t unsent_ = 0;  ///< for want of memory
};

}  // namespace dora::daemon

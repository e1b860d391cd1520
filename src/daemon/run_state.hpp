#pragma once
// SPDX-License-Identifier: Apache-2.0
// A running dataflow as a pure state machine: told what happened, it answers what is to be done.
// No process, clock or memory is touched here; times are CLOCK_MONOTONIC and come from the caller.
//
// A node:
//
//   Waiting ─► Starting ─attach─► Attached ─ready─► Ready ─everybody is─► Running ─► Ended
//                 ▲                                                          │exit
//                 └──────────────────── Restarting ◄─────────────────────────┘
//
// A dynamic node is attached by hand and may leave at any time: then it is Waiting again. Nobody
// waits for it.
//
// The run: nothing is sent before every node is Ready (the barrier). It ends when every node has.

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/ids.hpp"
#include "daemon/failure_text.hpp"
#include "daemon/restart_counter.hpp"
#include "daemon/run_plan.hpp"
#include "daemon/run_result.hpp"

namespace dora::daemon {

/// Place of a node in RunPlan::nodes.
using NodeIndex = std::size_t;

// What is to be done, in the order given.

/// Start a process for the current incarnation of `node`.
struct SpawnNode {
  NodeIndex node;
  bool operator==(const SpawnNode&) const = default;
};
/// `node` attached: send it everything that lets it get ready.
struct SetUpNode {
  NodeIndex node;
  bool operator==(const SetUpNode&) const = default;
};
/// `node` cannot take part.
struct RefuseNode {
  NodeIndex node;
  std::string reason;
  bool operator==(const RefuseNode&) const = default;
};
/// Let these nodes go, all at once.
struct StartNodes {
  std::vector<NodeIndex> nodes;
  bool operator==(const StartNodes&) const = default;
};
/// STOP/MANUAL.
struct SendStop {
  NodeIndex node;
  bool operator==(const SendStop&) const = default;
};
/// Tell `node` that `failed` failed for good, with the inputs of `node` that it fed.
struct TellNodeFailed {
  NodeIndex node;
  NodeIndex failed;
  std::string error;
  std::vector<DataId> inputs;
  bool operator==(const TellNodeFailed&) const = default;
};
struct TellNodeRestarted {
  NodeIndex node;
  NodeIndex restarted;
  bool operator==(const TellNodeRestarted&) const = default;
};
/// Nothing more comes for an input of `node` (place in NodePlan::inputs).
struct CloseInput {
  NodeIndex node;
  std::size_t input;
  bool operator==(const CloseInput&) const = default;
};
/// `node` takes nothing any more, but its process may live and read what it took: its producers
/// send it nothing more, and take back what it returns.
struct RetireConsumer {
  NodeIndex node;
  bool operator==(const RetireConsumer&) const = default;
};
/// The process of `node` is gone: its producers take back what it holds.
struct DisconnectConsumer {
  NodeIndex node;
  bool operator==(const DisconnectConsumer&) const = default;
};
/// The old incarnation of `node` is gone: give the next one fresh memory and fresh edges, and
/// connect its neighbours to these.
struct RenewNode {
  NodeIndex node;
  bool operator==(const RenewNode&) const = default;
};
/// SIGTERM to the process group of `node`.
struct TerminateNode {
  NodeIndex node;
  bool operator==(const TerminateNode&) const = default;
};
/// SIGKILL to `node` and everything below it.
struct KillNode {
  NodeIndex node;
  bool operator==(const KillNode&) const = default;
};
/// A line for the user.
struct Say {
  LogLevel level = LogLevel::Info;
  std::optional<NodeIndex> node;
  std::string text;
  bool operator==(const Say&) const = default;
};
/// The run is over; results() is complete.
struct FinishRun {
  bool operator==(const FinishRun&) const = default;
};

using Action = std::variant<SpawnNode, SetUpNode, RefuseNode, StartNodes, SendStop, TellNodeFailed,
                            TellNodeRestarted, CloseInput, RetireConsumer, DisconnectConsumer,
                            RenewNode, TerminateNode, KillNode, Say, FinishRun>;
using Actions = std::vector<Action>;

class RunState {
 public:
  /// `plan` must outlive the result.
  explicit RunState(const RunPlan& plan);

  // What happened. Reports about a node that ended already are without effect.

  /// Every node is prepared: spawn them.
  Actions begin(std::int64_t now_ns);
  /// These nodes cannot be started (node, reason), so nothing is. Instead of begin().
  Actions refuse_to_begin(const std::vector<std::pair<NodeIndex, std::string>>& problems,
                          std::int64_t now_ns);
  Actions on_spawn_failed(NodeIndex node, const std::string& problem, std::int64_t now_ns);
  Actions on_attached(NodeIndex node, std::int64_t now_ns);
  Actions on_ready(NodeIndex node, std::int64_t now_ns);
  Actions on_outputs_closed(NodeIndex node, const std::vector<DataId>& outputs,
                            std::int64_t now_ns);
  /// A dynamic node is not there any more; it may come back.
  Actions on_left(NodeIndex node, std::int64_t now_ns);
  /// The node closed itself but its process lives.
  Actions on_detached(NodeIndex node, std::int64_t now_ns);
  /// The circuit breaker of an input of `node` opened or closed.
  Actions on_input_timeout(NodeIndex node, const DataId& input, bool is_broken,
                           std::int64_t now_ns);
  /// The node, which has a health_check_timeout, showed no sign of life for `silence`.
  Actions on_silence(NodeIndex node, std::chrono::nanoseconds silence, std::int64_t now_ns);
  Actions on_exited(NodeIndex node, const ExitStatus& status, std::int64_t now_ns);
  Actions on_stop(std::int64_t grace_ns, bool force, std::int64_t now_ns);
  /// Somebody wants this node to end, and not to come back.
  Actions on_node_stop(NodeIndex node, std::int64_t grace_ns, bool force, std::int64_t now_ns);
  /// Why the node cannot be started again by hand; nothing: it can.
  std::optional<Error> restart_obstacle(NodeIndex node, std::int64_t now_ns) const;
  /// Somebody wants a new life of this node, whatever its policy.
  Actions on_node_restart(NodeIndex node, std::int64_t grace_ns, std::int64_t now_ns);
  // The plan has changed.

  /// A node was added at its end: it starts at once, and nobody waits for it.
  Actions on_node_added(std::int64_t now_ns);
  /// A node that has ended is forgotten.
  void on_node_removed(NodeIndex node);
  /// A node begins anew by another program, after on_node_restart().
  void on_node_replaced(NodeIndex node);
  /// Why nothing can be sent from `output` of `producer`, or to `consumer`; nothing: it can.
  std::optional<Error> connect_obstacle(NodeIndex producer, const DataId& output,
                                        NodeIndex consumer) const;
  /// The input (place in NodePlan::inputs, perhaps a new one at the end) has a producer now.
  void on_connected(NodeIndex consumer, std::size_t input);
  Actions on_disconnected(NodeIndex consumer, std::size_t input, std::int64_t now_ns);

  /// next_deadline() has passed.
  Actions on_time(std::int64_t now_ns);

  /// When on_time() is to be called; nothing: not before something happens.
  std::optional<std::int64_t> next_deadline() const;

  RunStatus status() const;
  NodeStatus status(NodeIndex node) const;
  std::uint32_t restarts(NodeIndex node) const { return nodes_[node].restarts; }
  /// Of the last failure; empty when there was none.
  const std::string& cause(NodeIndex node) const { return nodes_[node].cause; }
  /// The inputs whose circuit breaker is open.
  const std::vector<DataId>& broken_inputs(NodeIndex node) const {
    return nodes_[node].broken_inputs;
  }
  /// When the process of its current life was asked for; 0: never.
  std::int64_t spawned_ns(NodeIndex node) const { return nodes_[node].spawned_ns; }
  /// Since when the process of `node` runs its part; nothing: it does not.
  std::optional<std::int64_t> running_since(NodeIndex node) const;
  bool is_stopping() const { return stopping_; }
  bool is_finished() const { return finished_; }
  /// Whether a message can be sent to `node` now.
  bool is_running(NodeIndex node) const { return nodes_[node].phase == Phase::Running; }
  /// Whether the output that feeds an input will send nothing more.
  bool is_input_closed(NodeIndex node, std::size_t input) const {
    return nodes_[node].input_closed[input];
  }
  /// How each node ended, in the order of the plan; without excerpts. Complete once finished.
  std::vector<NodeResult> results() const;

 private:
  enum class Phase { Waiting, Starting, Attached, Ready, Running, Restarting, Ended };
  enum class Ladder { None, Restart, Stop, BarrierFailed, Straggler };

  struct Consumer {
    NodeIndex node;
    std::size_t input;
  };
  struct Output {
    DataId id;
    std::vector<Consumer> consumers;
    bool is_closed = false;
    /// Closed by the node, but a restart may open it again.
    bool is_resting = false;
  };
  struct Node {
    Phase phase = Phase::Waiting;
    std::vector<Output> outputs;
    std::vector<bool> input_closed;
    RestartCounter counter;
    std::uint32_t restarts = 0;
    int exit_code = -1;
    std::int64_t spawned_ns = 0;
    std::optional<std::int64_t> restart_at;
    /// When the outputs of a node that detached close.
    std::optional<std::int64_t> close_at;
    /// When its last open input closed.
    std::optional<std::int64_t> inputs_closed_at;
    std::int64_t running_since_ns = 0;
    std::vector<DataId> broken_inputs;
    /// Messages for when it runs.
    Actions held;

    Ladder ladder = Ladder::None;
    std::optional<std::int64_t> terminate_at;
    std::optional<std::int64_t> kill_at;
    std::optional<std::int64_t> give_up_at;
    bool is_forced = false;
    bool is_killed = false;     ///< because it did not react in time
    bool is_silent = false;     ///< killed for showing no sign of life
    bool missed_start = false;  ///< killed because the start was over before it made its Node
    bool is_detached = false;
    bool is_refused = false;        ///< it was told that it comes too late
    bool is_stop_asked = false;     ///< somebody wants this node alone to end
    bool is_restart_asked = false;  ///< its end is to be followed by another life
    bool is_late = false;           ///< added while the others ran
    bool is_removed = false;
    bool is_replaced = false;  ///< its next life is another program

    Outcome outcome = Outcome::Succeeded;
    std::string cause;
    std::string caused_by;
    std::int64_t ended_ns = 0;
  };

  Actions settle(std::int64_t now_ns);
  void tell(NodeIndex node, Action action);
  void welcome(NodeIndex node);
  void open_outputs(NodeIndex node);
  Output* output_of(const InputPlan& input);
  bool has_ports(NodeIndex node) const;
  bool is_source_or_fed(NodeIndex node) const;
  bool may_restart(NodeIndex node, std::int64_t now_ns) const;
  /// Whether the end of its process is to be followed by another one because somebody asked.
  bool is_to_be_renewed(NodeIndex node) const;
  bool is_to_end(NodeIndex node) const { return stopping_ || nodes_[node].is_stop_asked; }
  void spawn(NodeIndex node, std::int64_t now_ns);
  void start(const std::vector<NodeIndex>& nodes, std::int64_t now_ns);
  void restart_later(NodeIndex node, std::chrono::nanoseconds delay, std::int64_t now_ns);
  void renew_by_hand(NodeIndex node, std::int64_t now_ns);
  void end(NodeIndex node, std::int64_t now_ns);
  void close_output(NodeIndex node, Output& output, std::int64_t now_ns);
  void check_inputs(NodeIndex node, std::int64_t now_ns);
  void classify(NodeIndex node, const ExitStatus& status);
  std::string cause_of_exit(NodeIndex node, const ExitStatus& status) const;
  void fail_barrier(NodeIndex culprit, std::int64_t now_ns);
  /// Those for whom the start waits.
  std::vector<NodeIndex> missing_at_barrier() const;
  void remind(std::int64_t now_ns);
  void give_up_start(std::int64_t now_ns);
  /// Asks a node for its end, by STOP or by force. One without a process has ended at once.
  void stop_one(NodeIndex node, bool has_process, std::int64_t grace_ns, bool force,
                std::int64_t now_ns);
  void begin_ladder(NodeIndex node, Ladder reason, std::int64_t grace_ns, std::int64_t now_ns);
  void climb(NodeIndex node, std::int64_t now_ns);
  /// SIGKILL, and no patience without end for its effect.
  void kill(NodeIndex node, std::int64_t now_ns);
  std::optional<std::int64_t> straggler_deadline(NodeIndex node) const;
  void try_release(std::int64_t now_ns);
  const std::string& name(NodeIndex node) const { return plan_->nodes[node].id.text(); }

  const RunPlan* plan_;
  std::vector<Node> nodes_;
  Actions out_;
  bool begun_ = false;
  bool released_ = false;
  bool stopping_ = false;
  bool finished_ = false;
  std::optional<NodeIndex> barrier_culprit_;
  /// Since when every node that still runs has seen the end of its inputs.
  std::optional<std::int64_t> quiescent_since_;
  /// When the user is told (again) whom the start waits for.
  std::optional<std::int64_t> remind_at_;
  /// When whoever is still missing then has failed.
  std::optional<std::int64_t> start_by_;
};

}  // namespace dora::daemon

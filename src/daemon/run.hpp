#pragma once
// SPDX-License-Identifier: Apache-2.0
// One run of a dataflow at the edge of the world: carries out what RunState decides, and tells it
// what happened. Owned by the Engine, on its event loop.

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/file_descriptor.hpp"
#include "daemon/dynamic_node.hpp"
#include "daemon/engine.hpp"
#include "daemon/extension_table.hpp"
#include "daemon/failure_card.hpp"
#include "daemon/left_processes.hpp"
#include "daemon/log_feeds.hpp"
#include "daemon/memory_broker.hpp"
#include "daemon/node_description.hpp"
#include "daemon/node_life.hpp"
#include "daemon/node_output.hpp"
#include "daemon/node_process.hpp"
#include "daemon/program_lookup.hpp"
#include "daemon/run_plan.hpp"
#include "daemon/run_result.hpp"
#include "daemon/run_state.hpp"

namespace dora::daemon {

class Run : public std::enable_shared_from_this<Run> {
 public:
  struct Listener {
    std::function<void(const LogEntry&)> on_log;
    std::function<void()> on_changed;
    /// A process ended; what it left behind is to be looked for.
    std::function<void()> on_process_ended;
    /// The last call.
    std::function<void(const RunResult&)> on_finished;
  };

  Run(boost::asio::io_context& loop, RunPlan plan, LookupContext lookup, Listener listener);

  void begin();
  void stop(const StopOptions& options);
  RunInfo info() const;
  const std::string& id() const { return plan_.id; }
  const RunPlan& plan() const { return plan_; }

  /// The node that is called `name`. Fails with NotFound, with what may have been meant.
  Result<NodeIndex> find_node(std::string_view name) const;
  NodeDescription describe(NodeIndex node) const;
  /// Told when the node has ended; a failure of the node is one.
  using OnNodeEnded = std::function<void(Result<>)>;
  void stop_node(NodeIndex node, const StopOptions& options, OnNodeEnded on_ended);
  /// Ends the life of a node and begins another one. Answers at once.
  Result<> restart_node(NodeIndex node, const StopOptions& options);
  // Changes of the running dataflow. Each fails with InvalidInput or NotFound when it makes no
  // sense, and with Busy when it cannot be done now; then nothing has changed.

  /// Starts one more node, whose program has been found.
  Result<> add_node(NodePlan node);
  /// Ends a node and forgets it.
  void remove_node(NodeIndex node, const StopOptions& options, OnNodeEnded on_removed);
  /// The next life of the node is `plan`, with the connections it has. Told when that life runs.
  void replace_node(NodeIndex node, NodePlan plan, const StopOptions& options,
                    OnNodeEnded on_replaced);
  /// Both are written "node/port".
  Result<> connect(std::string_view output, std::string_view input);
  Result<> disconnect(std::string_view output, std::string_view input);

  /// Sets a parameter (JSON text), or with nothing removes it, and tells the node. Fails with
  /// NotFound when there is none to remove.
  Result<> set_parameter(NodeIndex node, const std::string& key, std::optional<std::string> value);
  const std::map<std::string, std::string>& parameters(NodeIndex node) const {
    return plan_.nodes[node].parameters;
  }

  /// Its nodes, for those who want to attach as one of them.
  std::vector<message::Place> places() const;
  /// A process wants to be one of the dynamic nodes. Whether it may is told to it.
  void attach(const message::AttachDynamic& request, std::shared_ptr<NodeLink> link, pid_t pid);

  /// The terminal of a node. Fails with NotFound for no such node, Unsupported for one without a
  /// terminal, Busy when it does not run just now.
  Result<std::shared_ptr<NodeTerminal>> terminal_of(std::string_view node) const;
  /// Where and with which variables a node runs. Fails with NotFound.
  Result<NodeSurroundings> surroundings_of(std::string_view node) const;

  /// The main processes that live, as (pid, life), see life_of().
  std::vector<std::pair<pid_t, std::string>> processes() const;
  /// Kills every node; nothing is reported any more.
  void abandon();

 private:
  struct Node {
    Command command;
    std::vector<std::string> environment;
    std::shared_ptr<NodeProcess> process;
    std::shared_ptr<DynamicNode> visitor;  ///< who attached as this dynamic node
    std::unique_ptr<NodeOutput> output;
    std::string excerpt;  ///< of the incarnation that ended last, as the next two
    std::string reason;   ///< "KeyError: 'x' (node.py:3)"; empty: not known
    std::optional<FailureFacts> failure;
    std::vector<OnNodeEnded> waiting;
    /// Those who wait until the life after so many restarts runs.
    std::vector<std::pair<std::uint32_t, OnNodeEnded>> waiting_for_life;
  };

  Result<NodeIndex> find(std::string_view node) const;
  std::optional<std::string> prepare(NodeIndex index);
  /// Memory and edges for the next incarnation.
  Result<> provide(NodeIndex node);
  void on_entry(NodeIndex node, const LogEntry& entry);
  void warn_of_drops();
  std::vector<EdgeTotals> edge_totals() const;
  EnvironmentMap own_environment(NodeIndex node) const;
  std::filesystem::path log_folder_of(const NodePlan& node) const;
  /// Names one incarnation of a node, also in the environment of everything it starts: see
  /// node_life.hpp.
  std::string life_of(NodeIndex node) const;

  void perform(Actions actions);
  void arm_timer();
  void watch_edges();
  void watch_health();
  void check_health(std::int64_t now_ns);
  void act(const SpawnNode& action);
  void act(const SetUpNode& action);
  void act(const RefuseNode& action);
  void act(const StartNodes& action);
  void act(const SendStop& action);
  void act(const TellNodeFailed& action);
  void act(const TellNodeRestarted& action);
  void act(const CloseInput& action);
  void act(const RetireConsumer& action);
  void act(const DisconnectConsumer& action);
  void act(const RenewNode& action);
  void act(const TerminateNode& action);
  void act(const KillNode& action);
  void act(const Say& action);
  void act(const FinishRun& action);

  void on_message(NodeIndex node, message::NodeToDaemon received);
  void on_nonsense(NodeIndex node, const Error& error);
  void on_gone(NodeIndex index, const ExitStatus& status);
  void note_failure(NodeIndex index, const ExitStatus& status, pid_t pid);
  /// What is known of how a node failed.
  void tell_failure(NodeIndex index, NodeResult& result) const;
  std::string cause_with_reason(NodeIndex node) const;
  /// That, and who is affected.
  std::string failure_sentence(NodeIndex node) const;
  void on_visitor_gone(NodeIndex node, bool said_goodbye);
  void on_left_process_ended(const Visit& visit);
  /// Answers those who wait for the end or the next life of a node that has got there.
  void answer_waiting();
  void answer_waiting_for_life(NodeIndex node);
  void forget_node(NodeIndex node);
  /// An existing port, written "node/port".
  struct Port {
    NodeIndex node;
    DataId id;
  };
  /// Connects an input to what the daemon itself sends on the output that it reads, if it does.
  Result<> feed_input(NodeIndex consumer, std::size_t input);
  void feed_listeners(NodeIndex source);
  Result<Port> find_port(std::string_view text, std::string_view what) const;
  Result<Port> find_output(std::string_view text) const;
  /// Where among the inputs of its node a connection to `input` stands, or can stand.
  Result<std::size_t> place_for_input(const Port& input, const Port& source);
  static std::optional<std::string> version_problem(std::uint32_t protocol,
                                                    const std::string& of_node);
  void send(NodeIndex node, const ControlMessage& message);
  void say(LogLevel level, std::optional<NodeIndex> node, std::string text);
  RunResult result() const;

  boost::asio::io_context& loop_;
  const std::string life_prefix_ = own_life_prefix();
  RunPlan plan_;
  LookupContext lookup_;
  Listener listener_;
  RunState state_;
  MemoryBroker memory_;
  ExtensionTable extensions_;
  LogFeeds feeds_;
  LeftProcesses left_;
  std::vector<Node> nodes_;
  std::deque<Action> pending_;
  bool is_performing_ = false;
  boost::asio::steady_timer deadline_;
  std::optional<std::int64_t> armed_for_;
  boost::asio::steady_timer edge_watch_;
  boost::asio::steady_timer health_watch_;
  std::int64_t health_checked_ns_ = 0;
  FileDescriptor descriptor_;  ///< a memory file with the dataflow as JSON
  std::int64_t started_ns_ = 0;
  std::int64_t started_at_ns_ = 0;  ///< since the Unix epoch
  std::int64_t epoch_ns_ = 0;       ///< when the timers of the nodes began
};

}  // namespace dora::daemon

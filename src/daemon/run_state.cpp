// SPDX-License-Identifier: Apache-2.0
// How nodes begin and what is known of them. How they end and begin anew: run_ending.cpp; how they
// are made to end: run_stopping.cpp.
#include "daemon/run_state.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/check.hpp"

namespace dora::daemon {
namespace {

/// When the user is told for the first time whom the start waits for.
constexpr std::int64_t first_reminder = 10'000'000'000;

/// How long a process that closed its node may take to end before its outputs close.
constexpr std::int64_t patience_with_detached = 1'000'000'000;

}  // namespace

RunState::RunState(const RunPlan& plan) : plan_(&plan) {
  for (const NodePlan& node : plan.nodes) {
    Node& state = nodes_.emplace_back();
    state.counter = RestartCounter(node.restart);
    for (const DataId& output : node.outputs)
      state.outputs.push_back({.id = output, .consumers = {}});
    state.input_closed.resize(node.inputs.size());
  }
  for (NodeIndex consumer = 0; consumer < nodes_.size(); ++consumer) {
    const auto& inputs = plan.nodes[consumer].inputs;
    for (std::size_t input = 0; input < inputs.size(); ++input) {
      const auto producer = std::ranges::find(plan.nodes, inputs[input].producer, &NodePlan::id);
      if (producer == plan.nodes.end()) continue;  // the dataflow's check has refused it
      auto& outputs = nodes_[static_cast<NodeIndex>(producer - plan.nodes.begin())].outputs;
      const auto output = std::ranges::find(outputs, inputs[input].output, &Output::id);
      if (output != outputs.end()) output->consumers.push_back({consumer, input});
    }
  }
}

Actions RunState::begin(std::int64_t now_ns) {
  CHECK(!begun_);
  begun_ = true;
  remind_at_ = now_ns + first_reminder;
  if (plan_->start_timeout) start_by_ = now_ns + plan_->start_timeout->count();
  for (NodeIndex node = 0; node < nodes_.size(); ++node) {
    if (!plan_->nodes[node].is_dynamic() && nodes_[node].phase == Phase::Waiting)
      spawn(node, now_ns);
  }
  return settle(now_ns);
}

Actions RunState::refuse_to_begin(const std::vector<std::pair<NodeIndex, std::string>>& problems,
                                  std::int64_t now_ns) {
  CHECK(!begun_);
  begun_ = true;
  for (const auto& [node, problem] : problems) {
    nodes_[node].outcome = Outcome::Failed;
    nodes_[node].cause = "failed to spawn node: " + problem;
  }
  for (NodeIndex node = 0; node < nodes_.size(); ++node) {
    if (plan_->nodes[node].is_dynamic()) continue;
    Node& state = nodes_[node];
    state.phase = Phase::Ended;
    state.ended_ns = now_ns;
    if (state.outcome == Outcome::Failed) continue;
    state.outcome = Outcome::Consequential;
    state.caused_by = name(problems.front().first);
    state.cause =
        fmt::format("was not started, because node `{}` cannot be started", state.caused_by);
  }
  return settle(now_ns);
}

Actions RunState::on_spawn_failed(NodeIndex node, const std::string& problem, std::int64_t now_ns) {
  Node& state = nodes_[node];
  if (state.phase == Phase::Ended) return {};
  state.outcome = Outcome::Failed;
  state.cause = "failed to spawn node: " + problem;
  if (!released_ && !state.is_late && !barrier_culprit_ && !stopping_) fail_barrier(node, now_ns);
  end(node, now_ns);
  return settle(now_ns);
}

Actions RunState::on_attached(NodeIndex node, std::int64_t now_ns) {
  Node& state = nodes_[node];
  const bool is_new = state.phase == Phase::Starting ||
                      (state.phase == Phase::Waiting && plan_->nodes[node].is_dynamic());
  if (!is_new) return {};
  if (barrier_culprit_) {
    out_.push_back(RefuseNode{
        node, fmt::format("node `{}` exited before it connected to dora, so the dataflow cannot "
                          "start: read its log (out/{}/log_{}.jsonl)",
                          name(*barrier_culprit_), plan_->id, name(*barrier_culprit_))});
    return settle(now_ns);
  }
  if (is_to_end(node)) {
    state.is_refused = true;
    out_.push_back(RefuseNode{
        node, stopping_ ? "the dataflow is being stopped" : "this node is being stopped"});
    return settle(now_ns);
  }
  state.phase = Phase::Attached;
  if (plan_->nodes[node].is_dynamic()) welcome(node);
  out_.push_back(SetUpNode{node});
  return settle(now_ns);
}

Actions RunState::on_ready(NodeIndex node, std::int64_t now_ns) {
  Node& state = nodes_[node];
  if (state.phase != Phase::Attached) return {};
  state.phase = Phase::Ready;
  out_.push_back(Say{LogLevel::Info, node, "node is ready"});
  if (released_ && !is_to_end(node)) start({node}, now_ns);
  return settle(now_ns);
}

Actions RunState::on_outputs_closed(NodeIndex node, const std::vector<DataId>& outputs,
                                    std::int64_t now_ns) {
  Node& state = nodes_[node];
  if (state.phase != Phase::Running) return {};
  for (Output& output : state.outputs) {
    if (std::ranges::find(outputs, output.id) == outputs.end()) continue;
    // What a restart would open again is not closed for those who listen.
    if (may_restart(node, now_ns) || is_to_be_renewed(node)) {
      output.is_resting = true;
    } else {
      close_output(node, output, now_ns);
    }
  }
  return settle(now_ns);
}

Actions RunState::on_detached(NodeIndex node, std::int64_t now_ns) {
  Node& state = nodes_[node];
  if (state.phase != Phase::Running || state.is_detached) return {};
  if (plan_->nodes[node].is_dynamic()) return on_left(node, now_ns);
  if (may_restart(node, now_ns) || is_to_be_renewed(node)) return {};
  state.is_detached = true;
  out_.push_back(RetireConsumer{node});
  // Its outputs close with its end, or soon. Programs that fail close their node on the way out,
  // and that they failed has to be told before their outputs close.
  state.close_at = now_ns + patience_with_detached;
  return settle(now_ns);
}

Actions RunState::on_exited(NodeIndex node, const ExitStatus& status, std::int64_t now_ns) {
  Node& state = nodes_[node];
  const bool has_process = state.phase == Phase::Starting || state.phase == Phase::Attached ||
                           state.phase == Phase::Ready || state.phase == Phase::Running;
  if (!has_process) return {};
  const bool counts_as_failure = !status.is_success();
  state.exit_code = status.signal == 0 ? status.code : 128 + status.signal;
  if (is_to_be_renewed(node)) {
    renew_by_hand(node, now_ns);
    return settle(now_ns);
  }
  if (may_restart(node, now_ns)) {
    if (auto delay = state.counter.on_exit(!counts_as_failure, state.spawned_ns, now_ns)) {
      state.cause = counts_as_failure ? cause_of_exit(node, status) : "";
      state.outcome = counts_as_failure ? Outcome::Failed : Outcome::Succeeded;
      restart_later(node, *delay, now_ns);
      return settle(now_ns);
    }
  }
  classify(node, status);
  // Who is needed for the start and will never be there. A program without ports that did its work
  // is not.
  const bool was_in_barrier = !released_ && state.phase != Phase::Running && !state.is_late;
  const bool is_missed = (has_ports(node) || counts_as_failure) && !state.is_stop_asked;
  if (was_in_barrier && is_missed && !barrier_culprit_ && !stopping_) fail_barrier(node, now_ns);
  end(node, now_ns);
  return settle(now_ns);
}

Actions RunState::settle(std::int64_t now_ns) {
  if (begun_ && !finished_) {
    try_release(now_ns);
    bool is_quiescent = released_;
    // Dynamic nodes keep no dataflow alive. One that has no others goes on until it is stopped.
    bool is_over =
        stopping_ || nodes_.empty() || !std::ranges::all_of(plan_->nodes, &NodePlan::is_dynamic);
    for (NodeIndex node = 0; node < nodes_.size(); ++node) {
      if (plan_->nodes[node].is_dynamic() || nodes_[node].phase == Phase::Ended) continue;
      is_over = false;
      if (!nodes_[node].inputs_closed_at) is_quiescent = false;
    }
    if (!is_quiescent) quiescent_since_.reset();
    if (is_quiescent && !quiescent_since_) quiescent_since_ = now_ns;
    if (is_over) {
      for (NodeIndex node = 0; node < nodes_.size(); ++node) {
        if (nodes_[node].phase == Phase::Running) out_.push_back(SendStop{node});
      }
      finished_ = true;
      out_.push_back(FinishRun{});
    }
  }
  return std::exchange(out_, {});
}

void RunState::try_release(std::int64_t now_ns) {
  if (released_ || barrier_culprit_ || stopping_) return;
  std::vector<NodeIndex> ready;
  for (NodeIndex node = 0; node < nodes_.size(); ++node) {
    const Phase phase = nodes_[node].phase;
    if (phase == Phase::Ready) ready.push_back(node);
    if (plan_->nodes[node].is_dynamic() || nodes_[node].is_late) continue;
    if (phase != Phase::Ready && phase != Phase::Ended) return;
  }
  released_ = true;
  remind_at_.reset();
  start_by_.reset();
  if (ready.empty()) return;
  out_.push_back(Say{LogLevel::Info, std::nullopt, "all nodes are ready, starting dataflow"});
  start(ready, now_ns);
}

void RunState::start(const std::vector<NodeIndex>& nodes, std::int64_t now_ns) {
  out_.push_back(StartNodes{nodes});
  for (NodeIndex node : nodes) {
    nodes_[node].phase = Phase::Running;
    nodes_[node].running_since_ns = now_ns;
    for (Action& action : std::exchange(nodes_[node].held, {}))
      out_.push_back(std::move(action));
  }
}

void RunState::tell(NodeIndex node, Action action) {
  switch (nodes_[node].phase) {
    case Phase::Running:
      out_.push_back(std::move(action));
      break;
    case Phase::Ended:
      break;
    default:
      nodes_[node].held.push_back(std::move(action));
  }
}

bool RunState::has_ports(NodeIndex node) const {
  return plan_->nodes[node].has_ports();
}

void RunState::spawn(NodeIndex node, std::int64_t now_ns) {
  Node& state = nodes_[node];
  state.phase = Phase::Starting;
  state.spawned_ns = now_ns;
  state.is_silent = false;
  state.broken_inputs.clear();
  state.restart_at.reset();
  out_.push_back(SpawnNode{node});
}

RunStatus RunState::status() const {
  if (finished_) {
    const bool failed = std::ranges::any_of(
        nodes_, [](const Node& node) { return node.outcome != Outcome::Succeeded; });
    return failed ? RunStatus::Failed : RunStatus::Finished;
  }
  if (stopping_ || barrier_culprit_) return RunStatus::Stopping;
  return released_ ? RunStatus::Running : RunStatus::Starting;
}

NodeStatus RunState::status(NodeIndex node) const {
  switch (nodes_[node].phase) {
    case Phase::Waiting:
      return NodeStatus::Waiting;
    case Phase::Starting:
    case Phase::Attached:
    case Phase::Ready:
      return NodeStatus::Starting;
    case Phase::Running:
      return nodes_[node].broken_inputs.empty() ? NodeStatus::Running : NodeStatus::Degraded;
    case Phase::Restarting:
      return NodeStatus::Restarting;
    case Phase::Ended:
      break;
  }
  return nodes_[node].outcome == Outcome::Succeeded ? NodeStatus::Stopped : NodeStatus::Failed;
}

std::vector<NodeResult> RunState::results() const {
  std::vector<NodeResult> results;
  for (NodeIndex node = 0; node < nodes_.size(); ++node) {
    const Node& state = nodes_[node];
    if (plan_->nodes[node].is_dynamic() || state.is_removed) continue;
    results.push_back({.node = name(node),
                       .outcome = state.outcome,
                       .cause = state.outcome == Outcome::Succeeded ? "" : state.cause,
                       .stderr_excerpt = "",
                       .reason = "",
                       .card = "",
                       .caused_by = state.caused_by,
                       .exit_code = state.exit_code,
                       .restarts = state.restarts,
                       .ended_ns = state.ended_ns});
  }
  return results;
}

}  // namespace dora::daemon

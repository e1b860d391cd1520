// SPDX-License-Identifier: Apache-2.0
// What the end of a node means: a restart or a result, and what its neighbours hear of it.
#include <algorithm>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "daemon/run_state.hpp"

namespace dora::daemon {

bool RunState::may_restart(NodeIndex node, std::int64_t now_ns) const {
  const Node& state = nodes_[node];
  return !stopping_ && !barrier_culprit_ && state.ladder == Ladder::None &&
         !state.inputs_closed_at && !plan_->nodes[node].is_dynamic() &&
         state.counter.may_restart(now_ns);
}

void RunState::restart_later(NodeIndex node, std::chrono::nanoseconds delay, std::int64_t now_ns) {
  Node& state = nodes_[node];
  state.phase = Phase::Restarting;
  state.give_up_at.reset();
  ++state.restarts;
  state.held.clear();
  for (Output& output : state.outputs)
    output.is_resting = false;
  out_.push_back(Say{
      LogLevel::Warn, node,
      fmt::format("{}: restart {} {}", state.cause.empty() ? "ended" : state.cause, state.restarts,
                  delay.count() == 0
                      ? std::string("now")
                      : fmt::format("in {:.3g} s", static_cast<double>(delay.count()) / 1e9))});
  out_.push_back(RenewNode{node});
  // Its consumers hear of it once each, however many of its outputs they use.
  std::vector<NodeIndex> told;
  for (const Output& output : state.outputs) {
    for (const Consumer& consumer : output.consumers) {
      if (consumer.node == node || std::ranges::find(told, consumer.node) != told.end()) continue;
      told.push_back(consumer.node);
      if (nodes_[consumer.node].phase == Phase::Running)
        out_.push_back(TellNodeRestarted{consumer.node, node});
    }
  }
  for (std::size_t input = 0; input < state.input_closed.size(); ++input) {
    if (state.input_closed[input]) state.held.push_back(CloseInput{node, input});
  }
  if (delay.count() == 0) {
    spawn(node, now_ns);
  } else {
    // A delay of centuries must not overflow into the past.
    state.restart_at = now_ns + std::min<std::int64_t>(
                                    delay.count(), std::numeric_limits<std::int64_t>::max() / 2);
  }
}

void RunState::classify(NodeIndex node, const ExitStatus& status) {
  Node& state = nodes_[node];
  state.outcome = Outcome::Succeeded;
  state.cause.clear();
  const bool was_ready = state.phase == Phase::Ready || state.phase == Phase::Running;
  if (state.is_forced) return;
  if (state.missed_start) {
    state.outcome = Outcome::Failed;
    state.cause = fmt::format(
        "had not made its Node {:.3g} s after the start, so dora killed it "
        "(DORA_START_TIMEOUT_SECS is how long it may take)",
        static_cast<double>(plan_->start_timeout.value_or(std::chrono::seconds(0)).count()) / 1e9);
    return;
  }
  if (state.ladder == Ladder::Straggler) {
    state.outcome = Outcome::Failed;
    state.cause = fmt::format(
        "did not exit within {:.3g} s after all its inputs had closed, so dora killed it",
        static_cast<double>(plan_->nodes[node].finish_grace->count()) / 1e9);
    return;
  }
  if (barrier_culprit_ && *barrier_culprit_ != node) {
    if (status.is_success()) return;
    state.outcome = Outcome::Consequential;
    state.caused_by = name(*barrier_culprit_);
    state.cause = fmt::format("{}, because node `{}` exited before connecting to dora",
                              describe(status), state.caused_by);
    return;
  }
  if (state.is_killed && !status.is_success()) {
    state.outcome = Outcome::Failed;
    state.cause = "did not react to the stop message in time, so dora killed it (SIGKILL)";
    return;
  }
  if (is_to_end(node) && (status.is_termination() || state.is_refused)) return;
  if (status.is_success()) {
    const bool is_alone = std::ranges::all_of(
        nodes_, [&](const Node& other) { return &other == &state || other.phase == Phase::Ended; });
    if (was_ready || is_to_end(node) || !has_ports(node) || is_alone) return;
    state.outcome = Outcome::Failed;
    state.cause = "exited with code 0 before connecting to dora (it never made a Node)";
    return;
  }
  state.outcome = Outcome::Failed;
  state.cause = cause_of_exit(node, status);
}

std::string RunState::cause_of_exit(NodeIndex node, const ExitStatus& status) const {
  if (!nodes_[node].is_silent) return describe(status);
  const auto& timeout = plan_->nodes[node].health_check_timeout;
  return fmt::format("showed no sign of life for {:.3g} s, so dora killed it (SIGKILL)",
                     timeout ? static_cast<double>(timeout->count()) / 1e9 : 0.0);
}

void RunState::end(NodeIndex node, std::int64_t now_ns) {
  Node& state = nodes_[node];
  state.phase = Phase::Ended;
  state.ended_ns = now_ns;
  state.restart_at.reset();
  state.close_at.reset();
  state.terminate_at.reset();
  state.kill_at.reset();
  state.give_up_at.reset();
  state.held.clear();
  if (state.outcome == Outcome::Succeeded) {
    out_.push_back(Say{LogLevel::Info, node, "finished successfully"});
  } else {
    // The others may go on for long: nobody is to wait for the summary.
    if (state.outcome == Outcome::Failed) out_.push_back(Say{LogLevel::Error, node, state.cause});
    // NODE_FAILED comes before the inputs close, once for each consumer.
    std::vector<TellNodeFailed> told;
    for (const Output& output : state.outputs) {
      for (const Consumer& consumer : output.consumers) {
        if (consumer.node == node || output.is_closed) continue;
        auto place = std::ranges::find(told, consumer.node, &TellNodeFailed::node);
        if (place == told.end())
          place = told.insert(told.end(), {consumer.node, node, state.cause, {}});
        const DataId& input = plan_->nodes[consumer.node].inputs[consumer.input].id;
        if (std::ranges::find(place->inputs, input) == place->inputs.end())
          place->inputs.push_back(input);
      }
    }
    for (TellNodeFailed& message : told) {
      const NodeIndex consumer = message.node;
      tell(consumer, std::move(message));
    }
  }
  for (Output& output : state.outputs)
    close_output(node, output, now_ns);
  out_.push_back(DisconnectConsumer{node});
}

void RunState::close_output(NodeIndex node, Output& output, std::int64_t now_ns) {
  if (std::exchange(output.is_closed, true)) return;
  for (const Consumer& consumer : output.consumers) {
    nodes_[consumer.node].input_closed[consumer.input] = true;
    tell(consumer.node, CloseInput{consumer.node, consumer.input});
    if (consumer.node != node) check_inputs(consumer.node, now_ns);
  }
}

void RunState::check_inputs(NodeIndex node, std::int64_t now_ns) {
  Node& state = nodes_[node];
  const NodePlan& plan = plan_->nodes[node];
  if (state.phase == Phase::Ended || state.inputs_closed_at || plan.inputs.empty()) return;
  const bool has_endless = !plan.timers.empty() || !plan.log_inputs.empty();
  if (has_endless && !plan_->exit_when_nodes_finish) return;
  if (!std::ranges::all_of(state.input_closed, [](bool closed) { return closed; })) return;
  state.inputs_closed_at = now_ns;
  if (is_to_be_renewed(node)) return;  // the next life is told
  // It will not be restarted any more: what waited for that is final.
  for (Output& output : state.outputs) {
    if (output.is_resting) close_output(node, output, now_ns);
  }
  if (state.phase == Phase::Restarting) end(node, now_ns);
}

}  // namespace dora::daemon

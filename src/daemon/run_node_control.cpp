// SPDX-License-Identifier: Apache-2.0
// What somebody wants of one node of a run: that it ends, or begins anew.
#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/clock.hpp"
#include "base/spelling.hpp"
#include "daemon/run.hpp"

namespace dora::daemon {

namespace {

/// As one writes it in YAML, in the largest unit that is exact.
std::string timer_source(std::chrono::nanoseconds interval) {
  constexpr std::array<std::pair<std::string_view, std::int64_t>, 4> units{
      {{"secs", 1'000'000'000}, {"millis", 1'000'000}, {"micros", 1'000}, {"nanos", 1}}};
  for (const auto& [unit, length] : units) {
    if (interval.count() % length == 0)
      return fmt::format("dora/timer/{}/{}", unit, interval.count() / length);
  }
  return "dora/timer";
}

}  // namespace

Actions RunState::on_node_stop(NodeIndex node, std::int64_t grace_ns, bool force,
                               std::int64_t now_ns) {
  Node& state = nodes_[node];
  if (finished_ || state.phase == Phase::Ended) return {};
  if (!plan_->nodes[node].is_dynamic() && !std::exchange(state.is_stop_asked, true))
    out_.push_back(Say{LogLevel::Info, node, force ? "stopping by force" : "stopping"});
  const bool has_process = state.phase != Phase::Restarting && state.phase != Phase::Waiting;
  stop_one(node, has_process, grace_ns, force, now_ns);
  return settle(now_ns);
}

std::optional<Error> RunState::restart_obstacle(NodeIndex node, std::int64_t now_ns) const {
  const Node& state = nodes_[node];
  const auto busy = [&](std::string_view why) {
    return Error{ErrorKind::Busy, fmt::format("node `{}` {}", name(node), why)};
  };
  if (plan_->nodes[node].is_dynamic())
    return Error{
        ErrorKind::Unsupported,
        fmt::format("node `{}` is dynamic: whoever started it can start it again", name(node))};
  if (stopping_ || finished_ || barrier_culprit_) return busy("belongs to a dataflow that ends");
  if (state.phase == Phase::Ended) return busy("has ended already, and its outputs are closed");
  if (state.is_stop_asked) return busy("is being stopped");
  if (!state.is_restart_asked && !state.counter.is_within_limit(now_ns)) {
    return busy(fmt::format("was restarted as often as `max_restarts: {}` allows",
                            plan_->nodes[node].restart.max_restarts));
  }
  return std::nullopt;
}

Actions RunState::on_node_restart(NodeIndex node, std::int64_t grace_ns, std::int64_t now_ns) {
  Node& state = nodes_[node];
  if (restart_obstacle(node, now_ns)) return {};
  if (state.phase == Phase::Restarting || state.phase == Phase::Waiting) {
    // Its last life is over already: the next one need not wait.
    if (state.phase == Phase::Restarting) spawn(node, now_ns);
    return settle(now_ns);
  }
  state.is_restart_asked = true;
  begin_ladder(node, Ladder::Restart, grace_ns, now_ns);
  return settle(now_ns);
}

bool RunState::is_to_be_renewed(NodeIndex node) const {
  return nodes_[node].is_restart_asked && !stopping_ && !barrier_culprit_;
}

void RunState::renew_by_hand(NodeIndex node, std::int64_t now_ns) {
  Node& state = nodes_[node];
  if (!std::exchange(state.is_replaced, false))
    state.counter.count_by_hand(state.spawned_ns, now_ns);
  state.is_restart_asked = state.is_killed = state.is_forced = state.is_detached = false;
  state.ladder = Ladder::None;
  state.terminate_at.reset();
  state.kill_at.reset();
  state.close_at.reset();
  state.outcome = Outcome::Succeeded;
  state.cause = "stopped on request";
  restart_later(node, std::chrono::nanoseconds(0), now_ns);
  state.cause.clear();
}

Result<NodeIndex> Run::find_node(std::string_view name) const {
  if (const auto found = daemon::find_node(plan_, name)) return *found;
  std::vector<std::string> names;
  for (const NodePlan& node : plan_.nodes)
    if (!node.is_removed) names.push_back(node.id.text());
  const auto near = closest_match(name, names);
  return fail(ErrorKind::NotFound,
              fmt::format("the dataflow {} has no node `{}`{}", plan_.id, name,
                          near ? fmt::format(", did you mean `{}`?", *near)
                               : fmt::format("; it has: {}", fmt::join(names, ", "))));
}

void Run::stop_node(NodeIndex node, const StopOptions& options, OnNodeEnded on_ended) {
  nodes_[node].waiting.push_back(std::move(on_ended));
  perform(state_.on_node_stop(
      node, std::chrono::duration_cast<std::chrono::nanoseconds>(options.grace).count(),
      options.force, monotonic_ns()));
  answer_waiting();
}

Result<> Run::restart_node(NodeIndex node, const StopOptions& options) {
  const std::int64_t now_ns = monotonic_ns();
  if (auto obstacle = state_.restart_obstacle(node, now_ns))
    return std::unexpected(*std::move(obstacle));
  perform(state_.on_node_restart(
      node, std::chrono::duration_cast<std::chrono::nanoseconds>(options.grace).count(), now_ns));
  return {};
}

Result<> Run::set_parameter(NodeIndex node, const std::string& key,
                            std::optional<std::string> value) {
  auto& parameters = plan_.nodes[node].parameters;
  if (value) {
    parameters[key] = *value;
  } else if (parameters.erase(key) == 0) {
    return fail(ErrorKind::NotFound,
                fmt::format("node `{}` has no parameter `{}`", plan_.nodes[node].id.text(), key));
  }
  // Who does not run yet gets them all when it does.
  if (state_.is_running(node)) send(node, {message::ParameterChanged{key, std::move(value)}, {}});
  return {};
}

NodeDescription Run::describe(NodeIndex node) const {
  const NodePlan& plan = plan_.nodes[node];
  RunInfo run = info();
  NodeDescription told{.dataflow_id = plan_.id,
                       .info = {},
                       .name = plan.name,
                       .description = plan.description,
                       .path = plan.program.path,
                       .outputs = {},
                       .inputs = {},
                       .restart = plan.restart,
                       .health_check_timeout = plan.health_check_timeout,
                       .finish_grace = plan.finish_grace};
  const std::string& id = plan.id.text();
  if (const auto info = std::ranges::find(run.nodes, id, &NodeInfo::node); info != run.nodes.end())
    told.info = *info;
  for (const DataId& output : plan.outputs)
    told.outputs.push_back({output.text(), {}});
  for (const EdgeTotals& edge : run.edges)
    if (edge.consumer == id) told.pending_messages += edge.in_flight;
  // Those of now: the edges tell of connections that were cut, too.
  for (const NodePlan& other : plan_.nodes) {
    if (other.is_removed) continue;
    for (const InputPlan& input : other.inputs) {
      if (input.producer != plan.id || !input.is_connected) continue;
      const auto output =
          std::ranges::find(told.outputs, input.output.text(), &NodeDescription::Output::id);
      if (output != told.outputs.end())
        output->subscribers.push_back(other.id.text() + "/" + input.id.text());
    }
  }
  for (const InputPlan& input : plan.inputs)
    if (input.is_connected)
      told.inputs.push_back({input.id.text(), input.producer.text() + "/" + input.output.text()});
  for (const TimerPlan& timer : plan.timers)
    told.inputs.push_back({timer.id.text(), timer_source(timer.interval)});
  for (const LogInputPlan& log : plan.log_inputs) {
    told.inputs.push_back({log.id.text(), fmt::format("dora/logs/{}{}{}", to_string(log.minimum),
                                                      log.node.empty() ? "" : "/", log.node)});
  }
  return told;
}

void Run::answer_waiting() {
  for (NodeIndex node = 0; node < nodes_.size(); ++node) {
    if (!nodes_[node].waiting_for_life.empty()) answer_waiting_for_life(node);
    if (nodes_[node].waiting.empty()) continue;
    const NodeStatus status = state_.status(node);
    const bool is_over = status == NodeStatus::Stopped || status == NodeStatus::Failed ||
                         (plan_.nodes[node].is_dynamic() && status == NodeStatus::Waiting);
    if (!is_over) continue;
    Result<> ended;
    if (status == NodeStatus::Failed)
      ended = fail(ErrorKind::Failed, fmt::format("node `{}` failed: {}",
                                                  plan_.nodes[node].id.text(), state_.cause(node)));
    for (const OnNodeEnded& on_ended : std::exchange(nodes_[node].waiting, {}))
      on_ended(ended);
  }
}

}  // namespace dora::daemon

// SPDX-License-Identifier: Apache-2.0
// How a run ends when it does not end by itself: the ladder of stop message, SIGTERM and SIGKILL,
// a start that failed, and nodes that do not notice that they are done.
#include <algorithm>
#include <limits>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "daemon/run_state.hpp"

namespace dora::daemon {
namespace {

/// For nodes that are stopped by our own decision.
constexpr std::int64_t default_grace = 10'000'000'000;
/// How long a killed process may take to vanish before the others stop waiting for it.
constexpr std::int64_t death_patience = 5'000'000'000;
/// When the user is told again whom the start waits for.
constexpr std::int64_t next_reminder = 60'000'000'000;
/// Until somebody is there who can be late for the start.
constexpr std::int64_t between_searches = 1'000'000'000;

void set_earlier(std::optional<std::int64_t>& time, std::int64_t candidate) {
  if (!time || candidate < *time) time = candidate;
}

}  // namespace

Actions RunState::on_stop(std::int64_t grace_ns, bool force, std::int64_t now_ns) {
  if (finished_) return {};
  if (!std::exchange(stopping_, true)) {
    out_.push_back(Say{LogLevel::Info, std::nullopt, force ? "stopping by force" : "stopping"});
  }
  remind_at_.reset();
  start_by_.reset();
  const bool was_begun = std::exchange(begun_, true);
  for (NodeIndex node = 0; node < nodes_.size(); ++node) {
    Node& state = nodes_[node];
    if (state.phase == Phase::Ended) continue;
    stop_one(node, was_begun && state.phase != Phase::Restarting, grace_ns, force, now_ns);
  }
  return settle(now_ns);
}

void RunState::stop_one(NodeIndex node, bool has_process, std::int64_t grace_ns, bool force,
                        std::int64_t now_ns) {
  Node& state = nodes_[node];
  state.is_restart_asked = false;
  if (plan_->nodes[node].is_dynamic()) {
    if (state.phase == Phase::Running) out_.push_back(SendStop{node});
  } else if (!has_process) {
    // Nothing runs that could be stopped. That it failed before is forgiven: it was to be
    // started again.
    state.outcome = Outcome::Succeeded;
    end(node, now_ns);
  } else if (force) {
    state.is_forced = true;
    kill(node, now_ns);
  } else {
    begin_ladder(node, Ladder::Stop, grace_ns, now_ns);
  }
}

void RunState::fail_barrier(NodeIndex culprit, std::int64_t now_ns) {
  barrier_culprit_ = culprit;
  remind_at_.reset();
  start_by_.reset();
  for (NodeIndex node = 0; node < nodes_.size(); ++node) {
    Node& state = nodes_[node];
    if (node == culprit || state.phase == Phase::Ended || plan_->nodes[node].is_dynamic()) continue;
    if (state.phase == Phase::Restarting || state.phase == Phase::Waiting) {
      state.outcome = Outcome::Consequential;
      state.caused_by = name(culprit);
      state.cause = fmt::format(
          "was not started, because node `{}` exited before connecting to "
          "dora",
          state.caused_by);
      end(node, now_ns);
      continue;
    }
    if (state.phase == Phase::Attached || state.phase == Phase::Ready) {
      out_.push_back(RefuseNode{
          node, fmt::format("node `{}` exited before it connected to dora, so the dataflow cannot "
                            "start: read its log (out/{}/log_{}.jsonl)",
                            name(culprit), plan_->id, name(culprit))});
    }
    begin_ladder(node, Ladder::BarrierFailed, default_grace, now_ns);
  }
}

void RunState::begin_ladder(NodeIndex node, Ladder reason, std::int64_t grace_ns,
                            std::int64_t now_ns) {
  Node& state = nodes_[node];
  const bool is_first = state.ladder == Ladder::None || state.ladder == Ladder::Restart;
  if (is_first) state.ladder = reason;
  if (state.is_killed || state.is_forced) return;
  if (state.phase == Phase::Running) {
    if (is_first || reason != Ladder::BarrierFailed) out_.push_back(SendStop{node});
  } else if (reason == Ladder::Stop || reason == Ladder::Restart) {
    // A node that has not been started hears no message; it may be anywhere in its imports.
    out_.push_back(TerminateNode{node});
  }
  const std::int64_t half = std::max<std::int64_t>(grace_ns / 2, 0);
  if (reason == Ladder::Straggler) {
    out_.push_back(Say{LogLevel::Warn, node,
                       "all its inputs closed a while ago and it does not exit: stopping it"});
    set_earlier(state.terminate_at, now_ns);
    set_earlier(state.kill_at, now_ns + default_grace / 2);
    return;
  }
  set_earlier(state.terminate_at, now_ns + grace_ns);
  set_earlier(state.kill_at, now_ns + grace_ns + half);
}

void RunState::kill(NodeIndex node, std::int64_t now_ns) {
  out_.push_back(KillNode{node});
  set_earlier(nodes_[node].give_up_at, now_ns + death_patience);
}

void RunState::climb(NodeIndex node, std::int64_t now_ns) {
  Node& state = nodes_[node];
  if (state.phase == Phase::Ended) return;
  if (state.terminate_at && now_ns >= *state.terminate_at) {
    state.terminate_at.reset();
    out_.push_back(TerminateNode{node});
  }
  if (state.kill_at && now_ns >= *state.kill_at) {
    state.kill_at.reset();
    state.is_killed = true;
    out_.push_back(Say{LogLevel::Warn, node, "does not react to SIGTERM: killing it (SIGKILL)"});
    out_.push_back(KillNode{node});
    state.give_up_at = now_ns + death_patience;
  }
  if (state.give_up_at && now_ns >= *state.give_up_at) {
    state.outcome = Outcome::Failed;
    state.cause = "does not die, even of SIGKILL (is it stuck in a system call?)";
    out_.push_back(Say{LogLevel::Error, node, state.cause});
    end(node, now_ns);
  }
}

std::optional<std::int64_t> RunState::straggler_deadline(NodeIndex node) const {
  const Node& state = nodes_[node];
  const auto& grace = plan_->nodes[node].finish_grace;
  if (!grace || !state.inputs_closed_at || !quiescent_since_ || state.phase != Phase::Running ||
      state.ladder != Ladder::None || stopping_) {
    return std::nullopt;
  }
  const std::int64_t since = std::max(*state.inputs_closed_at, *quiescent_since_);
  // A grace of centuries is no grace that ends.
  if (grace->count() > std::numeric_limits<std::int64_t>::max() - since) return std::nullopt;
  return since + grace->count();
}

std::optional<std::int64_t> RunState::next_deadline() const {
  std::optional<std::int64_t> first;
  auto consider = [&](const std::optional<std::int64_t>& time) {
    if (time && (!first || *time < *first)) first = time;
  };
  if (finished_) return first;
  consider(remind_at_);
  consider(start_by_);
  for (NodeIndex node = 0; node < nodes_.size(); ++node) {
    const Node& state = nodes_[node];
    if (state.phase == Phase::Ended) continue;
    consider(state.restart_at);
    consider(state.close_at);
    consider(state.terminate_at);
    consider(state.kill_at);
    consider(state.give_up_at);
    consider(straggler_deadline(node));
  }
  return first;
}

std::vector<NodeIndex> RunState::missing_at_barrier() const {
  std::vector<NodeIndex> missing;
  for (NodeIndex node = 0; node < nodes_.size(); ++node) {
    const Phase phase = nodes_[node].phase;
    if (!plan_->nodes[node].is_dynamic() && !nodes_[node].is_late &&
        (phase == Phase::Starting || phase == Phase::Attached))
      missing.push_back(node);
  }
  return missing;
}

void RunState::remind(std::int64_t now_ns) {
  remind_at_ = now_ns + next_reminder;
  std::vector<std::string> names;
  for (const NodeIndex node : missing_at_barrier())
    names.push_back(name(node));
  if (names.empty() || stopping_ || barrier_culprit_) return;
  out_.push_back(Say{
      LogLevel::Warn, std::nullopt,
      fmt::format("the dataflow starts when every node has made its Node; still waiting for: {}",
                  fmt::join(names, ", "))});
}

void RunState::give_up_start(std::int64_t now_ns) {
  const std::vector<NodeIndex> missing = missing_at_barrier();
  start_by_.reset();
  if (stopping_ || barrier_culprit_) return;
  if (missing.empty()) {
    // Those that are missing are about to be started again: then there is somebody to be late.
    start_by_ = now_ns + between_searches;
    return;
  }
  for (const NodeIndex node : missing)
    nodes_[node].missed_start = true;
  fail_barrier(missing.front(), now_ns);
  for (const NodeIndex node : missing)
    if (nodes_[node].phase != Phase::Ended) kill(node, now_ns);
}

Actions RunState::on_time(std::int64_t now_ns) {
  if (finished_ || !begun_) return {};
  if (start_by_ && now_ns >= *start_by_) give_up_start(now_ns);
  if (remind_at_ && now_ns >= *remind_at_) remind(now_ns);
  for (NodeIndex node = 0; node < nodes_.size(); ++node) {
    Node& state = nodes_[node];
    if (state.restart_at && now_ns >= *state.restart_at) spawn(node, now_ns);
    if (state.close_at && now_ns >= *state.close_at) {
      state.close_at.reset();
      for (Output& output : state.outputs)
        close_output(node, output, now_ns);
    }
    const auto straggles_at = straggler_deadline(node);
    if (straggles_at && now_ns >= *straggles_at) begin_ladder(node, Ladder::Straggler, 0, now_ns);
    climb(node, now_ns);
  }
  return settle(now_ns);
}

}  // namespace dora::daemon

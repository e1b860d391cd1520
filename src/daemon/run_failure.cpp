// SPDX-License-Identifier: Apache-2.0
// What is found out about a node that failed, at the moment of its death: later its sources may
// have been mended, and its neighbours have ended.
#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/clock.hpp"
#include "daemon/core_dump.hpp"
#include "daemon/failure_card.hpp"
#include "daemon/run.hpp"

namespace dora::daemon {
namespace {

/// The guilty line and those before it.
constexpr std::size_t shown_source_lines = 3;

/// Whether a process failed, and not the attempt to make one after it.
bool is_of_a_process(const std::string& cause) {
  return !cause.empty() && !cause.starts_with("failed to spawn node");
}

}  // namespace

void Run::note_failure(NodeIndex index, const ExitStatus& status, pid_t pid) {
  Node& node = nodes_[index];
  const NodePlan& plan = plan_.nodes[index];
  node.reason.clear();
  node.failure.reset();
  if (status.is_success()) return;
  FailureFacts facts{.node = plan.id.text(),
                     .run_id = plan_.id,
                     .status = status,
                     .lived = std::chrono::nanoseconds(monotonic_ns() - state_.spawned_ns(index)),
                     .report = read_error_report(node.excerpt),
                     .folder = plan.working_directory,
                     .restart = plan.restart};
  if (facts.report) {
    node.reason = to_sentence(facts.report->error, plan.working_directory.native());
    if (const auto& place = facts.report->error.place)
      facts.source = source_lines(*place, plan.working_directory, shown_source_lines);
  }
  for (const EdgeTotals& edge : edge_totals()) {
    if (edge.consumer == facts.node) {
      facts.inputs.push_back({.id = edge.input,
                              .source = edge.producer + "/" + edge.output,
                              .messages = edge.delivered});
    }
  }
  for (NodeIndex other = 0; other < nodes_.size(); ++other) {
    const NodePlan& reader = plan_.nodes[other];
    const bool reads = std::ranges::any_of(reader.inputs, [&](const InputPlan& input) {
      return input.is_connected && input.producer == plan.id;
    });
    if (reads && other != index && !reader.is_removed)
      facts.affected.push_back({reader.id.text(), to_string(state_.status(other))});
  }
  facts.core =
      core_hint(core_settings(), status, pid, plan.working_directory, node.command.program);
  node.failure = std::move(facts);
}

std::string Run::cause_with_reason(NodeIndex node) const {
  const std::string& cause = state_.cause(node);
  const std::string& reason = nodes_[node].reason;
  return !is_of_a_process(cause) || reason.empty() ? cause : fmt::format("{}: {}", cause, reason);
}

std::string Run::failure_sentence(NodeIndex node) const {
  std::string text = cause_with_reason(node);
  const auto& failure = nodes_[node].failure;
  if (!failure || failure->affected.empty() || !is_of_a_process(text)) return text;
  std::vector<std::string> names;
  for (const FailureFacts::Affected& each : failure->affected)
    names.push_back(fmt::format("`{}`", each.node));
  return fmt::format("{}; affects {}", text, fmt::join(names, ", "));
}

void Run::tell_failure(NodeIndex index, NodeResult& result) const {
  const Node& node = nodes_[index];
  result.stderr_excerpt = node.excerpt;
  if (result.outcome != Outcome::Failed || !node.failure || !is_of_a_process(result.cause)) return;
  result.reason = node.reason;
  FailureFacts facts = *node.failure;
  facts.is_ended_by_dora = result.cause.find("dora killed it") != std::string::npos;
  result.card = failure_card(facts);
}

}  // namespace dora::daemon

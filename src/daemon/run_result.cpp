// SPDX-License-Identifier: Apache-2.0
#include "daemon/run_result.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "shared_memory/edge.hpp"

namespace dora::daemon {
namespace {

/// 81 dashes.
const std::string rule(81, '-');

std::string describe(const NodeResult& node) {
  std::string text = fmt::format("Node `{}` failed: {}", node.node, node.cause);
  if (node.restarts > 0)
    text += fmt::format(", after {} restart{}", node.restarts, node.restarts == 1 ? "" : "s");
  if (!node.stderr_excerpt.empty())
    text += fmt::format(" with stderr output:\n{}\n{}\n{}", rule, node.stderr_excerpt, rule);
  if (!node.card.empty()) text += "\n\n" + node.card;
  return text;
}

}  // namespace

std::uint64_t EdgeTotals::dropped() const {
  std::uint64_t sum = 0;
  for (const auto& drop : drops)
    sum += drop.count;
  return sum;
}

std::string failure_summary(const RunResult& result) {
  std::vector<const NodeResult*> roots;
  std::vector<const NodeResult*> followers;
  for (const auto& node : result.nodes) {
    if (node.outcome == Outcome::Failed) roots.push_back(&node);
    if (node.outcome == Outcome::Consequential) followers.push_back(&node);
  }
  auto by_time = [](const NodeResult* node) { return node->ended_ns; };
  std::ranges::stable_sort(roots, {}, by_time);
  std::ranges::stable_sort(followers, {}, by_time);
  if (roots.empty() && !followers.empty()) {
    roots.push_back(followers.front());
    followers.erase(followers.begin());
  }
  std::string text;
  for (const auto* node : roots) {
    if (!text.empty()) text += "\n\n";
    text += describe(*node);
  }
  if (!followers.empty()) {
    text += fmt::format("\n\nThere {} {} more consequential {}; see the logs in `out/{}`.",
                        followers.size() == 1 ? "is" : "are", followers.size(),
                        followers.size() == 1 ? "error" : "errors", result.id);
  }
  return text;
}

std::uint64_t EdgeTotals::unread() const {
  const auto gone =
      std::ranges::find(drops, shared_memory::to_string(shared_memory::Drop::ConsumerGone),
                        &EdgeTotals::Drop::reason);
  return gone == drops.end() ? 0 : gone->count;
}

const char* to_string(NodeStatus status) {
  switch (status) {
    case NodeStatus::Waiting:
      return "waiting";
    case NodeStatus::Starting:
      return "starting";
    case NodeStatus::Running:
      return "running";
    case NodeStatus::Restarting:
      return "restarting";
    case NodeStatus::Degraded:
      return "degraded";
    case NodeStatus::Stopped:
      return "stopped";
    case NodeStatus::Failed:
      return "failed";
  }
  return "unknown";
}

const char* to_string(RunStatus status) {
  switch (status) {
    case RunStatus::Starting:
      return "starting";
    case RunStatus::Running:
      return "running";
    case RunStatus::Stopping:
      return "stopping";
    case RunStatus::Finished:
      return "finished";
    case RunStatus::Failed:
      return "failed";
  }
  return "unknown";
}

}  // namespace dora::daemon

// SPDX-License-Identifier: Apache-2.0
#include "daemon/blocked_senders.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>

namespace dora::daemon {
namespace {

/// Extends `path`, whose last sender waits for a node, to one that waits for `goal`.
bool reach(const std::vector<BlockedSender>& senders, const std::string& goal,
           std::set<std::string>& visited, std::vector<BlockedSender>& path) {
  const std::string node = path.back().consumer;
  if (node == goal) return true;
  if (!visited.insert(node).second) return false;
  for (const BlockedSender& next : senders) {
    if (next.node != node) continue;
    path.push_back(next);
    if (reach(senders, goal, visited, path)) return true;
    path.pop_back();
  }
  return false;
}

}  // namespace

std::vector<BlockedSender> blocked_circle(const std::vector<BlockedSender>& senders,
                                          std::uint64_t edge) {
  const auto begin = std::ranges::find(senders, edge, &BlockedSender::edge);
  if (begin == senders.end()) return {};
  std::vector<BlockedSender> path{*begin};
  std::set<std::string> visited;
  return reach(senders, begin->node, visited, path) ? path : std::vector<BlockedSender>();
}

std::string circle_text(const std::vector<BlockedSender>& circle) {
  std::string waits;
  for (const BlockedSender& sender : circle) {
    waits += fmt::format("{}`{}` (output `{}`) is blocked on: {}", waits.empty() ? "" : "; ",
                         sender.node, sender.output, sender.place());
  }
  const std::string who = circle.size() == 1
                              ? fmt::format("`{}` waits for itself", circle[0].node)
                              : fmt::format("{} nodes wait for each other", circle.size());
  return fmt::format(
      "{} and none can go on: {}. Every queue in this circle is full and has `queue_policy: "
      "backpressure`: give one of these inputs a larger `queue_size`, leave out its "
      "`queue_policy`, or receive before sending",
      who, waits);
}

}  // namespace dora::daemon

// SPDX-License-Identifier: Apache-2.0
#include "cli/failed_nodes.hpp"

#include <algorithm>
#include <ranges>
#include <string_view>

#include <fmt/format.h>

#include "cli/console_text.hpp"

namespace dora::cli {

std::vector<FailedNode> failed_nodes(const RunningDataflow& dataflow) {
  std::vector<FailedNode> failed;
  if (dataflow.is_running()) {
    for (const NodeLine& node : dataflow.node_details)
      if (node.status == "failed") failed.push_back({node.id, node.cause});
    return failed;
  }
  // The summary tells the roots in their order, the nodes why.
  constexpr std::string_view begin = "Node `";
  constexpr std::string_view middle = "` failed: ";
  for (const auto part : dataflow.summary | std::views::split('\n')) {
    const std::string_view line(part.begin(), part.end());
    const auto end = line.find(middle);
    if (!line.starts_with(begin) || end == std::string_view::npos) continue;
    const std::string_view id = line.substr(begin.size(), end - begin.size());
    const auto node = std::ranges::find(dataflow.node_details, id, &NodeLine::id);
    const bool is_known = node != dataflow.node_details.end() && node->status == "failed" &&
                          std::ranges::find(failed, id, &FailedNode::node) == failed.end();
    if (is_known) failed.push_back({node->id, node->cause});
  }
  if (failed.empty() && !dataflow.summary.empty())
    failed.push_back({"", dataflow.summary.substr(0, dataflow.summary.find('\n'))});
  return failed;
}

std::string failure_lines(const RunningDataflow& dataflow) {
  std::string text;
  for (const FailedNode& each : failed_nodes(dataflow)) {
    const std::string what =
        each.node.empty() ? each.cause : fmt::format("Node `{}` failed: {}", each.node, each.cause);
    text += fmt::format("[{}] {}: {}\n",
                        dataflow.name.empty() ? "<unnamed>" : terminal_safe(dataflow.name, false),
                        dataflow.uuid, terminal_safe(what, false));
  }
  return text;
}

}  // namespace dora::cli

// SPDX-License-Identifier: Apache-2.0
#include "cli/run_report.hpp"

#include <algorithm>
#include <filesystem>
#include <string_view>

#include <fmt/format.h>

#include "cli/duration.hpp"

namespace dora::cli {
namespace {

using daemon::EdgeTotals;
using daemon::NodeResult;
using daemon::Outcome;
using daemon::RunResult;

std::string number_of(std::uint64_t count, std::string_view what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

// As one would type it here; absolute when that is no shorter.
std::string short_path(const std::string& path) {
  std::error_code error;
  const std::string relative = std::filesystem::proximate(path, error).string();
  return error || relative.size() >= path.size() ? path : relative;
}

std::string drop_warning(const EdgeTotals& edge) {
  std::vector<std::string> reasons;
  for (const EdgeTotals::Drop& drop : edge.drops)
    reasons.push_back(drop.reason);
  return fmt::format(
      "{} of {}/{} never reached {}/{} ({}): make `{}` faster, give the input a larger "
      "`queue_size`, or `queue_policy: backpressure` to slow `{}` down instead",
      number_of(edge.dropped(), "message"), edge.producer, edge.output, edge.consumer, edge.input,
      fmt::join(reasons, ", "), edge.consumer, edge.producer);
}

}  // namespace

std::string run_summary(const RunResult& result, int exit_code) {
  std::uint64_t messages = 0;
  std::uint64_t dropped = 0;
  for (const EdgeTotals& edge : result.edges) {
    messages += edge.sent;
    dropped += edge.dropped();
  }
  return fmt::format("{} ran {} · {} · {} dropped · logs: {} · exit {}",
                     result.name.empty() ? "dataflow" : result.name,
                     format_duration(std::chrono::nanoseconds(result.duration_ns)),
                     number_of(messages, "message"), dropped, short_path(result.log_folder),
                     exit_code);
}

std::string stop_summary(const RunResult& result, std::int64_t since_ns) {
  std::vector<const NodeResult*> ended;
  for (const NodeResult& node : result.nodes)
    if (node.ended_ns >= since_ns) ended.push_back(&node);
  std::ranges::sort(ended, {}, [](const NodeResult* node) { return node->ended_ns; });
  std::string text;
  for (const NodeResult* node : ended) {
    text += fmt::format("{}{} {} ({})", text.empty() ? "" : ", ", node->node,
                        node->outcome == Outcome::Succeeded ? "ok" : "failed",
                        format_duration(std::chrono::nanoseconds(node->ended_ns - since_ns)));
  }
  return text;
}

std::vector<std::string> DropReport::warnings(const std::vector<EdgeTotals>& edges, bool is_final) {
  std::vector<std::string> sentences;
  for (const EdgeTotals& edge : edges) {
    const std::uint64_t dropped = edge.dropped();
    const std::string name =
        fmt::format("{}/{} {}/{}", edge.producer, edge.output, edge.consumer, edge.input);
    std::uint64_t& told = told_[name];
    if (dropped == 0 || dropped == told || (!is_final && dropped < 2 * told)) continue;
    told = dropped;
    sentences.push_back(drop_warning(edge));
  }
  return sentences;
}

}  // namespace dora::cli

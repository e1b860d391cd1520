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

}  // namespace dora::cli

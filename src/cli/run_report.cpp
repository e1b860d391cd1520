// SPDX-License-Identifier: Apache-2.0
#include "cli/run_report.hpp"

#include <algorithm>
#include <filesystem>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/clock.hpp"

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
  // Asked for apart, as proximate() without it throws when this folder was removed.
  const auto here = std::filesystem::current_path(error);
  if (error) return path;
  const std::string relative = std::filesystem::proximate(path, here, error).string();
  return error || relative.size() >= path.size() ? path : relative;
}

}  // namespace

std::string waiting_text(const std::vector<std::string>& nodes,
                         std::optional<std::chrono::nanoseconds> grace,
                         std::chrono::nanoseconds since_stop) {
  std::string text = fmt::format("waiting for {}", fmt::join(nodes, ", "));
  const auto announce = [&](std::string_view what, std::chrono::nanoseconds when) {
    const auto left = std::chrono::ceil<std::chrono::seconds>(when - since_stop);
    if (left.count() > 0)
      text += fmt::format("{}{} in {} s", text.find("SIG") == std::string::npos ? ": " : ", ", what,
                          left.count());
  };
  if (grace) {
    announce("SIGTERM", *grace);
    announce("SIGKILL", *grace * 3 / 2);
  }
  return text + "; Ctrl-C kills at once";
}

std::string run_summary(const RunResult& result, int exit_code) {
  std::uint64_t messages = 0;
  std::uint64_t dropped = 0;
  // Not lost: whoever wanted them had ended, or was stopped before their turn came.
  std::uint64_t unread = 0;
  for (const EdgeTotals& edge : result.edges) {
    messages += edge.sent;
    dropped += edge.dropped() - edge.unread();
    unread += edge.unread();
  }
  const auto failed = std::ranges::count_if(
      result.nodes, [](Outcome outcome) { return outcome != Outcome::Succeeded; },
      &NodeResult::outcome);
  return fmt::format(
      "{} {}ran {} · {} · {} dropped{} · logs: {} · exit {}",
      result.name.empty() ? "dataflow" : result.name,
      failed > 0
          ? fmt::format("failed: {} of {} · ", failed, number_of(result.nodes.size(), "node"))
          : "",
      format_duration(std::chrono::nanoseconds(result.duration_ns)), number_of(messages, "message"),
      dropped, unread > 0 ? fmt::format(" · {} unread", unread) : "", short_path(result.log_folder),
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

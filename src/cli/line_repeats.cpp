// SPDX-License-Identifier: Apache-2.0
#include "cli/line_repeats.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "base/clock.hpp"

namespace dora::cli {
namespace {

using daemon::LogEntry;

/// What comes more slowly is read as it comes.
constexpr std::int64_t closely_ns = 400'000'000;
/// What goes on and on is told of at this pace.
constexpr std::int64_t between_tellings_ns = 2'000'000'000;
/// Longer lines are not compared.
constexpr std::size_t longest_line = 4096;

bool is_same(const LogEntry& one, const LogEntry& other) {
  return one.level == other.level && one.stream == other.stream && one.target == other.target &&
         one.message == other.message;
}

std::string time_text(std::int64_t ns) {
  constexpr std::int64_t second_ns = 1'000'000'000;
  if (ns < second_ns) return format_duration(std::chrono::nanoseconds(ns));
  return fmt::format("{} s", (ns + second_ns / 2) / second_ns);
}

}  // namespace

std::int64_t LineRepeats::Last::due_ns() const {
  return std::min(last_ns + closely_ns, shown_ns + between_tellings_ns);
}

void LineRepeats::tell(Last& last, std::vector<LogEntry>& told) {
  if (last.held == 1) {
    told.push_back(last.entry);
  } else if (last.held > 1) {
    LogEntry& summary = told.emplace_back();
    summary.node = last.entry.node;
    summary.stream = last.entry.stream;
    summary.time_ns = last.entry.time_ns;
    summary.level = last.entry.level;
    summary.message =
        fmt::format("… ×{} in {}", last.count, time_text(last.last_ns - last.shown_ns));
  }
  last.shown_ns = last.last_ns;
  last.count = last.held = 0;
}

std::vector<LogEntry> LineRepeats::take(const LogEntry& entry, std::int64_t now_ns) {
  std::vector<LogEntry> told;
  if (entry.node.empty()) return {entry};
  auto& last = nodes_[entry.node];
  if (entry.message.size() <= longest_line && is_same(last.entry, entry) &&
      now_ns - last.last_ns < closely_ns) {
    last.entry.time_ns = entry.time_ns;
    last.last_ns = now_ns;
    ++last.count;
    ++last.held;
    if (now_ns >= last.shown_ns + between_tellings_ns) tell(last, told);
    return told;
  }
  tell(last, told);
  told.push_back(entry);
  last = {.entry = {}, .shown_ns = now_ns, .last_ns = now_ns, .count = 1};
  if (entry.message.size() <= longest_line) last.entry = entry;
  return told;
}

std::vector<LogEntry> LineRepeats::take_due(std::int64_t now_ns) {
  std::vector<LogEntry> told;
  for (auto& [node, last] : nodes_)
    if (last.held > 0 && now_ns >= last.due_ns()) tell(last, told);
  return told;
}

std::vector<LogEntry> LineRepeats::take_all() {
  std::vector<LogEntry> told;
  for (auto& [node, last] : nodes_)
    tell(last, told);
  nodes_.clear();
  return told;
}

std::optional<std::int64_t> LineRepeats::next_due_ns() const {
  std::optional<std::int64_t> next;
  for (const auto& [node, last] : nodes_)
    if (last.held > 0 && (!next || last.due_ns() < *next)) next = last.due_ns();
  return next;
}

}  // namespace dora::cli

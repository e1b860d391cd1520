// SPDX-License-Identifier: Apache-2.0
#include "cli/console_format.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <ctime>

#include <fmt/format.h>

#include "cli/console_text.hpp"
#include "cli/own_time.hpp"

namespace dora::cli {
namespace {

using daemon::LogEntry;
using daemon::LogLevel;

// Neither red nor yellow: those are for errors and warnings.
constexpr std::array<std::string_view, 8> palette{"36", "35", "34", "32", "96", "95", "94", "92"};
constexpr std::int64_t second_ns = 1'000'000'000;

// The same on every run and machine, unlike std::hash.
std::size_t stable_hash(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3ULL;
  }
  return static_cast<std::size_t>(hash ^ (hash >> 32));
}

std::string upper(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(),
                         [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return result;
}

// A progress bar draws over itself with carriage returns: the last picture counts.
std::string_view last_picture(std::string_view text) {
  while (text.ends_with('\r'))
    text.remove_suffix(1);
  const auto at = text.rfind('\r');
  return at == std::string_view::npos ? text : text.substr(at + 1);
}

std::string padding(std::size_t width, std::string_view text) {
  return std::string(width - std::min(width, display_width(text)), ' ');
}

}  // namespace

Result<LogFormat> parse_log_format(std::string_view text) {
  if (text == "pretty") return LogFormat::Pretty;
  if (text == "compact") return LogFormat::Compact;
  if (text == "json") return LogFormat::Json;
  return fail(ErrorKind::InvalidInput,
              fmt::format("`{}` is not a log format: use pretty, compact or json", text));
}

ConsoleFormatter::ConsoleFormatter(Options options) : options_(std::move(options)) {
  std::vector<std::string> nodes = options_.nodes;
  std::ranges::sort(nodes);
  std::array<bool, palette.size()> taken{};
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    width_ = std::max(width_, display_width(nodes[i]));
    if (i % palette.size() == 0) taken.fill(false);
    // By its name a node keeps its colour when others come and go; neighbours still differ.
    std::size_t choice = stable_hash(nodes[i]) % palette.size();
    while (taken[choice])
      choice = (choice + 1) % palette.size();
    taken[choice] = true;
    colors_[nodes[i]] = palette[choice];
  }
}

std::string_view ConsoleFormatter::color_of(std::string_view node) const {
  const auto found = colors_.find(node);
  return found == colors_.end() ? palette[stable_hash(node) % palette.size()] : found->second;
}

std::string_view ConsoleFormatter::clock(std::int64_t timestamp_ns) {
  const std::int64_t second = timestamp_ns / second_ns;
  if (second != clock_second_) {
    const auto time = static_cast<std::time_t>(second);
    std::tm local{};
    ::localtime_r(&time, &local);
    clock_text_ = fmt::format("{:02}:{:02}:{:02}", local.tm_hour, local.tm_min, local.tm_sec);
    clock_second_ = second;
  }
  return clock_text_;
}

std::string ConsoleFormatter::format(const LogEntry& entry) {
  if (options_.format == LogFormat::Json) return daemon::to_json(entry) + "\n";
  if (options_.format == LogFormat::Pretty && options_.is_terminal)
    return format_for_terminal(entry);
  const bool is_pretty = options_.format == LogFormat::Pretty;
  const bool is_colored = options_.is_colored && is_pretty;
  const std::string level =
      is_pretty && entry.level == LogLevel::Stdout ? "stdout" : upper(to_string(entry.level));
  std::string source(entry.node);
  if (entry.node.empty()) source = is_pretty ? "[dora]" : "dora";
  if (is_colored) source = fmt::format("\x1b[1;{}m{}\x1b[0m", color_of(entry.node), source);
  // Colours are the node's own words only where colours are wanted.
  const std::string message =
      is_colored ? terminal_safe(entry.message, true) : without_colors(entry.message);
  const bool has_target = is_pretty && !entry.target.empty();
  return is_pretty ? fmt::format("{} {:<6} {}: {}{}{}\n", clock(entry.time_ns), level, source,
                                 has_target ? entry.target : "", has_target ? " " : "", message)
                   : fmt::format("{} {} {}: {}\n", clock(entry.time_ns), level, source, message);
}

std::string ConsoleFormatter::format_for_terminal(const LogEntry& entry) {
  const std::string_view time = clock(entry.time_ns);
  const std::int64_t milliseconds = entry.time_ns % second_ns / 1'000'000;
  const std::string source = entry.node.empty() ? "dora" : entry.node;
  const std::string pad = padding(width_, source);
  std::string level;
  if (entry.level != LogLevel::Stdout) level = fmt::format("{:<5} ", upper(to_string(entry.level)));
  const std::string target =
      entry.target.empty() ? "" : fmt::format("{}: ", terminal_safe(entry.target, false));
  const std::string message = terminal_safe(
      without_own_time(last_picture(entry.message), entry.time_ns), options_.is_colored);
  if (!options_.is_colored)
    return fmt::format("{}.{:03}  {}{}  │ {}{}{}\n", time, milliseconds, source, pad, level, target,
                       message);
  if (entry.level == LogLevel::Error) level = fmt::format("\x1b[1;31m{}\x1b[0m", level);
  if (entry.level == LogLevel::Warn) level = fmt::format("\x1b[33m{}\x1b[0m", level);
  const std::string_view color = entry.node.empty() ? "1" : color_of(entry.node);
  return fmt::format("\x1b[2m{}.{:03}\x1b[0m  \x1b[{}m{}{}  │\x1b[0m {}{}{}\n", time, milliseconds,
                     color, source, pad, level, target, message);
}

}  // namespace dora::cli

#pragma once
// SPDX-License-Identifier: Apache-2.0
// Which log lines reach the terminal: --log-level and --log-filter.

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace dora::cli {

/// Most severe first. `Stdout` is no severity but the channel of plain output.
enum class LogLevel { Error, Warn, Info, Debug, Trace, Stdout };

/// In any case: "error", "WARN", ... Nothing for an unknown word.
std::optional<LogLevel> find_log_level(std::string_view text);

/// Lower case.
std::string_view to_string(LogLevel level);

/// A value. Plain output passes only `Stdout`, which lets everything pass; a severity passes any
/// severity at most as severe.
struct LogFilter {
  LogLevel minimum = LogLevel::Stdout;
  /// Replaces the minimum for these nodes.
  std::map<std::string, LogLevel, std::less<>> nodes;

  bool passes(std::string_view node, LogLevel level) const;
};

/// `level` and `filter` ("node=level,node=level") as they were typed. Fails with InvalidInput.
Result<LogFilter> parse_log_filter(std::string_view level, std::string_view filter);

}  // namespace dora::cli

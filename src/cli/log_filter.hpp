#pragma once
// SPDX-License-Identifier: Apache-2.0
// Which log lines reach the terminal: --log-level and --log-filter.

#include <map>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "daemon/log_entry.hpp"

namespace dora::cli {

using daemon::LogLevel;

/// A value. Plain output passes only `Stdout`, which lets everything pass; a severity passes any
/// severity at most as severe.
struct LogFilter {
  LogLevel minimum = LogLevel::Stdout;
  /// Plain output passes beside a severity, too.
  bool shows_output = false;
  /// Replaces the minimum for these nodes.
  std::map<std::string, LogLevel, std::less<>> nodes{};

  bool passes(std::string_view node, LogLevel level) const;
};

/// `level` and `filter` ("node=level,node=level") as they were typed. Fails with InvalidInput.
Result<LogFilter> parse_log_filter(std::string_view level, std::string_view filter);

}  // namespace dora::cli

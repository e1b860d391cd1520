#pragma once
// SPDX-License-Identifier: Apache-2.0
// Log lines of a dataflow as text: for people at a terminal, for files, for programs.
//
//   terminal         12:03:04.512  detector  │ 3 objects        names padded, a colour per node
//   pretty           12:03:04 stdout detector: 3 objects
//   compact          12:03:04 STDOUT detector: 3 objects
//   json             {"build_id":null,...}                      one object per line, twelve keys

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "daemon/log_entry.hpp"

namespace dora::cli {

enum class LogFormat { Pretty, Compact, Json };

/// Fails with InvalidInput for any other word than pretty, compact and json.
Result<LogFormat> parse_log_format(std::string_view text);

class ConsoleFormatter {
 public:
  struct Options {
    LogFormat format = LogFormat::Pretty;
    /// Pretty lines take the form for people.
    bool is_terminal = false;
    bool is_colored = false;
    /// All nodes of the dataflow: the longest sets the width, the order the colours.
    std::vector<std::string> nodes{};
  };

  explicit ConsoleFormatter(Options options);

  /// The entry as a line with its line end.
  std::string format(const daemon::LogEntry& entry);

 private:
  std::string format_for_terminal(const daemon::LogEntry& entry);
  /// "HH:MM:SS", local.
  std::string_view clock(std::int64_t timestamp_ns);
  std::string_view color_of(std::string_view node) const;

  Options options_;
  std::size_t width_ = 4;
  std::map<std::string, std::string_view, std::less<>> colors_;
  std::int64_t clock_second_ = -1;
  std::string clock_text_;
};

}  // namespace dora::cli

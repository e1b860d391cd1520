#pragma once
// SPDX-License-Identifier: Apache-2.0
// One line of what a dataflow says, as it is shown, filtered, forwarded and written to log files.
// A value.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dora::daemon {

/// Most severe first. `Stdout` is no severity but the channel of plain output.
enum class LogLevel { Error, Warn, Info, Debug, Trace, Stdout };

/// In any case: "error", "WARN", ... ("warning" too). Nothing for an unknown word.
std::optional<LogLevel> find_log_level(std::string_view text);
/// "error", "warn", "info", "debug", "trace", "stdout".
std::string_view to_string(LogLevel level);
/// Whether an entry of `level` is shown where `minimum` is asked for. Plain output passes `Stdout`
/// only, which lets everything pass.
bool passes(LogLevel level, LogLevel minimum);

struct LogEntry {
  enum class Stream { None, Stdout, Stderr };

  std::string dataflow_id;
  /// Empty: the daemon itself speaks ("[dora]").
  std::string node;
  LogLevel level = LogLevel::Stdout;
  Stream stream = Stream::None;
  /// When, since the Unix epoch.
  std::int64_t time_ns = 0;
  std::string message;
  /// The following come with structured lines only; empty when absent.
  std::string target;
  std::string module_path;
  std::string file;
  std::optional<std::uint32_t> line;
  std::vector<std::pair<std::string, std::string>> fields;
  /// A piece of a line of more than 1 MiB; the next entry of this stream goes on with it.
  bool is_continued = false;

  bool operator==(const LogEntry&) const = default;
};

/// "2026-11-21T12:03:04.512Z"
std::string format_utc(std::int64_t time_ns);

/// The inverse; fractions of any length, "Z" or an offset. Nothing when it is no time.
std::optional<std::int64_t> parse_utc(const std::string& text);

/// One JSON object without line end, as it stands in log files: timestamp, level, node_id, stream,
/// message, and, when present, target, fields, continued.
std::string to_log_file_line(const LogEntry& entry);

/// One JSON object without line end for consoles, log inputs and programs: build_id, dataflow_id,
/// node_id, daemon_id, level, target, module_path, file, line, message, timestamp, fields. What is
/// absent is null.
std::string to_json(const LogEntry& entry);

/// Reads a line of a log file; the keys of dora-rs (`ts`, `node`, `msg`) are understood too.
/// Nothing when it is no such line.
std::optional<LogEntry> parse_log_file_line(std::string_view line);

}  // namespace dora::daemon

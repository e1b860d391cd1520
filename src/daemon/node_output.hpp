#pragma once
// SPDX-License-Identifier: Apache-2.0
// What a node prints, on its way: bytes -> lines -> entries -> log file, then whoever listens.
// Owned by the run, one per node, over all its incarnations. A file that cannot be written loses
// lines, counted and said; it never makes the node wait.

#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/line_assembler.hpp"
#include "daemon/log_entry.hpp"
#include "daemon/log_file.hpp"
#include "daemon/run_plan.hpp"

namespace dora::daemon {

class NodeOutput {
 public:
  struct Options {
    std::string dataflow_id;
    std::string node;
    std::filesystem::path folder;  ///< of the log file
    LogPlan log;
    /// Every line as it was printed, before its level is looked at; may be empty.
    std::function<void(std::string_view)> on_line{};
    /// Every entry that passes the level of the node.
    std::function<void(const LogEntry&)> on_entry;
    /// For the user, about the log itself.
    std::function<void(const std::string&)> on_trouble;
  };

  explicit NodeOutput(Options options) : options_(std::move(options)) {}

  /// A new incarnation begins: its file starts over.
  void begin();
  /// The program wrote `bytes`. `now_ns`: realtime.
  void feed(LogEntry::Stream stream, std::string_view bytes, std::int64_t now_ns);
  /// The program is gone: what has no line end is a line too.
  void finish(std::int64_t now_ns);

  /// The last lines of standard error of this incarnation, oldest first.
  std::vector<std::string> last_stderr_lines() const;

 private:
  void take_line(LogEntry::Stream stream, std::string text, bool is_continued, std::int64_t now_ns);
  void flush();
  void report_lost(const std::string& reason);

  Options options_;
  LineAssembler stdout_;
  LineAssembler stderr_;
  std::deque<std::string> stderr_lines_;
  std::optional<LogFile> file_;
  std::string unwritten_;  ///< lines of this feed() for the file
  std::uint64_t unwritten_lines_ = 0;
  std::uint64_t lost_lines_ = 0;
  std::int64_t said_lost_ns_ = 0;  ///< when the loss was told last; 0 = never
};

}  // namespace dora::daemon

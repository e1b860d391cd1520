#pragma once
// SPDX-License-Identifier: Apache-2.0
// Where a dataflow is watched: the lines of its nodes on one stream, what dora says about it on
// stderr. Never waits for whoever reads; what they do not take in time is counted. On the event
// loop's thread.

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/steady_timer.hpp>
#include <unistd.h>

#include "cli/console_format.hpp"
#include "cli/console_stream.hpp"
#include "cli/line_repeats.hpp"
#include "cli/log_filter.hpp"
#include "cli/terminal.hpp"
#include "daemon/log_entry.hpp"

namespace dora::cli {

class LogConsole {
 public:
  struct Options {
    LogFormat format = LogFormat::Pretty;
    LogFilter filter{};
    /// Shows what is said about nodes, not what they say.
    bool hides_nodes = false;
    /// What these nodes say is not shown.
    std::vector<std::string> muted{};
    /// Only what these say is; empty: what all say.
    std::vector<std::string> shown{};
    /// Tells at a terminal, too, that nodes start and end.
    bool is_verbose = false;
    /// STDOUT_FILENO or STDERR_FILENO: for the lines.
    int lines = STDOUT_FILENO;
    /// All nodes of the dataflow.
    std::vector<std::string> nodes{};
  };

  /// `terminal` must outlive the object. At a terminal, lines that a node repeats are collapsed,
  /// and blank ones left out.
  LogConsole(boost::asio::io_context& loop, const Terminal& terminal, Options options);
  ~LogConsole() { *self_ = nullptr; }
  LogConsole(const LogConsole&) = delete;
  LogConsole& operator=(const LogConsole&) = delete;

  void show(const daemon::LogEntry& entry);
  /// Says `sentence` on stderr, unless --quiet.
  void tell(std::string_view sentence);
  void warn(std::string_view sentence);
  /// Says "error: ..." on stderr, also with --quiet.
  void complain(std::string_view sentence);
  /// "Dataflow failed:" and why, on stderr, once all lines are written. `uuid` may be empty.
  void report_failure(std::string_view uuid, std::string_view summary);
  /// Puts a line among the lines of the nodes.
  void print(std::string_view line);

  /// The least level that is shown from now on, whatever the flags said.
  LogLevel level() const { return options_.filter.minimum; }
  bool shows_everything() const {
    return options_.filter.shows_output || options_.filter.minimum == LogLevel::Stdout;
  }
  void set_level(LogLevel level);
  /// Only lines of nodes with this text, in any case, are shown from now on; empty: all.
  void set_search(std::string_view text);
  /// The line that stays below all others, at a terminal; empty: none. Without a line end.
  void set_status(std::string line);

  /// Lines are missing that another process could not give us.
  void count_lost(std::uint64_t lines) { lost_before_ += lines; }

  /// Writes the lines that wait, as long as somebody reads them. Blocks.
  void finish_lines();
  /// For the end of the program: writes everything, and says how many lines nobody could read.
  void finish();

 private:
  bool is_muted(const std::string& node) const;
  bool passes(const daemon::LogEntry& entry) const;
  void write_entries(const std::vector<daemon::LogEntry>& entries);
  void tell_repeats_later();
  /// Writes what is held back because it was said before.
  void finish_repeats();
  /// For stderr.
  void say(std::string_view text);
  /// Writes to the stream of the lines, above the status line.
  void write_above(std::string_view text);
  void erase_status();
  void draw_status_soon();

  boost::asio::io_context& loop_;
  const Terminal& terminal_;
  Options options_;
  const bool hides_service_news_;
  const bool is_for_people_;
  ConsoleFormatter formatter_;
  ConsoleStream lines_;
  ConsoleStream messages_;
  std::uint64_t lost_before_ = 0;
  LineRepeats repeats_;
  boost::asio::steady_timer repeats_timer_;
  bool is_waiting_for_repeats_ = false;
  std::string search_;  ///< in lower case
  std::string status_;
  bool is_status_drawn_ = false;
  bool is_drawing_ = false;
  /// Lives on in what was posted to the loop, which looks whether this object still does.
  std::shared_ptr<LogConsole*> self_ = std::make_shared<LogConsole*>(this);
};

}  // namespace dora::cli

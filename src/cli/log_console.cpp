// SPDX-License-Identifier: Apache-2.0
#include "cli/log_console.hpp"

#include <algorithm>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include "base/clock.hpp"
#include "base/spelling.hpp"

namespace dora::cli {
namespace {

namespace asio = boost::asio;
using daemon::LogEntry;
using namespace std::chrono_literals;

// A pager that shows its first page; a reader that never reads.
constexpr auto reader_patience = 5s;

bool is_terminal_of(const Terminal& terminal, int stream) {
  return stream == STDOUT_FILENO ? terminal.is_stdout_terminal : terminal.is_stderr_terminal;
}

bool is_colored_of(const Terminal& terminal, int stream) {
  return stream == STDOUT_FILENO ? terminal.is_stdout_colored : terminal.is_stderr_colored;
}

}  // namespace

LogConsole::LogConsole(boost::asio::io_context& loop, const Terminal& terminal, Options options)
    : loop_(loop),
      terminal_(terminal),
      options_(std::move(options)),
      hides_service_news_(is_terminal_of(terminal, options_.lines) && !options_.is_verbose &&
                          options_.format == LogFormat::Pretty),
      is_for_people_(is_terminal_of(terminal, options_.lines) &&
                     options_.format == LogFormat::Pretty),
      formatter_({.format = options_.format,
                  .is_terminal = is_terminal_of(terminal, options_.lines),
                  .is_colored = is_colored_of(terminal, options_.lines),
                  .nodes = options_.nodes}),
      lines_(loop, options_.lines,
             {.is_closed = options_.lines == STDOUT_FILENO && terminal.is_stdout_closed}),
      messages_(loop, STDERR_FILENO, {}),
      repeats_timer_(loop) {}

bool LogConsole::is_muted(const std::string& node) const {
  const auto is_in = [&](const std::vector<std::string>& names) {
    return std::ranges::find(names, node) != names.end();
  };
  return options_.hides_nodes || is_in(options_.muted) ||
         (!options_.shown.empty() && !is_in(options_.shown));
}

bool LogConsole::passes(const LogEntry& entry) const {
  // What is said about a node that keeps quiet is news all the same.
  const bool is_own_word = entry.stream != LogEntry::Stream::None || options_.hides_nodes;
  if (!entry.node.empty() && is_own_word && is_muted(entry.node)) return false;
  if (!options_.filter.passes(entry.node, entry.level)) return false;
  // At a terminal the nodes speak; that they come and go as expected is no news.
  if (entry.stream == LogEntry::Stream::None && hides_service_news_ &&
      entry.level > daemon::LogLevel::Warn)
    return false;
  return search_.empty() || entry.node.empty() || to_lower(entry.message).contains(search_) ||
         to_lower(entry.node).contains(search_);
}

void LogConsole::show(const LogEntry& entry) {
  if (!passes(entry)) return;
  if (!is_for_people_) return write_above(formatter_.format(entry));
  if (!entry.node.empty() && entry.message.find_first_not_of(" \t\r") == std::string::npos) return;
  write_entries(repeats_.take(entry, monotonic_ns()));
  tell_repeats_later();
}

void LogConsole::write_entries(const std::vector<LogEntry>& entries) {
  for (const LogEntry& entry : entries)
    write_above(formatter_.format(entry));
}

void LogConsole::tell_repeats_later() {
  const auto due = repeats_.next_due_ns();
  if (!due || std::exchange(is_waiting_for_repeats_, true)) return;
  repeats_timer_.expires_after(std::chrono::nanoseconds(*due - monotonic_ns()));
  repeats_timer_.async_wait([self = self_](boost::system::error_code error) {
    LogConsole* console = *self;
    if (console == nullptr || error) return;
    console->is_waiting_for_repeats_ = false;
    console->write_entries(console->repeats_.take_due(monotonic_ns()));
    console->tell_repeats_later();
  });
}

void LogConsole::finish_repeats() {
  write_entries(repeats_.take_all());
}

void LogConsole::print(std::string_view line) {
  write_above(fmt::format("{}\n", line));
}

void LogConsole::set_level(LogLevel level) {
  finish_repeats();
  options_.filter = {.minimum = level, .nodes = {}};
}

void LogConsole::set_search(std::string_view text) {
  finish_repeats();
  search_ = to_lower(text);
}

void LogConsole::set_status(std::string line) {
  if (status_ == line && is_status_drawn_) return;
  erase_status();
  status_ = std::move(line);
  draw_status_soon();
}

void LogConsole::write_above(std::string_view text) {
  erase_status();
  lines_.write(text);
  draw_status_soon();
}

void LogConsole::erase_status() {
  if (std::exchange(is_status_drawn_, false)) lines_.write("\r\x1b[2K");
}

// After everything that is written in this turn of the loop.
void LogConsole::draw_status_soon() {
  if (status_.empty() || std::exchange(is_drawing_, true)) return;
  asio::post(loop_, [self = self_] {
    LogConsole* console = *self;
    if (console == nullptr) return;
    console->is_drawing_ = false;
    if (console->status_.empty() || console->is_status_drawn_) return;
    console->is_status_drawn_ = true;
    const bool colored = is_colored_of(console->terminal_, console->options_.lines);
    console->lines_.write(fmt::format("{}{}{}", colored ? "\x1b[2m" : "", console->status_,
                                      colored ? "\x1b[0m" : ""));
  });
}

void LogConsole::tell(std::string_view sentence) {
  if (!terminal_.is_quiet) say(fmt::format("{}\n", sentence));
}

void LogConsole::say(std::string_view text) {
  // Where both streams are one screen, only one of them may write on it.
  const bool has_screen = !status_.empty() || is_status_drawn_;
  if (has_screen && terminal_.is_stderr_terminal) return write_above(text);
  messages_.write(text);
}

void LogConsole::warn(std::string_view sentence) {
  const bool colored = terminal_.is_stderr_colored;
  tell(fmt::format("{}warning{}: {}", colored ? "\x1b[1;33m" : "", colored ? "\x1b[0m" : "",
                   sentence));
}

void LogConsole::complain(std::string_view sentence) {
  const bool colored = terminal_.is_stderr_colored;
  say(fmt::format("{}error{}: {}\n", colored ? "\x1b[1;31m" : "", colored ? "\x1b[0m" : "",
                  sentence));
}

void LogConsole::report_failure(std::string_view uuid, std::string_view summary) {
  finish_lines();
  const bool colored = terminal_.is_stderr_colored;
  say(fmt::format("\n{}Dataflow {}{}failed:{}\n\n{}\n", colored ? "\x1b[1;31m" : "", uuid,
                  uuid.empty() ? "" : " ", colored ? "\x1b[0m" : "", summary));
}

void LogConsole::finish_lines() {
  finish_repeats();
  lines_.finish(reader_patience);
}

void LogConsole::finish() {
  finish_lines();
  if (const auto lost = lines_.lost_lines(); lost > 0 && !lines_.is_unwanted()) {
    warn(fmt::format(
        "{} lines were not shown: {}; the log files have them all", lost,
        lines_.is_broken() ? "stdout takes no more" : "stdout was not read fast enough"));
  }
  if (lost_before_ > 0) {
    warn(
        fmt::format("{} lines were not shown: they came faster than they could be fetched; the log "
                    "files have them all",
                    lost_before_));
  }
  messages_.finish(reader_patience);
}

}  // namespace dora::cli

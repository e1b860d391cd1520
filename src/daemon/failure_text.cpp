// SPDX-License-Identifier: Apache-2.0
#include "daemon/failure_text.hpp"

#include <algorithm>
#include <csignal>
#include <cstring>
#include <string_view>

#include <fmt/format.h>

namespace dora::daemon {
namespace {

constexpr std::size_t lines_without_marker = 10;

/// Whether an error report of Python, Rust or C++ starts here.
bool is_start_of_report(std::string_view line) {
  if (line.starts_with("Traceback (most recent call last):") || line.starts_with("Error:") ||
      line.starts_with("  + Exception Group Traceback (most recent call last):"))
    return true;
  if (line.starts_with("thread '") && line.find("' panicked at") != std::string_view::npos)
    return true;
  return line.starts_with("terminate called") || line.starts_with("Fatal Python error:");
}

/// What C++ and C say before they abort, and the faulthandler of Python reports on top of that.
bool is_reason_of_abort(std::string_view line) {
  return line.starts_with("terminate called") || line.starts_with("  what():  ") ||
         line.find(": Assertion `") != std::string_view::npos;
}

/// Between two tracebacks of Python that belong together.
bool is_chain(std::string_view line) {
  return line.starts_with("During handling of the above exception, another exception occurred") ||
         line.starts_with("The above exception was the direct cause of the following exception");
}

/// A syntax error has no traceback header: it starts with the place.
bool is_place_in_file(std::string_view line) {
  return line.starts_with("  File \"");
}

}  // namespace

bool ExitStatus::is_termination() const {
  if (signal != 0) return signal == SIGTERM || signal == SIGINT;
  return code == 128 + SIGTERM || code == 128 + SIGINT;
}

std::string signal_name(int signal) {
  switch (signal) {
    case SIGHUP:
    case SIGINT:
    case SIGQUIT:
    case SIGILL:
    case SIGTRAP:
    case SIGABRT:
    case SIGBUS:
    case SIGFPE:
    case SIGKILL:
    case SIGUSR1:
    case SIGSEGV:
    case SIGUSR2:
    case SIGPIPE:
    case SIGALRM:
    case SIGTERM:
    case SIGXCPU:
    case SIGXFSZ:
    case SIGSYS:
      return fmt::format("SIG{}", sigabbrev_np(signal));
    default:
      return std::to_string(signal);
  }
}

std::string describe(const ExitStatus& status) {
  if (status.signal == 0) return fmt::format("exited with code {}", status.code);
  return fmt::format("exited because of signal {}{}{}", signal_name(status.signal),
                     status.dumped_core ? " (core dumped)" : "",
                     status.ran_out_of_memory ? " (the machine or its control group ran out of "
                                                "memory, and the kernel killed it)"
                                              : "");
}

std::string stderr_excerpt(const std::vector<std::string>& lines) {
  const auto last_where = [&](auto is_wanted, std::size_t end) {
    while (end-- > 0)
      if (is_wanted(lines[end])) return end;
    return lines.size();
  };
  std::size_t first = last_where(is_start_of_report, lines.size());
  if (first < lines.size() && lines[first].starts_with("Fatal Python error:"))
    while (first > 0 && is_reason_of_abort(lines[first - 1]))
      --first;
  // What an error was raised from is the beginning of its report.
  for (std::size_t start = first; start > 0 && start < lines.size();) {
    const std::size_t before = last_where([](auto& line) { return !line.empty(); }, start);
    if (before == lines.size() || !is_chain(lines[before])) break;
    start = last_where(is_start_of_report, before);
    if (start < lines.size()) first = start;
  }
  if (first == lines.size()) {
    // Alone it is a syntax error; several are the end of a traceback whose beginning is not kept.
    first = last_where(is_place_in_file, lines.size());
    const bool is_one =
        first == lines.size() || last_where(is_place_in_file, first) == lines.size();
    if (!is_one && lines.size() >= kept_stderr_lines)
      first =
          static_cast<std::size_t>(std::ranges::find_if(lines, is_place_in_file) - lines.begin());
  }
  if (first == lines.size())
    first = lines.size() > lines_without_marker ? lines.size() - lines_without_marker : 0;
  std::string text = first > 0 ? "[...]\n" : "";
  for (std::size_t i = first; i < lines.size(); ++i) {
    text += lines[i];
    if (i + 1 < lines.size()) text += '\n';
  }
  return text;
}

}  // namespace dora::daemon

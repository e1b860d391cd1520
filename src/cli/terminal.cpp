// SPDX-License-Identifier: Apache-2.0
#include "cli/terminal.hpp"

#include <cerrno>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "base/file_descriptor.hpp"

namespace dora::cli {
namespace {

bool is_open(int fd) {
  return ::fcntl(fd, F_GETFD) != -1 || errno != EBADF;
}

}  // namespace

Terminal Terminal::inspect(std::string_view color, const Environment& environment) {
  Terminal terminal;
  terminal.is_stdout_terminal = ::isatty(STDOUT_FILENO) == 1;
  terminal.is_stderr_terminal = ::isatty(STDERR_FILENO) == 1;
  const bool is_forced =
      color == "always" || (color == "auto" && environment("CLICOLOR_FORCE").value_or("0") != "0");
  const bool is_refused =
      color == "never" ||
      (color == "auto" && (environment("NO_COLOR") || environment("TERM") == "dumb"));
  terminal.is_stdout_colored = !is_refused && (is_forced || terminal.is_stdout_terminal);
  terminal.is_stderr_colored = !is_refused && (is_forced || terminal.is_stderr_terminal);
  return terminal;
}

Terminal Terminal::inspect(const ParsedCommand& command, const Environment& environment,
                           const StandardStreams& streams) {
  Terminal terminal = inspect(command.value("--color").value_or("auto"), environment);
  terminal.is_quiet = command.has("--quiet");
  terminal.is_stdout_closed = streams.was_stdout_closed;
  return terminal;
}

StandardStreams open_standard_streams() {
  StandardStreams streams;
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (is_open(fd)) continue;
    if (fd == STDOUT_FILENO) streams.was_stdout_closed = true;
    // The lowest free number is `fd`: those before it are open by now.
    if (::open("/dev/null", O_RDWR) != fd) break;
  }
  return streams;
}

void print_error(const Terminal& terminal, std::string_view message) {
  const bool colored = terminal.is_stderr_colored;
  (void)write_all(STDERR_FILENO, fmt::format("{}error{}: {}\n", colored ? "\x1b[1;31m" : "",
                                             colored ? "\x1b[0m" : "", message));
}

void print_warning(const Terminal& terminal, std::string_view message) {
  if (terminal.is_quiet) return;
  const bool colored = terminal.is_stderr_colored;
  (void)write_all(STDERR_FILENO, fmt::format("{}warning{}: {}\n", colored ? "\x1b[1;33m" : "",
                                             colored ? "\x1b[0m" : "", message));
}

void print_notice(std::string_view text) {
  (void)write_all(STDERR_FILENO, text);
}

void print_result(std::string_view text) {
  (void)write_all(STDOUT_FILENO, text);
}

int exit_code_of(const Error& error) {
  switch (error.kind) {
    case ErrorKind::InvalidInput:
      return exit_usage;
    case ErrorKind::NotFound:
      return exit_not_found;
    case ErrorKind::Disconnected:
    case ErrorKind::TimedOut:
      return exit_unreachable;
    case ErrorKind::Unsupported:
      return exit_version_mismatch;
    case ErrorKind::Busy:
    case ErrorKind::Failed:
      return exit_failed;
  }
  return exit_failed;
}

}  // namespace dora::cli

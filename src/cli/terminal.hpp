#pragma once
// SPDX-License-Identifier: Apache-2.0
// What the two output streams of this program are, and what may be written to them.

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "cli/command_line.hpp"

namespace dora::cli {

/// What open_standard_streams found.
struct StandardStreams {
  bool was_stdout_closed = false;
};

/// Puts /dev/null behind standard streams that were closed when the program began, so that no file
/// opened later takes their numbers. To be called first.
StandardStreams open_standard_streams();

/// A value, decided once at the start.
struct Terminal {
  bool is_stdout_terminal = false;
  bool is_stderr_terminal = false;
  bool is_stdout_colored = false;
  bool is_stderr_colored = false;
  /// Says nothing but errors and results.
  bool is_quiet = false;
  /// The stream was closed when the program began (`>&-`): nothing of it can be shown.
  bool is_stdout_closed = false;

  /// Looks at the streams, at `--color`, `--quiet` and at NO_COLOR, CLICOLOR_FORCE and TERM.
  static Terminal inspect(const ParsedCommand& command, const Environment& environment,
                          const StandardStreams& streams);
  /// The same without a command: `color` is what was typed after `--color`, "auto" by default.
  static Terminal inspect(std::string_view color, const Environment& environment);
};

/// Writes to stderr: "error: <message>", in red when colored.
void print_error(const Terminal& terminal, std::string_view message);
void print_warning(const Terminal& terminal, std::string_view message);
/// Writes `text` to stderr as it is.
void print_notice(std::string_view text);
/// Writes `text` to stdout as it is; a reader that is gone is no failure.
void print_result(std::string_view text);

/// The exit code that belongs to an error outside of a dataflow.
int exit_code_of(const Error& error);

inline constexpr int exit_failed = 1;
inline constexpr int exit_usage = 2;
inline constexpr int exit_invalid_dataflow = 3;
inline constexpr int exit_build_failed = 4;
inline constexpr int exit_unreachable = 5;
inline constexpr int exit_not_found = 6;
inline constexpr int exit_version_mismatch = 7;
inline constexpr int exit_interrupted = 130;

}  // namespace dora::cli

#pragma once
// SPDX-License-Identifier: Apache-2.0
// The words for how a process ended. Pure functions.

#include <string>
#include <vector>

namespace dora::daemon {

/// How a process ended.
struct ExitStatus {
  int code = 0;    ///< when `signal` is 0
  int signal = 0;  ///< 0: it exited by itself
  bool dumped_core = false;
  /// By the kernel, which had no memory left.
  bool ran_out_of_memory = false;

  bool is_success() const { return code == 0 && signal == 0; }
  /// Ended as a program does that was told to: by SIGTERM or SIGINT, or with the exit codes that
  /// shells give for these.
  bool is_termination() const;
  bool operator==(const ExitStatus&) const = default;
};

/// "SIGSEGV"; the number for signals without a common name.
std::string signal_name(int signal);

/// "exited with code 3", "exited because of signal SIGSEGV".
std::string describe(const ExitStatus& status);

/// The part of `lines` (the last lines of a node's standard error, oldest first) that tells why it
/// ended: from the last line on that starts an error report, else the last ten. "[...]" stands for
/// what was left out before.
std::string stderr_excerpt(const std::vector<std::string>& lines);

/// How many lines of standard error are kept for that.
inline constexpr std::size_t kept_stderr_lines = 500;

}  // namespace dora::daemon

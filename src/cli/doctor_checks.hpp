#pragma once
// SPDX-License-Identifier: Apache-2.0
// What `dora doctor` looks at. Each check looks at one thing and says what it is like and, when it
// can be mended by a command, by which.

#include <string>
#include <vector>

#include "cli/command_line.hpp"

namespace dora::cli {

struct Check {
  /// Note: nothing is wrong; something optional is not there.
  enum class Level { Pass, Note, Warn, Fail };
  /// Stable, for scripts: "uv", "python-module", ...
  std::string name;
  Level level = Level::Pass;
  std::string text;
  /// What to do; empty when there is nothing to do.
  std::string advice;
  /// The command that mends it; empty when no command does.
  std::vector<std::string> fix;
};

std::string_view to_text(Check::Level level);

/// This machine: the program, shared memory, the folder of sockets, uv, git.
std::vector<Check> check_machine(const Environment& environment);
/// The Python that nodes get by default, and the packages in it.
std::vector<Check> check_python(const Environment& environment);
/// What runs: daemon, coordinator, dataflows.
/// `environment` has what flags say in the place of variables.
std::vector<Check> check_running(const ParsedCommand& command, const Environment& environment);

}  // namespace dora::cli

#pragma once
// SPDX-License-Identifier: Apache-2.0
// Runs one program of a build and listens to it.

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "build/stop_signal.hpp"

namespace dora::build {

struct Command {
  /// The first is the program: a path, or a name to look for on the PATH of `environment`.
  std::vector<std::string> words;
  std::filesystem::path working_directory;
  /// All that the program sees.
  std::map<std::string, std::string> environment;
};

/// A line that the program printed, whichever of its two streams it took, without its end. Called
/// in the thread that runs the command.
using OnLine = std::function<void(const std::string& line)>;

/// Runs the command to its end, with /dev/null as input and in a session of its own, of which
/// nothing is left afterwards. Blocks.
///
/// Fails when the program cannot be started, does not end with 0 (the message says how it ended),
/// or when `stop` was raised: then it was asked to end, and killed when it did not.
Result<> run_command(const Command& command, const OnLine& on_line, const StopSignal& stop);

/// The same for a program that answers: returns what it printed to its output, without the last
/// line end. What it says besides becomes part of the error when it fails.
Result<std::string> ask_command(const Command& command, const StopSignal& stop);

/// As one would type it.
std::string shown(const Command& command);

}  // namespace dora::build

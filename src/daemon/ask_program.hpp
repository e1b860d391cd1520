#pragma once
// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace dora::daemon {

/// Runs a program that answers with a line (`uv python find`) and returns that line. Nothing when
/// it cannot be run, fails, says nothing or takes longer than `patience`, after which it is killed.
/// Blocks.
std::optional<std::string> ask_program(const std::vector<std::string>& arguments,
                                       const std::filesystem::path& working_directory,
                                       std::chrono::milliseconds patience);

}  // namespace dora::daemon

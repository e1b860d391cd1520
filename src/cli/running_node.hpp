#pragma once
// SPDX-License-Identifier: Apache-2.0
// What the commands of `dora node` and `dora param` have in common: which running dataflow is
// meant.

#include <chrono>

#include "cli/commands.hpp"
#include "cli/control_client.hpp"

namespace dora::cli {

/// The running dataflow that `--dataflow` names, or the only one. Warnings are printed.
Result<RunningDataflow> running_dataflow(const CommandContext& context);

/// Those that run, whichever dora runs them. Warnings are printed.
Result<std::vector<RunningDataflow>> running_dataflows(const CommandContext& context);

/// `--grace`, or what is usual.
Result<std::chrono::nanoseconds> grace_of(const CommandContext& context,
                                          std::chrono::nanoseconds usual);

/// What grace_of() reads. `help` says whose time it is, and what is usual.
constexpr Flag grace_flag(std::string_view help) {
  return {.name = "--grace", .value = "DUR", .help = help, .takes = Flag::Takes::Value};
}

inline constexpr Flag answer_in_json{.name = "--json", .help = "Answer in JSON"};
inline constexpr Argument node_argument{"NODE", "Its id", Argument::Takes::One, Complete::Nodes};

/// Prints what went wrong, if anything, and returns the exit code.
int finish(const CommandContext& context, const Result<>& done);

/// "Running" for "running".
std::string status_word(std::string_view status);

}  // namespace dora::cli

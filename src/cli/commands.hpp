#pragma once
// SPDX-License-Identifier: Apache-2.0
// The subcommands: each returns the exit code of the program.

#include "cli/command_line.hpp"
#include "cli/terminal.hpp"

namespace dora::cli {

/// What a command is given besides its own words.
struct CommandContext {
  const ParsedCommand& command;
  const Environment& environment;
  Terminal terminal;
};

int run(const CommandContext& context);
int stop(const CommandContext& context);
int list(const CommandContext& context);
int validate(const CommandContext& context);

}  // namespace dora::cli

#pragma once
// SPDX-License-Identifier: Apache-2.0
// Help texts, made from the command table.

#include <string>

#include "cli/command_table.hpp"

namespace dora::cli {

/// What `dora` alone shows: the commands that a beginner needs.
std::string beginner_help();
/// What `dora --help` shows: every command on one screen of 24 lines.
std::string general_help();
/// Every command with a line of its own.
std::string all_help();

std::string command_help(const Command& command);
std::string family_help(const Family& family);

/// One line: "usage: dora stop [FLAGS] [NAME_OR_UUID]".
std::string usage(const Command& command);

/// The table in JSON: commands, flags, arguments, examples.
std::string table_as_json();

/// "-f, --format FORMAT"
std::string label(const Flag& flag);
/// "[NAME_OR_UUID]", "PATH...", all of them; empty when the command takes none.
std::string argument_text(const Command& command);

}  // namespace dora::cli

#pragma once
// SPDX-License-Identifier: Apache-2.0
// Help texts, made from the command table.

#include <string>

#include "cli/command_table.hpp"

namespace dora::cli {

/// What `dora help` shows: at most 24 lines, as every text here.
std::string general_help();

std::string command_help(const Command& command);

/// One line: "usage: dora stop [FLAGS] [NAME_OR_UUID]".
std::string usage(const Command& command);

}  // namespace dora::cli

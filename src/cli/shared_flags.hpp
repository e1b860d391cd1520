#pragma once
// SPDX-License-Identifier: Apache-2.0
// Flags that several commands have: the same name, meaning and words everywhere.

#include <array>

#include "cli/command_line.hpp"
#include "cli/command_table.hpp"

namespace dora::cli {

inline constexpr Flag json_flag{.name = "--json", .help = "The same as --format json"};

/// For lists: JSON Lines, one object per line.
inline constexpr Flag format_flag{.name = "--format",
                                  .short_name = "-f",
                                  .value = "FORMAT",
                                  .help = "table, or json: one object per line",
                                  .takes = Flag::Takes::Value,
                                  .choices = "table|json"};

/// Which running dataflow is meant, for commands that take something else as their argument.
inline constexpr Flag dataflow_flag{.name = "--dataflow",
                                    .short_name = "-d",
                                    .value = "NAME",
                                    .help = "The dataflow, by name or UUID [the only one]",
                                    .takes = Flag::Takes::Value,
                                    .complete = Complete::Dataflows};

/// Accepted by every command that looks at dataflows.
inline constexpr std::array<Flag, 2> coordinator_flags{{
    {.name = "--coordinator-addr",
     .value = "IP",
     .takes = Flag::Takes::Value,
     .environment = "DORA_COORDINATOR_ADDR"},
    {.name = "--coordinator-port",
     .value = "PORT",
     .takes = Flag::Takes::Value,
     .environment = "DORA_COORDINATOR_PORT"},
}};

/// Whether the answer is wanted in JSON: `--json` or `--format json`.
inline bool wants_json(const ParsedCommand& command) {
  return command.has("--json") || command.value("--format") == "json";
}

/// The flags of a command, from its own and shared ones.
template <std::size_t... counts>
constexpr auto join_flags(const std::array<Flag, counts>&... lists) {
  std::array<Flag, (counts + ...)> all{};
  std::size_t next = 0;
  const auto append = [&](const auto& list) {
    for (const Flag& flag : list)
      all[next++] = flag;
  };
  (append(lists), ...);
  return all;
}

}  // namespace dora::cli

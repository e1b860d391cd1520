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

/// For answers that are text; `help` says what an object of JSON is.
constexpr Flag text_format_flag(std::string_view help) {
  return {.name = "--format",
          .short_name = "-f",
          .value = "FORMAT",
          .help = help,
          .takes = Flag::Takes::Value,
          .choices = "text|json"};
}

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

/// How a running dataflow ends: which one, and how long its nodes have.
inline constexpr std::array<Flag, 3> ending_flags{{
    {.name = "--name",
     .short_name = "-n",
     .value = "NAME",
     .help = "The same as NAME_OR_UUID",
     .takes = Flag::Takes::Value,
     .complete = Complete::Dataflows},
    {.name = "--grace-duration",
     .value = "DUR",
     .help = "Time that nodes have to end [10s]",
     .takes = Flag::Takes::Value,
     .conflicts = "--force"},
    {.name = "--force", .short_name = "-f", .help = "Kill the nodes at once"},
}};

/// The least level of log messages to show; `run` and `logs` name the flag differently.
constexpr Flag log_level_flag(std::string_view name) {
  return {.name = name,
          .value = "LEVEL",
          .help = "error, warn, info, debug, trace or stdout: least shown [stdout]",
          .takes = Flag::Takes::Value,
          .choices = "error|warn|info|debug|trace|stdout",
          .environment = "DORA_LOG_LEVEL"};
}

/// How log messages are shown.
inline constexpr std::array<Flag, 2> log_display_flags{{
    {.name = "--log-format",
     .value = "FORMAT",
     .help = "pretty, compact or json",
     .takes = Flag::Takes::Value,
     .choices = "pretty|compact|json",
     .environment = "DORA_LOG_FORMAT"},
    {.name = "--log-filter",
     .value = "N=LEVEL,..",
     .help = "Another level for some nodes",
     .takes = Flag::Takes::Value,
     .environment = "DORA_LOG_FILTER",
     .complete = Complete::LogFilter},
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

// SPDX-License-Identifier: Apache-2.0
#include "cli/command_table.hpp"

#include <algorithm>
#include <array>

namespace dora::cli {
namespace {

using Takes = Flag::Takes;

constexpr std::array<Flag, 6> everywhere{{
    {.name = "--help", .short_name = "-h", .help = "This text"},
    {.name = "--version", .short_name = "-V", .help = "The version"},
    {.name = "--color",
     .value = "WHEN",
     .help = "auto, always or never",
     .takes = Takes::Value,
     .environment = "DORA_COLOR"},
    {.name = "--quiet", .short_name = "-q", .help = "Results and errors only"},
    {.name = "--verbose", .short_name = "-v", .help = ""},
    {.name = "--yes", .short_name = "-y", .help = ""},
}};

constexpr std::array<Flag, 20> run_flags{{
    {.name = "--stop-after",
     .value = "DUR",
     .help = "Stop after this time, as Ctrl-C does",
     .takes = Takes::Value},
    {.name = "--grace-duration",
     .value = "DUR",
     .help = "Time that nodes have to end when stopped [10s]",
     .takes = Takes::Value},
    {.name = "--log-level",
     .value = "LEVEL",
     .help = "error, warn, info, debug, trace or stdout: least shown [stdout]",
     .takes = Takes::Value,
     .environment = "DORA_LOG_LEVEL"},
    {.name = "--log-format",
     .value = "FORMAT",
     .help = "pretty, compact or json",
     .takes = Takes::Value,
     .environment = "DORA_LOG_FORMAT"},
    {.name = "--log-filter",
     .value = "N=LEVEL,..",
     .help = "Another level for some nodes",
     .takes = Takes::Value,
     .environment = "DORA_LOG_FILTER"},
    {.name = "--env",
     .value = "KEY=VALUE",
     .help = "A variable for all nodes; may be repeated",
     .takes = Takes::Values},
    {.name = "--exit-when-nodes-finish",
     .value = "BOOL",
     .help = "Timers keep no node alive (also =false)",
     .takes = Takes::OptionalValue},
    {.name = "--allow-shell-nodes", .help = "Allow nodes with `path: shell`"},
    {.name = "--ignore-deploy", .help = "Run here what `deploy:` places elsewhere"},
    {.name = "--uv", .help = "Managed Python environments (not in this version yet)"},
    {.name = "--build", .help = "Run every `build:` again (not yet)", .conflicts = "--no-build"},
    {.name = "--no-build", .help = "Run no `build:`"},
    {.name = "--locked", .help = "Build exactly what the lock file says (not yet)"},
    {.name = "--write-lockfile", .help = "Write the lock file (not yet)", .conflicts = "--locked"},
    {.name = "--lockfile", .value = "PATH", .help = "", .takes = Takes::Value},
    {.name = "--hub-override", .value = "NS/NAME=PATH", .help = "", .takes = Takes::Values},
    {.name = "--name", .short_name = "-n", .value = "NAME", .help = "", .takes = Takes::Value},
    {.name = "--debug", .help = ""},
    {.name = "--coordinator-addr", .value = "IP", .help = "", .takes = Takes::Value},
    {.name = "--coordinator-port", .value = "PORT", .help = "", .takes = Takes::Value},
}};

constexpr std::array<Flag, 6> stop_flags{{
    {.name = "--all", .short_name = "-a", .help = "Stop every dataflow of yours"},
    {.name = "--name",
     .short_name = "-n",
     .value = "NAME",
     .help = "The same as NAME_OR_UUID",
     .takes = Takes::Value},
    {.name = "--grace-duration",
     .value = "DUR",
     .help = "Time that nodes have to end [10s]",
     .takes = Takes::Value,
     .conflicts = "--force"},
    {.name = "--force", .short_name = "-f", .help = "Kill the nodes at once"},
    {.name = "--json", .help = "Answer in JSON Lines"},
    {.name = "--timeout",
     .value = "DUR",
     .help = "Give up waiting after this [grace period and half of it, and 10s]",
     .takes = Takes::Value},
}};

constexpr std::array<Flag, 6> list_flags{{
    {.name = "--format",
     .short_name = "-f",
     .value = "FORMAT",
     .help = "table or json",
     .takes = Takes::Value},
    {.name = "--json", .help = "The same as --format json: one object per line"},
    {.name = "--status",
     .value = "STATUS",
     .help = "Only running, finished or failed ones",
     .takes = Takes::Value},
    {.name = "--name",
     .value = "PATTERN",
     .help = "Only names that contain this, in any case",
     .takes = Takes::Value},
    {.name = "--sort-by", .value = "KEY", .help = "cpu or memory", .takes = Takes::Value},
    {.name = "--uuids", .short_name = "-q", .help = "UUIDs only", .conflicts = "--format"},
}};

constexpr std::array<Flag, 1> validate_flags{{
    {.name = "--json", .help = "Diagnostics as JSON Lines on stdout"},
}};

constexpr std::array<Command, 4> table{{
    {.name = "run",
     .alias = "",
     .group = "Run",
     .summary = "Start a dataflow here and show its output until it ends",
     .argument = {"PATH", "YAML file, or a folder that holds dataflow.yml", 1, 1},
     .flags = run_flags,
     .examples = "dora run dataflow.yml\n"
                 "dora run examples/camera-pipeline --stop-after 10s --log-level info"},
    {.name = "stop",
     .alias = "",
     .group = "Run",
     .summary = "Stop a running dataflow and wait until it has ended",
     .argument = {"NAME_OR_UUID", "May be left out when only one is running", 0, 1},
     .flags = stop_flags,
     .examples = "dora stop\n"
                 "dora stop hello --grace-duration 2s\n"
                 "dora stop --all --force"},
    {.name = "list",
     .alias = "ps",
     .group = "Look",
     .summary = "Show your dataflows, whichever terminal they run in",
     .argument = {},
     .flags = list_flags,
     .examples = "dora list\n"
                 "dora ps --json"},
    {.name = "validate",
     .alias = "",
     .group = "Look",
     .summary = "Check a dataflow without starting anything",
     .argument = {"PATH", "YAML files, or folders that hold dataflow.yml", 1, 1000},
     .flags = validate_flags,
     .examples = "dora validate dataflow.yml"},
}};

constexpr std::array<std::string_view, 35> planned{
    "attach", "build",   "check",   "clean",   "cluster", "completion", "coordinator",
    "daemon", "destroy", "doctor",  "down",    "exec",    "expand",     "explain",
    "graph",  "hub",     "inspect", "logs",    "new",     "node",       "param",
    "record", "replay",  "restart", "runtime", "schema",  "self",       "start",
    "status", "system",  "top",     "topic",   "trace",   "up",         "web"};

}  // namespace

std::span<const Command> commands() {
  return table;
}

const Command* find_command(std::string_view word) {
  const auto found = std::ranges::find_if(table, [&](const Command& command) {
    return command.name == word || (!command.alias.empty() && command.alias == word);
  });
  return found == table.end() ? nullptr : &*found;
}

std::span<const Flag> common_flags() {
  return everywhere;
}

std::span<const std::string_view> planned_commands() {
  return planned;
}

}  // namespace dora::cli

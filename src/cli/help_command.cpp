// SPDX-License-Identifier: Apache-2.0
// `dora help`: what commands there are, what each does, and pages about what they share.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/spelling.hpp"
#include "cli/commands.hpp"
#include "cli/help.hpp"
#include "cli/shared_flags.hpp"
#include "cli/text_layout.hpp"
#include "cli/topics.hpp"
#include "dataflow/error_codes.hpp"

namespace dora::cli {
namespace {

std::string topic_rows() {
  std::string text = "\nTopics\n";
  for (const Topic& topic : topics())
    text += row(topic.name, 10, topic.summary);
  return text;
}

int help(const CommandContext& context) {
  const ParsedCommand& parsed = context.command;
  if (parsed.has("--json")) {
    print_result(table_as_json());
    return 0;
  }
  const std::string name = fmt::format("{}", fmt::join(parsed.arguments(), " "));
  if (name.empty()) {
    print_result(parsed.has("--all") ? all_help() + topic_rows() : general_help());
    return 0;
  }
  if (const Command* command = find_command(name)) {
    print_result(command_help(*command));
    return 0;
  }
  if (const Family* family = find_family(name)) {
    print_result(family_help(*family));
    return 0;
  }
  if (const auto text = topic_text(name)) {
    print_result(*text);
    return 0;
  }
  std::vector<std::string> known;
  for (const Command* command : commands())
    if (!command->is_hidden) known.emplace_back(command->name);
  for (const Topic& topic : topics())
    known.emplace_back(topic.name);
  auto near = closest_match(name, known);
  if (const auto* code = dataflow::find_error_code(name))
    near = fmt::format("dora explain {}", code->code);
  print_error(context.terminal,
              fmt::format("there is no help on `{}`{}", name,
                          near ? fmt::format(", did you mean `{}`?", *near) : std::string()));
  return exit_usage;
}

constexpr Flag help_flags[] = {
    {.name = "--all", .short_name = "-a", .help = "Every command, a line of each"},
    {.name = "--json", .help = "The table of commands and flags as one JSON document"},
};

}  // namespace

constinit const Command help_command{
    .name = "help",
    .group = Group::Help,
    .summary = "Tell more about a command or a topic",
    .arguments = {{{"COMMAND",
                    "A command, such as `run`, or a topic: yaml, modules, building, packages, cpp, "
                    "queues, lifecycle, logs, env, exit-codes, errors",
                    Argument::Takes::AnyNumber, Complete::Topics}}},
    .flags = help_flags,
    .examples =
        "dora help\n"
        "dora help run\n"
        "dora help yaml\n"
        "dora help --all --json",
    .run = help,
};

}  // namespace dora::cli

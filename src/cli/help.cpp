// SPDX-License-Identifier: Apache-2.0
#include "cli/help.hpp"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "base/version.hpp"

namespace dora::cli {
namespace {

std::string argument_of(const Command& command) {
  const Argument& argument = command.argument;
  if (argument.most == 0) return "";
  const std::string name = fmt::format("{}{}", argument.name, argument.most > 1 ? "..." : "");
  return argument.least == 0 ? fmt::format("[{}]", name) : name;
}

std::string label(const Flag& flag) {
  std::string text = flag.short_name.empty() ? "    " : fmt::format("{}, ", flag.short_name);
  text += flag.name;
  if (flag.takes == Flag::Takes::OptionalValue) return text;
  return flag.value.empty() ? text : fmt::format("{} {}", text, flag.value);
}

std::string row(std::string_view left, std::size_t width, std::string_view right) {
  return fmt::format("  {:<{}}  {}\n", left, width, right);
}

std::string indented(std::string_view lines) {
  std::string text;
  while (!lines.empty()) {
    const std::string_view line = lines.substr(0, lines.find('\n'));
    lines.remove_prefix(std::min(lines.size(), line.size() + 1));
    text += fmt::format("  {}\n", line);
  }
  return text;
}

}  // namespace

std::string usage(const Command& command) {
  const std::string argument = argument_of(command);
  return fmt::format("usage: dora {} [FLAGS]{}{}", command.name, argument.empty() ? "" : " ",
                     argument);
}

std::string command_help(const Command& command) {
  std::string text = fmt::format("{}\n{}.\n\n", usage(command), command.summary);
  constexpr std::string_view common = "-h, --color WHEN, --quiet";
  std::size_t width = std::max(argument_of(command).size(), common.size());
  for (const Flag& flag : command.flags)
    if (!flag.help.empty()) width = std::max(width, label(flag).size());
  if (command.argument.most > 0) text += row(argument_of(command), width, command.argument.help);
  for (const Flag& flag : command.flags)
    if (!flag.help.empty()) text += row(label(flag), width, flag.help);
  text += row(common, width, "As everywhere: `dora help`");
  return text + "\nexamples:\n" + indented(command.examples);
}

std::string general_help() {
  std::string text =
      "dora: dataflows of processes that exchange Apache Arrow arrays\n\n"
      "usage: dora COMMAND [FLAGS] [ARGUMENTS]\n";
  std::string_view group;
  for (const Command& command : commands()) {
    if (command.group != group) text += fmt::format("\n{}\n", command.group);
    group = command.group;
    const std::string argument = argument_of(command);
    text += row(fmt::format("{}{}{} {}", command.name, command.alias.empty() ? "" : ", ",
                            command.alias, argument),
                20, command.summary);
  }
  text += row("help COMMAND", 20, "Tell more about a command");
  text += "\nEverywhere\n";
  for (const Flag& flag : common_flags())
    if (!flag.help.empty()) text += row(label(flag), 20, flag.help);
  text += "\nexamples:\n";
  for (const Command& command : commands())
    text += indented(command.examples.substr(0, command.examples.find('\n')));
  return text;
}

}  // namespace dora::cli

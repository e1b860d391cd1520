// SPDX-License-Identifier: Apache-2.0
#include "cli/help.hpp"

#include <algorithm>

#include <boost/json.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/version.hpp"
#include "cli/text_layout.hpp"

namespace dora::cli {
namespace {

namespace json = boost::json;

constexpr std::size_t widest_label = 26;
constexpr std::size_t beginner_commands = 5;

constexpr Group groups[] = {Group::Write,  Group::Run,      Group::Look,
                            Group::Record, Group::Machines, Group::Help};

std::vector<std::string> alias_names(const Command& command) {
  std::vector<std::string> names;
  for (const std::string_view alias : command.aliases)
    if (!alias.empty()) names.emplace_back(alias);
  return names;
}

// "list, ps"
std::string names_of(const Command& command) {
  std::string text(command.name);
  for (const std::string& alias : alias_names(command))
    text += ", " + alias;
  return text;
}

std::string first_word(std::string_view text) {
  return std::string(text.substr(0, text.find(' ')));
}

// The commands of a group, one word each: "run, stop, topic".
std::vector<std::string> words_of(Group group) {
  std::vector<std::string> words;
  for (const Command* command : commands()) {
    if (command->group != group || command->is_hidden) continue;
    std::string word = find_family(first_word(command->name)) ? first_word(command->name)
                                                              : std::string(command->name);
    if (std::ranges::find(words, word) == words.end()) words.push_back(std::move(word));
  }
  return words;
}

std::string command_row(const Command& command, std::size_t width) {
  const std::string arguments = argument_text(command);
  return row(fmt::format("{}{}{}", names_of(command), arguments.empty() ? "" : " ", arguments),
             width, command.summary);
}

std::string flag_rows(std::span<const Flag> flags) {
  std::size_t width = 0;
  for (const Flag& flag : flags)
    if (!flag.help.empty() && label(flag).size() <= widest_label)
      width = std::max(width, label(flag).size());
  std::string text;
  for (const Flag& flag : flags) {
    if (flag.help.empty()) continue;
    std::string explanation(flag.help);
    if (!flag.environment.empty()) explanation += fmt::format(" ({})", flag.environment);
    text += row(label(flag), width, explanation);
  }
  return text;
}

json::array to_json(std::span<const Flag> flags) {
  json::array result;
  for (const Flag& flag : flags) {
    json::object each = {{"name", flag.name}, {"help", flag.help}};
    if (!flag.short_name.empty()) each["short"] = flag.short_name;
    each["takes_value"] = flag.takes != Flag::Takes::Nothing;
    if (!flag.value.empty()) each["value"] = flag.value;
    each["is_repeatable"] = flag.takes == Flag::Takes::Values;
    if (!flag.choices.empty()) each["choices"] = json::value_from(split_choices(flag.choices));
    if (!flag.environment.empty()) each["environment"] = flag.environment;
    if (!flag.conflicts.empty()) each["conflicts"] = flag.conflicts;
    result.push_back(std::move(each));
  }
  return result;
}

json::object to_json(const Command& command) {
  json::array arguments;
  for (const Argument& argument : command.own_arguments()) {
    const bool is_optional =
        argument.takes == Argument::Takes::Optional || argument.takes == Argument::Takes::AnyNumber;
    const bool is_repeatable =
        argument.takes == Argument::Takes::Several || argument.takes == Argument::Takes::AnyNumber;
    arguments.push_back({{"name", argument.name},
                         {"help", argument.help},
                         {"is_required", !is_optional},
                         {"is_repeatable", is_repeatable}});
  }
  json::array examples;
  for (std::string_view rest = command.examples; !rest.empty();) {
    const auto end = rest.find('\n');
    examples.push_back(json::value(rest.substr(0, end)));
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  return {{"name", command.name},
          {"aliases", json::value_from(alias_names(command))},
          {"group", to_text(command.group)},
          {"summary", command.summary},
          {"description", command.description},
          {"usage", usage(command)},
          {"arguments", std::move(arguments)},
          {"flags", to_json(command.flags)},
          {"examples", std::move(examples)}};
}

}  // namespace

std::string argument_text(const Command& command) {
  std::string text;
  for (const Argument& argument : command.own_arguments()) {
    if (!text.empty()) text += ' ';
    switch (argument.takes) {
      case Argument::Takes::One:
        text += argument.name;
        break;
      case Argument::Takes::Optional:
        text += fmt::format("[{}]", argument.name);
        break;
      case Argument::Takes::Several:
        text += fmt::format("{}...", argument.name);
        break;
      case Argument::Takes::AnyNumber:
        text += fmt::format("[{}...]", argument.name);
        break;
    }
  }
  return text;
}

std::string label(const Flag& flag) {
  std::string text = flag.short_name.empty() ? "    " : fmt::format("{}, ", flag.short_name);
  text += flag.name;
  if (flag.value.empty()) return text;
  return flag.takes == Flag::Takes::OptionalValue ? fmt::format("{}[={}]", text, flag.value)
                                                  : fmt::format("{} {}", text, flag.value);
}

std::string usage(const Command& command) {
  const std::string arguments = argument_text(command);
  return fmt::format("usage: dora {} [FLAGS]{}{}", command.name, arguments.empty() ? "" : " ",
                     arguments);
}

std::string command_help(const Command& command) {
  std::string text = fmt::format("{}\n", usage(command));
  text += wrap(fmt::format("{}.", command.summary));
  if (const auto names = alias_names(command); !names.empty())
    text += fmt::format("Also: dora {}\n", fmt::join(names, ", dora "));
  if (!command.description.empty()) text += "\n" + wrap(command.description);
  const auto arguments = command.own_arguments();
  if (!arguments.empty()) {
    std::size_t width = 0;
    for (const Argument& argument : arguments)
      width = std::max(width, argument.name.size());
    text += "\narguments:\n";
    for (const Argument& argument : arguments)
      text += row(argument.name, width, argument.help);
  }
  const std::string flags = flag_rows(command.flags);
  if (!flags.empty()) text += "\nflags:\n" + flags;
  text += "\n";
  text += wrap("Every command takes --help, --color WHEN and --quiet: `dora help`.");
  return text + "\nexamples:\n" + indented(command.examples);
}

std::string family_help(const Family& family) {
  std::string text = fmt::format("usage: dora {} COMMAND [FLAGS] [ARGUMENTS]\n{}.\n\n", family.name,
                                 family.summary);
  std::size_t width = 0;
  const auto size = [](const Command& command) {
    return command.name.size() + 1 + argument_text(command).size();
  };
  for (const Command* command : commands_of(family))
    if (!command->is_hidden && size(*command) <= widest_label)
      width = std::max(width, size(*command));
  for (const Command* command : commands_of(family)) {
    if (command->is_hidden) continue;
    text +=
        row(fmt::format("{} {}", command->name, argument_text(*command)), width, command->summary);
  }
  return text + fmt::format("\n`dora {} COMMAND --help` tells more.\n", family.name);
}

std::string beginner_help() {
  std::string text = "dora: dataflows of processes that exchange Apache Arrow arrays\n\n";
  constexpr std::string_view useful[] = {"new",    "run",  "web",      "logs",
                                         "doctor", "list", "validate", "stop"};
  std::size_t shown = 0;
  for (const std::string_view name : useful) {
    const Command* command = find_command(name);
    if (command == nullptr || shown == beginner_commands) continue;
    text += command_row(*command, 20);
    ++shown;
  }
  return text + "\n`dora help` for all, `dora COMMAND --help` for one.\n";
}

std::string general_help() {
  std::string text = fmt::format(
      "dora {}: dataflows of processes that exchange Apache Arrow arrays\n\n"
      "usage: dora COMMAND [FLAGS] [ARGUMENTS]\n\n",
      version());
  for (const Group group : groups) {
    const auto words = words_of(group);
    if (!words.empty()) text += row(to_text(group), 9, fmt::format("{}", fmt::join(words, ", ")));
  }
  text += "\n" + flag_rows(common_flags());
  text += "\nexamples:\n";
  for (const std::string_view example :
       {"dora new hello", "dora run hello", "dora run dataflow.yml --stop-after 10s"})
    if (find_command(first_word(example.substr(5)))) text += fmt::format("  {}\n", example);
  return text + "\n`dora COMMAND --help` tells more of one, `dora help --all` a line of each.\n";
}

std::string all_help() {
  std::string text = "usage: dora COMMAND [FLAGS] [ARGUMENTS]\n";
  for (const Group group : groups) {
    std::string rows;
    for (const Command* command : commands())
      if (command->group == group && !command->is_hidden)
        rows += command_row(*command, widest_label);
    if (!rows.empty()) text += fmt::format("\n{}\n{}", to_text(group), rows);
  }
  return text + "\nEverywhere\n" + flag_rows(common_flags());
}

std::string table_as_json() {
  json::array all;
  for (const Command* command : commands())
    if (!command->is_hidden) all.push_back(to_json(*command));
  json::array family_list;
  for (const Family& family : families())
    family_list.push_back({{"name", family.name}, {"summary", family.summary}});
  return json::serialize(json::value{{"schema_version", 1},
                                     {"program", "dora"},
                                     {"version", version()},
                                     {"common_flags", to_json(common_flags())},
                                     {"families", std::move(family_list)},
                                     {"commands", std::move(all)}}) +
         "\n";
}

}  // namespace dora::cli

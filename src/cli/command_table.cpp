// SPDX-License-Identifier: Apache-2.0
#include "cli/command_table.hpp"

#include <algorithm>

#include "cli/commands.hpp"

namespace dora::cli {
namespace {

using Takes = Flag::Takes;

constexpr Flag everywhere[] = {
    {.name = "--help", .short_name = "-h", .help = "This text"},
    {.name = "--version", .short_name = "-V", .help = "The version"},
    {.name = "--color",
     .value = "WHEN",
     .help = "auto, always or never",
     .takes = Takes::Value,
     .choices = "auto|always|never",
     .environment = "DORA_COLOR"},
    {.name = "--quiet", .short_name = "-q", .help = "Results and errors only"},
    {.name = "--verbose", .short_name = "-v", .help = ""},
    {.name = "--yes", .short_name = "-y", .help = ""},
};

// In the order of the help, group by group.
constexpr const Command* table[] = {
    &new_command,
    &validate_command,
    &build_command,
    &graph_command,
    &expand_command,
    &schema_command,
    &hub_search_command,
    &hub_info_command,
    &hub_list_command,
    &hub_outdated_command,
    &hub_update_command,
    &hub_fetch_command,
    &hub_init_command,
    &hub_publish_command,
    &hub_yank_command,
    &hub_install_command,
    &run_command,
    &start_command,
    &stop_command,
    &restart_command,
    &list_command,
    &logs_command,
    &attach_command,
    &exec_command,
    &status_command,
    &clean_command,
    &node_list_command,
    &node_info_command,
    &node_restart_command,
    &node_stop_command,
    &node_add_command,
    &node_remove_command,
    &node_replace_command,
    &node_connect_command,
    &node_disconnect_command,
    &param_list_command,
    &param_get_command,
    &param_set_command,
    &param_delete_command,
    &up_command,
    &down_command,
    &daemon_command,
    &doctor_command,
    &explain_command,
    &completion_command,
    &complete_command,
    &self_cmake_dir_command,
    &self_update_command,
    &self_uninstall_command,
    &help_command,
    &runtime_command,
};

constexpr Family family_table[] = {
    {"topic", "Messages of running dataflows"},
    {"node", "Nodes of running dataflows"},
    {"param", "Parameters of running nodes"},
    {"system", "The parts of dora that run"},
    {"trace", "What happened to a message on its way"},
    {"hub", "Packages of nodes"},
    {"cluster", "Several machines"},
    {"self", "This installation"},
};

constexpr std::string_view planned[] = {"cluster", "coordinator", "inspect", "record", "replay",
                                        "top",     "topic",       "trace",   "web"};

}  // namespace

constinit const Flag plain_format{
    .name = "--format", .value = "FORMAT", .takes = Takes::Value, .choices = "text|table|json"};

std::string_view to_text(Group group) {
  switch (group) {
    case Group::Write:
      return "Write";
    case Group::Run:
      return "Run";
    case Group::Look:
      return "Look";
    case Group::Record:
      return "Record";
    case Group::Machines:
      return "Machines";
    case Group::Help:
      return "Help";
  }
  return "";
}

std::span<const Argument> Command::own_arguments() const {
  const auto end = std::ranges::find(arguments, std::string_view(), &Argument::name);
  return {arguments.begin(), end};
}

std::span<const Command* const> commands() {
  return table;
}

std::span<const Family> families() {
  // Families whose commands all come later are not told yet.
  static const std::vector<Family> known = [] {
    std::vector<Family> result;
    for (const Family& family : family_table)
      if (!commands_of(family).empty()) result.push_back(family);
    return result;
  }();
  return known;
}

const Command* find_command(std::string_view name) {
  const auto found = std::ranges::find_if(table, [&](const Command* command) {
    return command->name == name ||
           (!name.empty() && std::ranges::find(command->aliases, name) != command->aliases.end());
  });
  return found == std::end(table) ? nullptr : *found;
}

const Family* find_family(std::string_view name) {
  const auto found = std::ranges::find(families(), name, &Family::name);
  return found == families().end() ? nullptr : &*found;
}

std::vector<const Command*> commands_of(const Family& family) {
  std::vector<const Command*> result;
  const std::string prefix = std::string(family.name) + " ";
  for (const Command* command : table)
    if (command->name.starts_with(prefix)) result.push_back(command);
  return result;
}

std::span<const Flag> common_flags() {
  return everywhere;
}

const Flag* find_flag(std::span<const Flag> flags, std::string_view word) {
  const auto found = std::ranges::find_if(flags, [&](const Flag& flag) {
    return flag.name == word || (!flag.short_name.empty() && flag.short_name == word);
  });
  return found == flags.end() ? nullptr : &*found;
}

const Flag* find_flag(const Command& command, std::string_view word) {
  if (const Flag* flag = find_flag(command.flags, word)) return flag;
  if (word == plain_format.name && find_flag(command.flags, "--json")) return &plain_format;
  return find_flag(common_flags(), word);
}

std::vector<std::string> split_choices(std::string_view choices) {
  std::vector<std::string> result;
  while (!choices.empty()) {
    const auto end = choices.find('|');
    result.emplace_back(choices.substr(0, end));
    choices.remove_prefix(end == std::string_view::npos ? choices.size() : end + 1);
  }
  return result;
}

bool is_planned_command(std::string_view word) {
  return std::ranges::find(planned, word) != std::end(planned);
}

}  // namespace dora::cli

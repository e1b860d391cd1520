// SPDX-License-Identifier: Apache-2.0
// `dora expand`: a dataflow with its modules replaced by their nodes.
#include <boost/json.hpp>
#include <fmt/format.h>

#include "cli/commands.hpp"
#include "cli/dataflow_file.hpp"
#include "cli/pretty_json.hpp"
#include "cli/shared_flags.hpp"
#include "cli/yaml_text.hpp"
#include "dataflow/json.hpp"
#include "dataflow/load.hpp"

namespace dora::cli {
namespace {

namespace json = boost::json;

// Leaves out what says nothing: keys without value, and what holds without them.
void prune(json::value& value) {
  if (auto* list = value.if_array()) {
    for (json::value& each : *list)
      prune(each);
    return;
  }
  auto* map = value.if_object();
  if (map == nullptr) return;
  std::vector<std::string> empty;
  for (auto& [key, each] : *map) {
    prune(each);
    const bool is_empty = each.is_null() || (each.is_array() && each.get_array().empty()) ||
                          (each.is_object() && each.get_object().empty());
    const bool is_default = (key == "restart_policy" && each == "never") ||
                            (key == "max_restarts" && each == 0) ||
                            (key == "health_check_interval" && each == 5.0) ||
                            (key == "enable_debug_inspection" && each == false);
    if ((is_empty && key != "nodes") || is_default) empty.emplace_back(key);
  }
  // Keeps the order of the others, which erase() does not.
  for (const std::string& key : empty)
    map->stable_erase(map->find(key));
}

int expand_module(const CommandContext& context, const std::string& path) {
  dataflow::LoadResult loaded = dataflow::load_module(path);
  print_diagnostics(loaded, context.terminal, "");
  if (!loaded.dataflow) return exit_invalid_dataflow;
  print_result(fmt::format("Module file is valid: {}\n", path));
  return 0;
}

int expand(const CommandContext& context) {
  const std::string& path = context.command.arguments().front();
  if (context.command.has("--module")) return expand_module(context, path);
  int exit_code = 0;
  const auto file = load_dataflow_file(path, context.terminal, exit_code);
  if (!file) return exit_code;
  print_diagnostics(file->loaded, context.terminal, "");
  if (!file->loaded.dataflow) return exit_invalid_dataflow;
  json::value value = json::parse(dataflow::to_json(*file->loaded.dataflow));
  prune(value);
  print_result(wants_json(context.command) ? pretty_json(value) : yaml_text(value));
  return 0;
}

constexpr Flag expand_flags[] = {
    {.name = "--module", .help = "Check a module file instead"},
    {.name = "--format",
     .short_name = "-f",
     .value = "FORMAT",
     .help = "yaml, or json: one document",
     .takes = Flag::Takes::Value,
     .choices = "yaml|json"},
    json_flag,
};

}  // namespace

constinit const Command expand_command{
    .name = "expand",
    .aliases = {"config"},
    .group = Group::Write,
    .summary = "Print a dataflow with its modules replaced by their nodes",
    .arguments = {{{"PATH", "The YAML file, or a folder that holds dataflow.yml",
                    Argument::Takes::One, Complete::DataflowFiles}}},
    .flags = expand_flags,
    .description =
        "The result is a dataflow that does the same. Environment variables are replaced, sources "
        "and timers are in their normal form.",
    .examples =
        "dora expand dataflow.yml\n"
        "dora expand --module camera.module.yml # checks the module",
    .run = expand,
};

}  // namespace dora::cli

// SPDX-License-Identifier: Apache-2.0
// `dora validate`: what is wrong with dataflow files, without starting anything.
#include <algorithm>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "cli/commands.hpp"
#include "cli/dataflow_file.hpp"
#include "cli/help.hpp"
#include "cli/packages.hpp"
#include "cli/shared_flags.hpp"
#include "dataflow/environment.hpp"
#include "dataflow/program_check.hpp"
#include "hub/manifest.hpp"

namespace dora::cli {
namespace {

namespace json = boost::json;
using dataflow::Diagnostic;

std::string to_json_line(const Diagnostic& diagnostic) {
  const bool is_error = diagnostic.severity == dataflow::Severity::Error;
  const json::value line = {
      {"schema_version", 1},         {"severity", is_error ? "error" : "warning"},
      {"code", diagnostic.code},     {"message", diagnostic.message},
      {"file", diagnostic.file},     {"line", diagnostic.line},
      {"column", diagnostic.column}, {"length", diagnostic.length},
      {"label", diagnostic.label},   {"help", diagnostic.help}};
  return json::serialize(line) + "\n";
}

int validate_manifest(const CommandContext& context, const std::string& path) {
  const hub::LoadedManifest loaded = hub::load_manifest(path);
  if (wants_json(context.command)) {
    std::string text;
    for (const Diagnostic& each : loaded.diagnostics)
      text += to_json_line(each);
    print_result(text);
  } else {
    const bool is_loud = !context.terminal.is_quiet;
    if (is_loud) print_result(fmt::format("Validating node manifest {}...\n", path));
    print_diagnostics({.diagnostics = loaded.diagnostics}, context.terminal, "");
    if (is_loud && loaded.manifest) print_result("Node manifest OK.\n");
  }
  return loaded.manifest ? 0 : exit_invalid_dataflow;
}

void print_json(const DataflowFile& file, const dataflow::TypeReport& types) {
  std::string text;
  for (const auto* list : {&file.loaded.diagnostics, &types.diagnostics})
    for (const Diagnostic& each : *list)
      text += to_json_line(each);
  print_result(text);
}

// The programs that nobody looked for, because `build` is to make them.
std::string not_looked_for(const dataflow::Dataflow& dataflow) {
  std::string text;
  const auto add = [&](const std::string& path, const std::string& who) {
    const std::filesystem::path file =
        dataflow.base_directory / dataflow::expand_path(path, dataflow::process_environment());
    std::error_code error;
    if (path.empty() || std::filesystem::exists(file, error)) return;
    text += fmt::format("note: `{}` of {} was not looked for, as its `build` may make it\n",
                        dataflow::shown(path), who);
  };
  for (const dataflow::Node& node : dataflow.nodes) {
    const std::string who = fmt::format("node `{}`", node.id.text());
    if (node.kind == dataflow::NodeKind::Program && node.build && !node.git) add(node.path, who);
    for (const dataflow::Operator& each : node.operators) {
      const auto file = dataflow::operator_file(each);
      if (each.build && file) add(*file, fmt::format("operator `{}` of {}", each.id, who));
    }
  }
  return text;
}

void print_text(const DataflowFile& file, const dataflow::TypeReport& types,
                const Terminal& terminal) {
  const auto say = [&](const std::string& text) {
    if (!terminal.is_quiet) print_result(text);
  };
  say(fmt::format("Validating {}...\n", file.path.string()));
  print_diagnostics(file.loaded, terminal, "");
  if (!file.loaded.dataflow) {
    print_diagnostics({.diagnostics = types.diagnostics}, terminal, "");
    return;
  }
  if (!terminal.is_quiet) print_notice(not_looked_for(*file.loaded.dataflow));
  say("Input/output wiring OK.\nDescriptor config OK.\n");
  if (types.diagnostics.empty()) {
    say("All type annotations OK.\n");
  } else {
    say("Type warnings:\n");
    print_diagnostics({.diagnostics = types.diagnostics}, terminal, "");
    say(fmt::format("{} type warning(s) found.\n", types.diagnostics.size()));
  }
  std::string inferred;
  for (const std::string& each : types.inferred)
    inferred += fmt::format("  {}\n", each);
  if (!inferred.empty()) say("Inferred types:\n" + inferred);
}

int validate(const CommandContext& context) {
  const auto manifest = context.command.value("--node-manifest");
  const bool has_files = !context.command.arguments().empty();
  if (manifest.has_value() == has_files) {
    print_error(context.terminal,
                has_files ? "`--node-manifest` takes the place of PATH: give one of them"
                          : "`dora validate` needs PATH: YAML files, or folders that hold "
                            "dataflow.yml");
    print_notice(usage(validate_command) + "\n`dora validate --help` tells more\n");
    return exit_usage;
  }
  if (manifest) return validate_manifest(context, *manifest);
  int worst = 0;
  for (const std::string& typed : context.command.arguments()) {
    int exit_code = 0;
    auto file = load_dataflow_file(typed, context.terminal, exit_code);
    if (!file) {
      worst = std::max(worst, exit_code);
      continue;
    }
    look_at_packages(*file, context.command.has("--offline"));
    dataflow::TypeReport types;
    if (file->loaded.dataflow)
      types = check_types_of(*file->loaded.dataflow, context.command.has("--strict-types"));
    check_programs(file->loaded, context.environment);
    if (!file->loaded.dataflow || dataflow::has_errors(types.diagnostics))
      worst = exit_invalid_dataflow;
    if (wants_json(context.command)) {
      print_json(*file, types);
    } else {
      print_text(*file, types, context.terminal);
    }
  }
  return worst;
}

constexpr Flag validate_flags[] = {
    {.name = "--strict-types",
     .help = "Make warnings about types errors",
     .conflicts = "--node-manifest"},
    {.name = "--node-manifest",
     .value = "PATH",
     .help = "Check a node manifest, dora-node.yml, instead of a dataflow",
     .takes = Flag::Takes::Value,
     .complete = Complete::Files},
    {.name = "--offline", .help = "Fetch no index of packages", .conflicts = "--node-manifest"},
    text_format_flag("text, or json: one object per diagnostic and line"),
    json_flag,
};

}  // namespace

constinit const Command validate_command{
    .name = "validate",
    .group = Group::Write,
    .summary = "Check a dataflow without starting anything",
    .arguments = {{{"PATH", "YAML files, or folders that hold dataflow.yml",
                    Argument::Takes::AnyNumber, Complete::DataflowFiles}}},
    .flags = validate_flags,
    .description =
        "Reads the files, their modules and their types, looks for the programs they name, and "
        "tells all that is wrong at once, with line and column. `dora explain CODE` says more "
        "about a code. Ends with 0 when all files are right, else with 3.",
    .examples =
        "dora validate dataflow.yml\n"
        "dora validate robots/*.yml --strict-types\n"
        "dora validate dataflow.yml --json # for editors and scripts\n"
        "dora validate --node-manifest dora-node.yml # of a package that others use",
    .run = validate,
};

}  // namespace dora::cli

// SPDX-License-Identifier: Apache-2.0
// `dora validate`: what is wrong with dataflow files, without starting anything.
#include <boost/json.hpp>
#include <fmt/format.h>

#include "cli/commands.hpp"
#include "cli/dataflow_file.hpp"

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

int validate(const CommandContext& context) {
  const bool as_json = context.command.has("--json");
  int worst = 0;
  for (const std::string& typed : context.command.arguments()) {
    int exit_code = 0;
    const auto file = read_dataflow_file(typed, context.terminal, context.environment, exit_code);
    if (!file) {
      worst = exit_code;
      continue;
    }
    if (!file->loaded.dataflow) worst = exit_invalid_dataflow;
    if (as_json) {
      for (const Diagnostic& each : file->loaded.diagnostics)
        print_result(to_json_line(each));
      continue;
    }
    print_diagnostics(file->loaded, context.terminal, "");
    if (file->loaded.dataflow && !context.terminal.is_quiet) {
      print_result(fmt::format("{}: ok, {} nodes\n", file->path.string(),
                               file->loaded.dataflow->nodes.size()));
    }
  }
  return worst;
}

constexpr Flag flags[] = {
    {.name = "--json", .help = "Diagnostics as JSON Lines on stdout"},
};

}  // namespace

constinit const Command validate_command{
    .name = "validate",
    .group = Group::Write,
    .summary = "Check a dataflow without starting anything",
    .arguments = {{{"PATH", "YAML files, or folders that hold dataflow.yml",
                    Argument::Takes::Several, Complete::DataflowFiles}}},
    .flags = flags,
    .examples = "dora validate dataflow.yml",
    .run = validate,
};

}  // namespace dora::cli

// SPDX-License-Identifier: Apache-2.0
// `dora schema`: the form of dataflow files, for editors.
#include "dataflow/schema.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/spelling.hpp"
#include "cli/commands.hpp"
#include "cli/pretty_json.hpp"

namespace dora::cli {
namespace {

int schema(const CommandContext& context) {
  const auto& arguments = context.command.arguments();
  const std::string kind = arguments.empty() ? "dataflow" : arguments.front();
  if (kind != "dataflow" && kind != "module") {
    const std::string known[] = {"dataflow", "module"};
    const auto near = closest_match(kind, known);
    print_error(context.terminal,
                fmt::format("there is no schema of `{}`: use dataflow or module{}", kind,
                            near ? fmt::format(", did you mean `{}`?", *near) : ""));
    return exit_usage;
  }
  const auto what =
      kind == "module" ? dataflow::SchemaOf::ModuleFile : dataflow::SchemaOf::Dataflow;
  print_result(pretty_json(boost::json::parse(dataflow::json_schema(what))));
  return 0;
}

constexpr Flag schema_flags[] = {
    {.name = "--json"},  // It is JSON anyway.
};

}  // namespace

constinit const Command schema_command{
    .name = "schema",
    .group = Group::Write,
    .summary = "Print the JSON schema of dataflow files, for editors",
    .arguments = {{{"KIND", "dataflow (the default), or module: files that `module:` names",
                    Argument::Takes::Optional, Complete::Nothing, "dataflow|module"}}},
    .flags = schema_flags,
    .description =
        "A JSON schema (draft-07) with every key, its meaning and its values. An editor that "
        "knows it completes keys, shows what they mean and underlines those that do not exist. "
        "The wheel carries the same text: `dora/dataflow.schema.json` in the Python package.\n\n"
        "For the YAML language server (VS Code, Neovim, ...) save it, and begin the dataflow with "
        "`# yaml-language-server: $schema=dataflow.schema.json`; `dora new` does that.",
    .examples =
        "dora schema > dataflow.schema.json\n"
        "dora schema module",
    .run = schema,
};

}  // namespace dora::cli

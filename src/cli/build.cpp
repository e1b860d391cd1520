// SPDX-License-Identifier: Apache-2.0
// `dora build`: fetches the nodes of a dataflow and runs their `build:` commands.
#include <boost/json.hpp>

#include "cli/build_session.hpp"
#include "cli/commands.hpp"
#include "cli/daemon_address.hpp"
#include "cli/dataflow_file.hpp"
#include "cli/packages.hpp"
#include "cli/shared_flags.hpp"
#include "daemon/process_tree.hpp"

namespace dora::cli {
namespace {

namespace json = boost::json;

json::object to_json(const daemon::NodePlaces& places) {
  json::object nodes;
  for (const auto& [node, place] : places) {
    json::object each;
    const auto add = [&](std::string_view key, const std::filesystem::path& path) {
      each[key] = path.empty() ? json::value() : json::value(path.string());
    };
    add("working_directory", place.working_directory);
    add("python_environment", place.python_environment);
    add("program", place.program);
    nodes[node] = std::move(each);
  }
  return {{"schema_version", 1}, {"nodes", std::move(nodes)}};
}

int build(const CommandContext& context) {
  const Terminal& terminal = context.terminal;
  const auto sources = parse_source_flags(context.command);
  if (!sources) {
    print_error(terminal, sources.error().message);
    return exit_usage;
  }
  // There is nobody to build elsewhere, but a wrong address is told.
  if (const auto address = daemon_address(context.command, context.environment); !address) {
    print_error(terminal, address.error().message);
    return exit_code_of(address.error());
  }
  int exit_code = 0;
  // Programs are not looked for: building may be what makes them.
  auto file = load_dataflow_file(context.command.arguments().front(), terminal, exit_code);
  if (!file) return exit_code;
  print_diagnostics(file->loaded, terminal, ", nothing was built");
  if (!file->loaded.dataflow) return exit_invalid_dataflow;
  if (const auto end = find_packages(*file, *sources, hub::IndexFetcher::Ask::Always, terminal,
                                     ", nothing was built"))
    return *end;
  const auto types = check_types_of(*file->loaded.dataflow, context.command.has("--strict-types"));
  print_diagnostics({.diagnostics = types.diagnostics}, terminal, ", nothing was built");
  if (dataflow::has_errors(types.diagnostics)) return exit_invalid_dataflow;
  daemon::NodePlaces places;
  const bool as_json = wants_json(context.command);
  const auto code = run_behind_front(
      [&](const FrontLink& front) {
        const BuildEnd end = build_dataflow(*file->loaded.dataflow,
                                            {.file = file->path,
                                             .when = build::BuildOptions::When::Always,
                                             .uses_uv = context.command.has("--uv"),
                                             .is_parallel = context.command.has("--parallel"),
                                             .sources = *sources,
                                             .prints_to_stdout = !as_json},
                                            terminal, front, places);
        if (as_json && end == BuildEnd::Built)
          print_result(json::serialize(to_json(places)) + "\n");
        return exit_code_of(end);
      },
      [](EngineEnd) { daemon::kill_descendants(); });
  if (!code) {
    print_error(terminal, code.error().message);
    return exit_failed;
  }
  return *code;
}

constexpr auto build_flags =
    join_flags(std::array<Flag, 5>{{
                   {.name = "--uv", .help = "Give each Python node an environment of its own"},
                   {.name = "--parallel", .help = "Build nodes beside each other"},
                   {.name = "--local", .help = ""},
                   {.name = "--strict-types", .help = "Make warnings about types errors"},
                   {.name = "--json", .help = "Tell where the nodes will run, as one object"},
               }},
               source_flags, coordinator_flags);

}  // namespace

constinit const Command build_command{
    .name = "build",
    .group = Group::Write,
    .summary = "Fetch and build the nodes of a dataflow",
    .arguments = {{{"PATH", "YAML file, or a folder that holds dataflow.yml", Argument::Takes::One,
                    Complete::DataflowFiles}}},
    .flags = build_flags,
    .description =
        "Clones the repositories of nodes with `git:` and downloads those whose `path:` is a URL. "
        "Then runs the `build:` commands of every node, one line after the other, in the folder of "
        "the dataflow or in the clone. The first that fails ends the build with exit code 4. What "
        "was built is remembered in out/<name>.dora-session.yaml: `dora run` builds again only "
        "what changed.\n\n"
        "With --uv each Python node gets a virtual environment, .dora/python-envs/<node>, into "
        "which its `pip install` lines install; `dora run --uv` runs it there.",
    .examples =
        "dora build dataflow.yml\n"
        "dora build --uv dataflow.yml\n"
        "dora build --write-lockfile dataflow.yml\n"
        "dora build --locked dataflow.yml",
    .run = build,
};

}  // namespace dora::cli

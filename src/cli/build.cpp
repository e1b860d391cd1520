// SPDX-License-Identifier: Apache-2.0
// `dora build`: fetches the nodes of a dataflow and runs their `build:` commands.
#include "cli/build_session.hpp"
#include "cli/commands.hpp"
#include "cli/dataflow_file.hpp"
#include "cli/shared_flags.hpp"
#include "daemon/process_tree.hpp"

namespace dora::cli {
namespace {

int build(const CommandContext& context) {
  const Terminal& terminal = context.terminal;
  const auto sources = parse_source_flags(context.command);
  if (!sources) {
    print_error(terminal, sources.error().message);
    return exit_usage;
  }
  int exit_code = 0;
  // Programs are not looked for: building may be what makes them.
  const auto file = load_dataflow_file(context.command.arguments().front(), terminal, exit_code);
  if (!file) return exit_code;
  print_diagnostics(file->loaded, terminal, ", nothing was built");
  if (!file->loaded.dataflow) return exit_invalid_dataflow;
  const auto types = check_types_of(*file->loaded.dataflow, context.command.has("--strict-types"));
  print_diagnostics({.diagnostics = types.diagnostics}, terminal, ", nothing was built");
  if (dataflow::has_errors(types.diagnostics)) return exit_invalid_dataflow;
  daemon::NodePlaces places;
  const auto code = run_behind_front(
      [&](const FrontLink& front) {
        return exit_code_of(build_dataflow(*file->loaded.dataflow,
                                           {.file = file->path,
                                            .when = build::BuildOptions::When::Always,
                                            .uses_uv = context.command.has("--uv"),
                                            .is_parallel = context.command.has("--parallel"),
                                            .sources = *sources,
                                            .prints_to_stdout = true},
                                           terminal, front, places));
      },
      [](EngineEnd) { daemon::kill_descendants(); });
  if (!code) {
    print_error(terminal, code.error().message);
    return exit_failed;
  }
  return *code;
}

constexpr auto build_flags =
    join_flags(std::array<Flag, 4>{{
                   {.name = "--uv", .help = "Give each Python node an environment of its own"},
                   {.name = "--parallel", .help = "Build nodes beside each other"},
                   {.name = "--local", .help = ""},
                   {.name = "--strict-types", .help = "Make warnings about types errors"},
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

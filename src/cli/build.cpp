// SPDX-License-Identifier: Apache-2.0
// `dora build`: runs the `build:` commands of a dataflow.
#include "cli/build_session.hpp"
#include "cli/commands.hpp"
#include "cli/dataflow_file.hpp"
#include "cli/shared_flags.hpp"
#include "daemon/process_tree.hpp"

namespace dora::cli {
namespace {

int exit_code_of_build(BuildEnd end) {
  switch (end) {
    case BuildEnd::Built:
      return 0;
    case BuildEnd::Failed:
      return exit_build_failed;
    case BuildEnd::Interrupted:
      return exit_interrupted;
  }
  return exit_failed;
}

int build(const CommandContext& context) {
  const Terminal& terminal = context.terminal;
  int exit_code = 0;
  // Programs are not looked for: building may be what makes them.
  const auto file = load_dataflow_file(context.command.arguments().front(), terminal, exit_code);
  if (!file) return exit_code;
  print_diagnostics(file->loaded, terminal, ", nothing was built");
  if (!file->loaded.dataflow) return exit_invalid_dataflow;
  build::NodePlaces places;
  const auto code = run_behind_front(
      [&](const FrontLink& front) {
        return exit_code_of_build(build_dataflow(*file->loaded.dataflow,
                                                 {.file = file->path,
                                                  .when = build::BuildOptions::When::Always,
                                                  .uses_uv = context.command.has("--uv"),
                                                  .is_parallel = context.command.has("--parallel"),
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
                   {.name = "--strict-types", .help = ""},
               }},
               coordinator_flags);

}  // namespace

constinit const Command build_command{
    .name = "build",
    .group = Group::Write,
    .summary = "Run the `build:` commands of a dataflow",
    .arguments = {{{"PATH", "YAML file, or a folder that holds dataflow.yml", Argument::Takes::One,
                    Complete::DataflowFiles}}},
    .flags = build_flags,
    .description =
        "Runs the `build:` commands of every node, one line after the other, in the folder of the "
        "dataflow. The first that fails ends the build with exit code 4. What was built is "
        "remembered in out/<name>.dora-session.yaml: `dora run` builds again only what changed.\n\n"
        "With --uv each Python node gets a virtual environment, .dora/python-envs/<node>, into "
        "which its `pip install` lines install; `dora run --uv` runs it there.",
    .examples =
        "dora build dataflow.yml\n"
        "dora build --uv dataflow.yml",
    .run = build,
};

}  // namespace dora::cli

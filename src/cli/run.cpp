// SPDX-License-Identifier: Apache-2.0
// `dora run`: one dataflow in the foreground. Everything that can be wrong before a process starts
// is told here; cli/run_session.hpp does the rest.
#include <fmt/format.h>

#include "base/clock.hpp"
#include "cli/attached_screen.hpp"
#include "cli/build_session.hpp"
#include "cli/commands.hpp"
#include "cli/dataflow_file.hpp"
#include "cli/front_process.hpp"
#include "cli/packages.hpp"
#include "cli/run_options.hpp"
#include "cli/run_session.hpp"
#include "cli/shared_flags.hpp"
#include "daemon/instance_directory.hpp"
#include "daemon/node_places.hpp"
#include "daemon/plan_run.hpp"
#include "daemon/process_tree.hpp"

namespace dora::cli {
namespace {

using dataflow::Dataflow;

std::string counted(std::size_t count, std::string_view what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

// The folder's name for dataflow.yml in it, else the file's without its ending.
std::string name_of(const std::filesystem::path& file) {
  std::error_code error;
  const auto absolute = std::filesystem::weakly_canonical(file, error);
  if (absolute.stem() == "dataflow" && absolute.has_parent_path() &&
      !absolute.parent_path().filename().empty())
    return absolute.parent_path().filename().string();
  return absolute.stem().string();
}

// D7: what is placed on other machines is not for `dora run`.
bool refuse_deploy(const Dataflow& dataflow, const RunOptions& options, const Terminal& terminal) {
  if (options.ignores_deploy || dataflow.first_deploy() == nullptr) return false;
  print_error(terminal,
              "this dataflow has a `deploy:` section, which places nodes on machines, and `dora "
              "run` knows only this one\n"
              "  = help: start it with `dora start`, or run everything here with "
              "`dora run --ignore-deploy`");
  return true;
}

std::size_t count_edges(const daemon::RunPlan& plan) {
  std::size_t edges = 0;
  for (const daemon::NodePlan& node : plan.nodes)
    edges += node.inputs.size();
  return edges;
}

/// What follows once the file has been read and found right. In the process behind the front.
int build_and_run(const CommandContext& context, const RunOptions& options, DataflowFile& file,
                  FrontLink front) {
  const Terminal& terminal = context.terminal;
  daemon::NodePlaces places;
  if (builds_first(file.loaded, options.uses_uv, options.sources)) {
    const BuildEnd end = build_dataflow(*file.loaded.dataflow,
                                        {.file = file.path,
                                         .when = options.when_to_build(),
                                         .uses_uv = options.uses_uv,
                                         .sources = options.sources},
                                        terminal, front, places);
    if (end == BuildEnd::Failed) return exit_build_failed;
    if (end == BuildEnd::Interrupted) return 0;
    file.loaded.diagnostics.clear();
    check_programs(file.loaded, context.environment);
    print_diagnostics(file.loaded, terminal, ", nothing was started");
    if (!file.loaded.dataflow) return exit_invalid_dataflow;
  }
  const std::int64_t began_ns = monotonic_ns();
  auto plan =
      daemon::plan_run(*file.loaded.dataflow,
                       {.name = options.name.empty() ? name_of(file.path) : options.name,
                        .environment = {options.environment.begin(), options.environment.end()},
                        .exit_when_nodes_finish = options.exit_when_nodes_finish,
                        .hot_reload = options.hot_reload,
                        .is_offline = options.sources.is_offline},
                       places);
  if (!plan) {
    print_error(terminal, plan.error().message);
    return exit_invalid_dataflow;
  }
  daemon::use_places(places, lookup_context().inherited, *plan);
  if (terminal.is_stderr_terminal && !terminal.is_quiet)
    print_notice(fmt::format(" check   {}   {}, {}   {}\n", file.path.string(),
                             counted(plan->nodes.size(), "node"),
                             counted(count_edges(*plan), "edge"),
                             format_duration(std::chrono::nanoseconds(monotonic_ns() - began_ns))));
  return run_session(options, terminal, std::move(*plan), std::move(front));
}

int run(const CommandContext& context) {
  const Terminal& terminal = context.terminal;
  auto options = parse_run_options(context.command, context.environment);
  if (!options) {
    print_error(terminal, options.error().message);
    return exit_usage;
  }
  if (is_url(options->path)) {
    auto name = download_dataflow(options->path);
    if (!name) {
      print_error(terminal, name.error().message);
      return exit_invalid_dataflow;
    }
    options->path = *std::move(name);
  }
  int exit_code = 0;
  auto file = load_dataflow_file(options->path, terminal, exit_code);
  if (!file) return exit_code;
  if (!builds_first(file->loaded, options->uses_uv, options->sources))
    check_programs(file->loaded, context.environment);
  print_diagnostics(file->loaded, terminal, ", nothing was started");
  if (!file->loaded.dataflow) return exit_invalid_dataflow;
  if (refuse_deploy(*file->loaded.dataflow, *options, terminal)) return exit_invalid_dataflow;
  if (const auto known = check_node_names(*options, *file->loaded.dataflow); !known) {
    print_error(terminal, known.error().message);
    return exit_code_of(known.error());
  }
  if (const auto end = find_packages(*file, options->sources, hub::IndexFetcher::Ask::IfNew,
                                     terminal, ", nothing was started"))
    return *end;
  for (const std::string& notice : options->notices)
    print_warning(terminal, notice);

  const auto code = run_behind_front(
      [&](FrontLink front) { return build_and_run(context, *options, *file, std::move(front)); },
      [](EngineEnd end) {
        daemon::kill_descendants();
        // Finds the directory of an engine that could not remove it itself.
        if (end == EngineEnd::Killed) (void)daemon::list_instances();
      },
      AttachedScreen::is_wanted(terminal, options->log_format,
                                context.environment("TERM").value_or(""))
          ? FrontKeys::Forwarded
          : FrontKeys::Untouched);
  if (!code) {
    print_error(terminal, code.error().message);
    return exit_failed;
  }
  return *code;
}

constexpr auto run_flags = join_flags(
    std::to_array<Flag>({
        {.name = "--stop-after",
         .value = "DUR",
         .help = "Stop after this time, as Ctrl-C does",
         .takes = Flag::Takes::Value},
        {.name = "--grace-duration",
         .value = "DUR",
         .help = "Time that nodes have to end when stopped [10s]",
         .takes = Flag::Takes::Value},
        log_level_flag("--log-level"),
        log_display_flags[0],
        log_display_flags[1],
        {.name = "--json", .help = "The same as --log-format json"},
        {.name = "--mute",
         .value = "NODE,..",
         .help = "Do not show what these nodes say; may be repeated",
         .takes = Flag::Takes::Values,
         .complete = Complete::NodeList},
        {.name = "--only",
         .value = "NODE,..",
         .help = "Show only what these nodes say; may be repeated",
         .takes = Flag::Takes::Values,
         .complete = Complete::NodeList},
        {.name = "--exit-code-from",
         .value = "NODE",
         .help = "Stop when this node has ended, with its exit code",
         .takes = Flag::Takes::Value,
         .complete = Complete::Nodes},
        {.name = "--env",
         .value = "KEY=VALUE",
         .help = "A variable for all nodes; may be repeated",
         .takes = Flag::Takes::Values},
        {.name = "--exit-when-nodes-finish",
         .value = "BOOL",
         .help = "Timers keep no node alive (also =false)",
         .takes = Flag::Takes::OptionalValue,
         .choices = "true|false"},
        {.name = "--hot-reload", .help = "Load Python operators anew when their files change"},
        {.name = "--watch",
         .help = "Restart a node when its program is saved, and load Python operators anew"},
        {.name = "--allow-shell-nodes", .help = "Allow nodes with `path: shell`"},
        {.name = "--ignore-deploy", .help = "Run here what `deploy:` places elsewhere"},
        {.name = "--uv", .help = "Give each Python node an environment of its own"},
        {.name = "--build",
         .help = "Run every `build:`, also if nothing changed",
         .conflicts = "--no-build"},
        {.name = "--no-build", .help = "Run no `build:`"},
        {.name = "--name",
         .short_name = "-n",
         .value = "NAME",
         .help = "",
         .takes = Flag::Takes::Value},
        {.name = "--debug", .help = ""},
        {.name = "--coordinator-addr", .value = "IP", .help = "", .takes = Flag::Takes::Value},
        {.name = "--coordinator-port", .value = "PORT", .help = "", .takes = Flag::Takes::Value},
    }),
    source_flags);

}  // namespace

constinit const Command run_command{
    .name = "run",
    .group = Group::Run,
    .summary = "Start a dataflow here and show its output until it ends",
    .arguments = {{{"PATH",
                    "YAML file, or a folder that holds dataflow.yml, or the URL of a YAML file, "
                    "which is downloaded into this folder",
                    Argument::Takes::One, Complete::DataflowFiles}}},
    .flags = run_flags,
    .examples =
        "dora run dataflow.yml\n"
        "dora run examples/camera-pipeline --stop-after 10s --log-level info",
    .run = run,
};

}  // namespace dora::cli

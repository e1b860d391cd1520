// SPDX-License-Identifier: Apache-2.0
// `dora start`: gives a dataflow to the dora in the background. Everything that can be found wrong
// here is told here; cli/start_session.hpp does the rest.
#include <csignal>
#include <filesystem>

#include <fmt/format.h>
#include <unistd.h>

#include "base/random.hpp"
#include "cli/attached_screen.hpp"
#include "cli/build_session.hpp"
#include "cli/commands.hpp"
#include "cli/daemon_address.hpp"
#include "cli/dataflow_file.hpp"
#include "cli/front_process.hpp"
#include "cli/packages.hpp"
#include "cli/run_options.hpp"
#include "cli/shared_flags.hpp"
#include "cli/start_session.hpp"
#include "daemon/process_tree.hpp"
#include "daemon/program_lookup.hpp"

namespace dora::cli {
namespace {

Result<daemon::StartRequest> make_request(const RunOptions& options,
                                          const std::filesystem::path& file,
                                          daemon::NodePlaces places) {
  daemon::StartRequest request;
  std::error_code error;
  request.file = std::filesystem::absolute(file, error);
  if (error)
    return fail(ErrorKind::Failed, fmt::format("finding {}: {}", file.string(), error.message()));
  request.uuid = new_uuid();
  request.name = options.name;
  request.env = options.environment;
  request.inherited = daemon::inherited_environment();
  request.exit_when_nodes_finish = options.exit_when_nodes_finish;
  request.hot_reload = options.hot_reload;
  request.is_offline = options.sources.is_offline;
  request.allow_shell_nodes = options.allows_shell_nodes;
  request.places = std::move(places);
  return request;
}

/// run_behind_front() leaves these blocked, as most programs end then.
void hear_signals_again() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP})
    sigaddset(&signals, signal);
  ::sigprocmask(SIG_UNBLOCK, &signals, nullptr);
}

/// Builds what is pending, in another process, whose end ends all that it started. Nothing when all
/// is well; else the exit code.
std::optional<int> build_first(const CommandContext& context, const RunOptions& options,
                               DataflowFile& file, daemon::NodePlaces& places) {
  const Terminal& terminal = context.terminal;
  const BuildRequest request{.file = file.path,
                             .when = options.when_to_build(),
                             .uses_uv = options.uses_uv,
                             .sources = options.sources};
  const auto code = run_behind_front(
      [&](const FrontLink& front) {
        daemon::NodePlaces found;
        return exit_code_of(build_dataflow(*file.loaded.dataflow, request, terminal, front, found));
      },
      [](EngineEnd) { daemon::kill_descendants(); });
  if (code && *code != 0) return *code;
  hear_signals_again();
  auto found = code ? find_places(*file.loaded.dataflow, request)
                    : Result<daemon::NodePlaces>(std::unexpected(code.error()));
  if (!found) {
    print_error(terminal, found.error().message);
    return exit_build_failed;
  }
  places = *std::move(found);
  file.loaded.diagnostics.clear();
  check_programs(file.loaded, context.environment);
  print_diagnostics(file.loaded, terminal, ", nothing was started");
  if (!file.loaded.dataflow) return exit_invalid_dataflow;
  return std::nullopt;
}

// Attached is what somebody at a terminal wants.
bool wants_to_attach(const CommandContext& context) {
  if (context.command.has("--attach")) return true;
  if (context.command.has("--detach")) return false;
  const bool is_interactive = ::isatty(STDIN_FILENO) == 1;
  if (!context.terminal.is_quiet) {
    print_notice(is_interactive ? "attaching to dataflow (use `--detach` to run in background)\n"
                                : "non-interactive mode: running in background\n");
  }
  return is_interactive;
}

// What is shown where. Attached: what the nodes say, and of what is said about them whatever is at
// least news, unless somebody asked for something else. Detached: the news, beside the answer.
LogConsole::Options console_options(const CommandContext& context, const RunOptions& options,
                                    const dataflow::Dataflow& dataflow, bool is_attached) {
  LogConsole::Options console{.format = options.log_format,
                              .filter = options.log_filter,
                              .hides_nodes = options.hides_logs,
                              .muted = options.muted,
                              .shown = options.shown,
                              .is_verbose = options.is_verbose};
  if (context.command.has("--json")) console.format = LogFormat::Json;
  if (!context.command.value("--log-level")) {
    console.filter.minimum =
        daemon::find_log_level(context.environment("RUST_LOG").value_or("info"))
            .value_or(LogLevel::Info);
    console.filter.shows_output = true;
  }
  if (!is_attached) {
    console.lines = STDERR_FILENO;
    console.filter = {.minimum = context.terminal.is_quiet ? LogLevel::Error : LogLevel::Info};
  }
  for (const dataflow::Node& node : dataflow.nodes)
    console.nodes.push_back(node.id.text());
  return console;
}

Result<int> start_checked(const CommandContext& context, RunOptions options) {
  const Terminal& terminal = context.terminal;
  int exit_code = 0;
  auto file = load_dataflow_file(options.path, terminal, exit_code);
  if (!file) return exit_code;
  const bool has_builds = builds_first(file->loaded, options.uses_uv, options.sources);
  if (!has_builds) check_programs(file->loaded, context.environment);
  print_diagnostics(file->loaded, terminal, ", nothing was started");
  if (!file->loaded.dataflow) return exit_invalid_dataflow;
  if (!options.ignores_deploy && file->loaded.dataflow->first_deploy() != nullptr) {
    print_error(terminal,
                "this dataflow has a `deploy:` section, and no other machine is connected\n"
                "  = help: `--ignore-deploy` runs everything here");
    return exit_failed;
  }
  TRY(check_node_names(options, *file->loaded.dataflow));
  for (const std::string& notice : options.notices)
    print_warning(terminal, notice);
  if (const auto end = find_packages(*file, options.sources, hub::IndexFetcher::Ask::IfNew,
                                     terminal, ", nothing was started"))
    return *end;
  const DaemonAddress address = TRY(daemon_address(context.command, context.environment));
  const Instance instance = to_instance(TRY(find_daemon(address)));
  daemon::NodePlaces places;
  if (has_builds) {
    if (const auto code = build_first(context, options, *file, places)) return *code;
  }
  const bool is_attached = wants_to_attach(context);
  return start_and_watch(
      {.instance = instance,
       .request = TRY(make_request(options, file->path, std::move(places))),
       .is_attached = is_attached,
       .as_json = context.command.has("--json"),
       .console = console_options(context, options, *file->loaded.dataflow, is_attached),
       .has_screen =
           is_attached && AttachedScreen::is_wanted(terminal, options.log_format,
                                                    context.environment("TERM").value_or(""))},
      terminal);
}

int start(const CommandContext& context) {
  const auto options = parse_run_options(context.command, context.environment);
  if (!options) {
    print_error(context.terminal, options.error().message);
    return exit_usage;
  }
  const auto code = start_checked(context, *options);
  if (code) return *code;
  print_error(context.terminal, code.error().message);
  return exit_code_of(code.error());
}

constexpr auto start_flags = join_flags(
    std::array{
        Flag{.name = "--name",
             .short_name = "-n",
             .value = "NAME",
             .help = "What to call it [two words at random]",
             .takes = Flag::Takes::Value},
        Flag{.name = "--attach",
             .help = "Show its output until it ends; Ctrl-C stops it [at a terminal]",
             .conflicts = "--detach"},
        Flag{.name = "--detach", .help = "Leave it in the background"},
        log_level_flag("--log-level"),
        Flag{.name = "--env",
             .value = "KEY=VALUE",
             .help = "A variable for all nodes; may be repeated",
             .takes = Flag::Takes::Values},
        Flag{.name = "--mute",
             .value = "NODE,..",
             .help = "Attached: do not show what these nodes say; may be repeated",
             .takes = Flag::Takes::Values,
             .complete = Complete::NodeList},
        Flag{.name = "--only",
             .value = "NODE,..",
             .help = "Attached: show only what these nodes say; may be repeated",
             .takes = Flag::Takes::Values,
             .complete = Complete::NodeList},
        Flag{.name = "--exit-when-nodes-finish",
             .value = "BOOL",
             .help = "Timers keep no node alive (also =false)",
             .takes = Flag::Takes::OptionalValue,
             .choices = "true|false"},
        Flag{.name = "--hot-reload", .help = "Load Python operators anew when their files change"},
        Flag{.name = "--allow-shell-nodes", .help = "Allow nodes with `path: shell`"},
        Flag{.name = "--ignore-deploy", .help = "Run here what `deploy:` places elsewhere"},
        Flag{.name = "--uv", .help = "Give each Python node an environment of its own"},
        Flag{.name = "--build",
             .help = "Run every `build:`, also if nothing changed",
             .conflicts = "--no-build"},
        Flag{.name = "--no-build", .help = "Run no `build:`"},
        Flag{.name = "--debug"},
        Flag{.name = "--json", .help = "Answer in JSON"},
    },
    source_flags, log_display_flags, coordinator_flags);

}  // namespace

constinit const Command start_command{
    .name = "start",
    .group = Group::Run,
    .summary = "Give a dataflow to the dora in the background",
    .arguments = {{{"PATH", "YAML file, or a folder that holds dataflow.yml", Argument::Takes::One,
                    Complete::DataflowFiles}}},
    .flags = start_flags,
    .examples =
        "dora up\n"
        "dora start dataflow.yml --name hello --detach",
    .run = start,
};

}  // namespace dora::cli

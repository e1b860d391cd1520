// SPDX-License-Identifier: Apache-2.0
// `dora daemon`: what `dora up` leaves in the background, here in the foreground.
#include <charconv>

#include <fcntl.h>
#include <fmt/format.h>

#include "cli/commands.hpp"
#include "cli/daemon_address.hpp"
#include "cli/daemon_session.hpp"
#include "cli/shared_flags.hpp"
#include "daemon/history.hpp"
#include "daemon/instance_directory.hpp"
#include "daemon/process_tree.hpp"

namespace dora::cli {
namespace {

/// `--store`: "redb" is the word of old for the usual place; ":" and a path follow it, or "sqlite".
/// Empty: in memory.
Result<std::filesystem::path> choose_store(const CommandContext& context,
                                           const std::string& instance) {
  const std::string wanted = context.command.value("--store").value_or("sqlite");
  if (wanted == "memory") return std::filesystem::path();
  std::filesystem::path path;
  for (const std::string_view kind : {"sqlite", "redb"}) {
    if (wanted == kind) path = TRY(daemon::store_path(instance));
    if (wanted.starts_with(std::string(kind) + ":")) path = wanted.substr(kind.size() + 1);
  }
  if (path.empty()) {
    return fail(ErrorKind::InvalidInput,
                "`--store` is `sqlite`, `memory`, or `sqlite:` and the path of a file");
  }
  if (context.command.has("--recreate-store")) {
    if (const auto archive = TRY(store::archive_store(path)))
      print_notice(fmt::format("moved the old store to {}\n", archive->string()));
  }
  return path;
}

int run_daemon(const CommandContext& context) {
  const Terminal& terminal = context.terminal;
  const auto address = daemon_address(context.command, context.environment);
  if (!address) {
    print_error(terminal, address.error().message);
    return exit_code_of(address.error());
  }
  DaemonOptions options;
  options.instance = address->instance;
  options.allows_shell_nodes = context.command.has("--allow-shell-nodes") ||
                               context.environment("DORA_ALLOW_SHELL_NODES") == "true";
  const auto store = choose_store(context, options.instance);
  if (!store) {
    print_error(terminal, store.error().message);
    return exit_code_of(store.error());
  }
  options.store = *store;
  if (const auto text = context.command.value("--notify-fd")) {
    int number = -1;
    std::from_chars(text->data(), text->data() + text->size(), number);
    options.ready = FileDescriptor(number);
    if (::fcntl(number, F_SETFD, FD_CLOEXEC) != 0) {
      (void)options.ready.release();
      print_error(terminal, "`--notify-fd` is no open file descriptor");
      return exit_usage;
    }
  }
  const auto code = run_behind_front(
      [&](FrontLink front) {
        return run_daemon_session(std::move(options), terminal, std::move(front));
      },
      [](EngineEnd end) {
        daemon::kill_descendants();
        // Finds the directory of an engine that could not remove it itself.
        if (end == EngineEnd::Killed) (void)daemon::list_instances();
      });
  if (!code) {
    print_error(terminal, code.error().message);
    return exit_failed;
  }
  return *code;
}

constexpr auto daemon_flags = join_flags(
    std::array{
        Flag{.name = "--allow-shell-nodes", .help = "Allow nodes with `path: shell`"},
        Flag{.name = "--store",
             .value = "STORE",
             .help = "sqlite, memory, or sqlite:PATH [~/.dora/<instance>.db]",
             .takes = Flag::Takes::Value},
        Flag{.name = "--recreate-store", .help = "Move the old store aside and begin a new one"},
        Flag{.name = "--notify-fd", .value = "FD", .takes = Flag::Takes::Value},
    },
    coordinator_flags);

}  // namespace

constinit const Command daemon_command{
    .name = "daemon",
    .group = Group::Machines,
    .summary = "Serve in the foreground, as `dora up` does in the background",
    .flags = daemon_flags,
    .run = run_daemon,
    .is_hidden = true,
};

}  // namespace dora::cli

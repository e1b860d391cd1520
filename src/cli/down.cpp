// SPDX-License-Identifier: Apache-2.0
// `dora down`: ends the dora in the background.
#include <boost/json.hpp>
#include <fmt/format.h>
#include <poll.h>

#include "cli/commands.hpp"
#include "cli/control_client.hpp"
#include "cli/daemon_address.hpp"
#include "cli/shared_flags.hpp"
#include "daemon/launcher.hpp"

namespace dora::cli {
namespace {

using namespace std::chrono_literals;

constexpr auto end_patience = 16s;

// Until its process is gone, not only its socket.
bool wait_for_end(const daemon::Instance& instance) {
  const FileDescriptor process = daemon::open_pidfd(instance.record.pid);
  if (!process || !daemon::is_alive(instance.record)) return true;
  pollfd waited{process.get(), POLLIN, 0};
  return ::poll(&waited, 1, static_cast<int>(std::chrono::milliseconds(end_patience).count())) == 1;
}

Result<> take_down(const CommandContext& context) {
  const DaemonAddress address = TRY(daemon_address(context.command, context.environment));
  const daemon::Instance found = TRY(find_daemon(address));
  const Instance instance = to_instance(found);
  const bool force = context.command.has("--force");
  std::vector<RunningDataflow> running =
      TRY(ask_dataflows(instance, std::chrono::steady_clock::now() + 5s));
  std::erase_if(running, [](const RunningDataflow& each) { return !each.is_running(); });
  if (!running.empty() && !force) {
    std::string names;
    for (const RunningDataflow& each : running)
      names += fmt::format("\n  [{}] {}", each.name, each.uuid);
    return fail(ErrorKind::Busy,
                fmt::format("dataflows are running:{}\n  = help: stop them with `dora stop --all`, "
                            "or end them, too, with `dora down --force`",
                            names));
  }
  const bool as_json = wants_json(context.command);
  if (!running.empty() && !as_json)
    print_result(
        fmt::format("Stopping {} running dataflow(s) before teardown...\n", running.size()));
  if (!as_json)
    print_result(fmt::format("Destroying coordinator at {}\n", found.control_socket().string()));
  auto ended = ask_to_shut_down(instance, force, std::chrono::steady_clock::now() + end_patience);
  // It may be gone faster than it can answer.
  if (!ended && ended.error().kind != ErrorKind::Disconnected) return ended;
  if (!wait_for_end(found)) {
    return fail(ErrorKind::TimedOut,
                fmt::format("the daemon (pid {}) has not ended after {} s: kill it with `kill -9 "
                            "{}`, its nodes end with it",
                            found.record.pid, end_patience.count(), found.record.pid));
  }
  if (as_json) {
    print_result(
        boost::json::serialize(boost::json::value{{"schema_version", 1},
                                                  {"stopped_dataflows", running.size()},
                                                  {"pid", found.record.pid},
                                                  {"socket", found.control_socket().string()}}) +
        "\n");
  } else {
    print_result("Coordinator and daemons destroyed successfully\n");
  }
  return {};
}

int down(const CommandContext& context) {
  const auto is_down = take_down(context);
  if (is_down) return 0;
  print_error(context.terminal, is_down.error().message);
  return exit_code_of(is_down.error());
}

constexpr auto down_flags = join_flags(
    std::array{
        Flag{.name = "--force",
             .short_name = "-f",
             .help = "End it with the dataflows that it runs"},
        json_flag,
    },
    coordinator_flags);

}  // namespace

constinit const Command down_command{
    .name = "down",
    .aliases = {"destroy"},
    .group = Group::Machines,
    .summary = "End the dora that runs in the background",
    .flags = down_flags,
    .examples =
        "dora down\n"
        "dora down --force",
    .run = down,
};

}  // namespace dora::cli

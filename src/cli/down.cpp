// SPDX-License-Identifier: Apache-2.0
// `dora down`: ends the dora in the background.
#include <algorithm>
#include <vector>

#include <boost/json.hpp>
#include <fmt/format.h>
#include <poll.h>

#include "cli/commands.hpp"
#include "cli/control_client.hpp"
#include "cli/daemon_address.hpp"
#include "cli/shared_flags.hpp"
#include "daemon/launcher.hpp"
#include "daemon/process_tree.hpp"

namespace dora::cli {
namespace {

using namespace std::chrono_literals;

constexpr auto end_patience = 16s;

// The processes that a daemon is: the one that serves, and those above it that clean up after it.
std::vector<FileDescriptor> processes_of(const daemon::Instance& instance) {
  std::vector<FileDescriptor> processes;
  constexpr std::size_t most = 3;
  for (pid_t pid = instance.record.pid; pid > 1 && processes.size() < most;) {
    const auto entry = daemon::find_process(pid);
    FileDescriptor process = daemon::open_pidfd(pid);
    // Its number is still its own.
    const bool is_known = pid != instance.record.pid || daemon::is_alive(instance.record);
    if (!entry || !process || !is_known) break;
    processes.push_back(std::move(process));
    pid = entry->parent;
  }
  return processes;
}

// Until they are gone, not only the socket.
bool wait_for_end(const std::vector<FileDescriptor>& processes, Deadline deadline) {
  return std::ranges::all_of(processes, [&](const FileDescriptor& process) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - Deadline::clock::now());
    pollfd waited{process.get(), POLLIN, 0};
    return ::poll(&waited, 1, std::max(0, static_cast<int>(left.count()))) == 1;
  });
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
  const std::vector<FileDescriptor> processes = processes_of(found);
  auto ended = ask_to_shut_down(instance, force, std::chrono::steady_clock::now() + end_patience);
  // It may be gone faster than it can answer.
  if (!ended && ended.error().kind != ErrorKind::Disconnected) return ended;
  if (!wait_for_end(processes, Deadline::clock::now() + end_patience)) {
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

// SPDX-License-Identifier: Apache-2.0
// `dora up`: makes sure that a dora runs in the background.
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <boost/json.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file_descriptor.hpp"
#include "cli/commands.hpp"
#include "cli/control_client.hpp"
#include "cli/daemon_address.hpp"
#include "cli/shared_flags.hpp"

namespace dora::cli {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using namespace std::chrono_literals;

constexpr auto patience = 10s;
// How long one that was faster than ours may take to show itself.
constexpr auto time_of_another = 2s;
constexpr std::size_t longest_complaint = 64 << 10;

// ~/.dora, which only its owner may enter.
Result<fs::path> state_folder() {
  const char* home = std::getenv("HOME");
  if (home == nullptr || *home != '/')
    return fail(ErrorKind::Failed, "HOME is not set: dora keeps its state in ~/.dora");
  fs::path folder = fs::path(home) / ".dora";
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
    return fail_errno("making " + folder.string());
  return folder;
}

struct Errors {
  fs::path path;
  FileDescriptor file;
};

// Where the daemon writes what it can tell nobody else.
Result<Errors> open_errors() {
  Errors errors{TRY(state_folder()) / "coordinator-stderr.log", {}};
  errors.file = FileDescriptor(
      ::open(errors.path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!errors.file) return fail_errno("opening " + errors.path.string());
  return errors;
}

// In the child: leaves the terminal, the process group and the folder of `dora up`, then becomes
// the daemon. Its parent is gone by then, so that nobody has to wait for it.
[[noreturn]] void become_daemon(const std::vector<std::string>& words, int null, int errors,
                                int ready) {
  ::setsid();
  if (::fork() != 0) ::_exit(0);
  ::dup2(null, STDIN_FILENO);
  ::dup2(null, STDOUT_FILENO);
  ::dup2(errors, STDERR_FILENO);
  ::fcntl(ready, F_SETFD, 0);
  (void)!::chdir("/");
  std::vector<char*> arguments;
  for (const std::string& word : words)
    arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  ::execv("/proc/self/exe", arguments.data());
  ::_exit(127);
}

// Whether the daemon said that it is there.
bool wait_until_ready(const FileDescriptor& ready) {
  const Deadline deadline = std::chrono::steady_clock::now() + patience;
  for (;;) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left <= 0ms) return false;
    pollfd waited{ready.get(), POLLIN, 0};
    if (::poll(&waited, 1, static_cast<int>(left.count())) <= 0) continue;
    char text[16];
    return retry_interrupted([&] { return ::read(ready.get(), text, sizeof text); }) > 0;
  }
}

std::string complaint(const fs::path& path) {
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  return file ? read_all(file.get(), longest_complaint).value_or("") : std::string();
}

struct Answering {
  daemon::Instance instance;
  std::vector<RunningDataflow> dataflows;
};

// The daemon that is there and speaks our language, if there is one. One that another `dora up` is
// just starting has its folder first, then its record, then its sockets: so it is asked again, and
// awaited for `time_to_appear`.
Result<std::optional<Answering>> look_for_answering(const DaemonAddress& address,
                                                    std::chrono::milliseconds time_to_appear) {
  const Deadline begin = Deadline::clock::now();
  for (;; std::this_thread::sleep_for(10ms)) {
    auto found = TRY(look_for_daemon(address));
    if (!found) {
      if (Deadline::clock::now() - begin >= time_to_appear) return std::optional<Answering>();
      continue;
    }
    auto dataflows = ask_dataflows(to_instance(*found), begin + patience);
    if (dataflows) return std::optional(Answering{*std::move(found), *std::move(dataflows)});
    const ErrorKind kind = dataflows.error().kind;
    if (kind == ErrorKind::Unsupported || kind == ErrorKind::TimedOut ||
        Deadline::clock::now() - begin >= patience) {
      return std::unexpected(dataflows.error());
    }
  }
}

// Whether it was this one: somebody else may have been faster.
Result<bool> start_daemon(const DaemonAddress& address, bool recreate_store) {
  const Errors errors = TRY(open_errors());
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail_errno("making a pipe");
  const FileDescriptor ready(ends[0]);
  FileDescriptor theirs(ends[1]);
  const FileDescriptor null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null) return fail_errno("opening /dev/null");
  std::vector<std::string> words = {"dora", "daemon", "--quiet", "--notify-fd",
                                    std::to_string(theirs.get())};
  if (address.instance.starts_with("port-")) {
    words.emplace_back("--coordinator-port");
    words.push_back(address.instance.substr(5));
  }
  if (recreate_store) words.emplace_back("--recreate-store");
  const pid_t child = ::fork();
  if (child < 0) return fail_errno("starting the daemon");
  if (child == 0) become_daemon(words, null.get(), errors.file.get(), theirs.get());
  theirs.close();
  retry_interrupted([&] { return ::waitpid(child, nullptr, 0); });
  if (wait_until_ready(ready)) return true;
  const auto other = look_for_answering(address, time_of_another);
  if (other && *other) return false;
  const std::string said = complaint(errors.path);
  return fail(ErrorKind::Failed,
              fmt::format("the daemon did not come up{}{}", said.empty() ? "" : ": ", said));
}

// What the last daemon could not tell any more.
void tell_lost(const std::vector<RunningDataflow>& dataflows) {
  std::string text;
  for (const RunningDataflow& each : dataflows)
    if (each.is_lost) text += fmt::format("  [{}] {}\n", each.name, each.uuid);
  if (!text.empty()) {
    print_notice("The last dora daemon died without a word. These dataflows ended with it:\n" +
                 text + "Their logs: `dora logs UUID`.\n");
  }
}

void report(const CommandContext& context, const daemon::Instance& instance, bool is_new) {
  const std::string socket = instance.control_socket().string();
  if (wants_json(context.command)) {
    print_result(json::serialize(json::value{{"schema_version", 1},
                                             {"started", is_new},
                                             {"instance", instance.name},
                                             {"pid", instance.record.pid},
                                             {"socket", socket}}) +
                 "\n");
  } else if (is_new) {
    print_result("started dora coordinator\nstarted dora daemon\n");
  } else {
    print_result(
        fmt::format("coordinator already running on {}\ndaemon already running\n", socket));
  }
}

Result<> bring_up(const CommandContext& context) {
  if (context.command.has("--auth")) {
    print_warning(context.terminal,
                  "`--auth` changes nothing: only you can reach this dora, through a socket in a "
                  "folder of your own");
  }
  const DaemonAddress address = TRY(daemon_address(context.command, context.environment));
  if (const auto found = TRY(look_for_answering(address, 0ms))) {
    if (context.command.has("--recreate-store")) {
      return fail(ErrorKind::Busy,
                  "the store is in use: `dora down` first, then `dora up --recreate-store`");
    }
    report(context, found->instance, false);
    return {};
  }
  const bool is_ours = TRY(start_daemon(address, context.command.has("--recreate-store")));
  const auto made = TRY(look_for_answering(address, 0ms));
  if (!made) return fail(ErrorKind::Failed, "the daemon came up, and ended at once");
  report(context, made->instance, is_ours);
  if (is_ours) tell_lost(made->dataflows);
  return {};
}

int up(const CommandContext& context) {
  const auto is_up = bring_up(context);
  if (is_up) return 0;
  print_error(context.terminal, is_up.error().message);
  return exit_code_of(is_up.error());
}

constexpr Flag flags[] = {
    {.name = "--recreate-store",
     .help = "Move the store (~/.dora/<instance>.db) aside and begin a new one"},
    json_flag,
    {.name = "--auth"},
    {.name = "--config", .value = "PATH", .takes = Flag::Takes::Value},
};

}  // namespace

constinit const Command up_command{
    .name = "up",
    .group = Group::Machines,
    .summary = "Make sure that a dora runs in the background",
    .flags = flags,
    .description =
        "One background dora serves all your dataflows on this machine. Another one "
        "runs beside it when DORA_COORDINATOR_PORT says another number than 6013; no "
        "port is opened for it.",
    .examples =
        "dora up\n"
        "dora start dataflow.yml --detach",
    .run = up,
};

}  // namespace dora::cli

// SPDX-License-Identifier: Apache-2.0
#include "build/command.hpp"

#include <algorithm>
#include <csignal>
#include <optional>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.hpp"
#include "base/file_descriptor.hpp"
#include "daemon/launcher.hpp"
#include "daemon/line_assembler.hpp"
#include "daemon/program_lookup.hpp"

namespace dora::build {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

// For a package manager to put away its half-written files.
constexpr auto term_patience = 3s;
constexpr std::size_t answer_limit = 1U << 20;

struct Pipe {
  FileDescriptor ours;
  FileDescriptor theirs;
};

Result<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail_errno("making a pipe");
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  return Pipe{FileDescriptor(ends[0]), FileDescriptor(ends[1])};
}

Result<fs::path> find_program(const Command& command) {
  const std::string& name = command.words.front();
  if (name.find('/') != std::string::npos) return command.working_directory / name;
  const auto path = command.environment.find("PATH");
  auto found =
      path == command.environment.end() ? fs::path() : daemon::find_on_path(name, path->second);
  if (found.empty()) {
    return fail(ErrorKind::NotFound, fmt::format("there is no program `{}` on PATH", name));
  }
  return found;
}

/// All that the child needs, made before the fork: other threads may hold any lock meanwhile.
struct Child {
  std::string program;
  std::string working_directory;
  std::vector<std::string> entries;
  std::vector<char*> arguments;
  std::vector<char*> environment;
  pid_t parent;
};

Child prepare_child(const Command& command, const fs::path& program) {
  Child child{.program = program.string(),
              .working_directory = command.working_directory.string(),
              .entries = {},
              .arguments = {},
              .environment = {},
              .parent = ::getpid()};
  for (const std::string& word : command.words)
    child.arguments.push_back(const_cast<char*>(word.c_str()));
  child.arguments.push_back(nullptr);
  for (const auto& [name, value] : command.environment)
    child.entries.push_back(fmt::format("{}={}", name, value));
  for (const std::string& entry : child.entries)
    child.environment.push_back(const_cast<char*>(entry.c_str()));
  child.environment.push_back(nullptr);
  return child;
}

// Only system calls from here on. What fails is told through `report`, as an error number.
[[noreturn]] void run_child(const Child& child, int output, int errors, int report) {
  ::setsid();
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != child.parent) ::_exit(127);
  const int null = ::open("/dev/null", O_RDONLY);
  ::dup2(null, STDIN_FILENO);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(errors, STDERR_FILENO);
  for (int signal = 1; signal < NSIG; ++signal)
    ::signal(signal, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  if (::chdir(child.working_directory.c_str()) == 0)
    ::execve(child.program.c_str(), child.arguments.data(), child.environment.data());
  const int error = errno;
  (void)!::write(report, &error, sizeof error);
  ::_exit(127);
}

/// Reads what is there now. Whether more may come.
bool read_some(const FileDescriptor& pipe, const std::function<void(std::string_view)>& on_bytes) {
  char bytes[16384];
  for (;;) {
    const auto length = retry_interrupted([&] { return ::read(pipe.get(), bytes, sizeof bytes); });
    if (length < 0) return errno == EAGAIN;
    if (length == 0) return false;
    on_bytes(std::string_view(bytes, static_cast<std::size_t>(length)));
  }
}

std::string end_text(int status) {
  if (WIFEXITED(status)) return fmt::format("exit code {}", WEXITSTATUS(status));
  const char* name = sigabbrev_np(WTERMSIG(status));
  return fmt::format("killed by SIG{}", name == nullptr ? "???" : name);
}

class Running {
 public:
  using OnBytes = std::function<void(std::string_view)>;

  static Result<Running> start(const Command& command, bool merges_streams);

  /// Waits for the end. `on_output` and `on_errors` get what it prints.
  Result<int> wait(const OnBytes& on_output, const OnBytes& on_errors, const StopSignal& stop);

 private:
  Running(pid_t pid, FileDescriptor pidfd, FileDescriptor output, FileDescriptor errors)
      : pid_(pid),
        pidfd_(std::move(pidfd)),
        output_(std::move(output)),
        errors_(std::move(errors)) {}

  pid_t pid_;
  FileDescriptor pidfd_;
  FileDescriptor output_;
  FileDescriptor errors_;
};

Result<Running> Running::start(const Command& command, bool merges_streams) {
  const fs::path program = TRY(find_program(command));
  Pipe output = TRY(make_pipe());
  Pipe errors = TRY(make_pipe());
  Pipe report = TRY(make_pipe());
  const Child child = prepare_child(command, program);
  const pid_t pid = ::fork();
  if (pid < 0) return fail_errno("making a process");
  if (pid == 0) {
    run_child(child, output.theirs.get(),
              merges_streams ? output.theirs.get() : errors.theirs.get(), report.theirs.get());
  }
  FileDescriptor pidfd = daemon::open_pidfd(pid);
  for (Pipe* pipe : {&output, &errors, &report})
    pipe->theirs.close();
  // Ends with exec or with the error that prevented it.
  ::fcntl(report.ours.get(), F_SETFL, 0);
  int error = 0;
  const bool has_failed = retry_interrupted([&] {
                            return ::read(report.ours.get(), &error, sizeof error);
                          }) == sizeof error;
  if (has_failed || !pidfd) {
    if (!has_failed) ::kill(pid, SIGKILL);
    retry_interrupted([&] { return ::waitpid(pid, nullptr, 0); });
    if (!has_failed) return fail(ErrorKind::Failed, "a process cannot be watched");
    const bool is_unknown_format = error == ENOEXEC;
    return fail_errno(is_unknown_format
                          ? program.string() + ", which has no #! line"
                          : program.string() + " in " + command.working_directory.string(),
                      error);
  }
  return Running(pid, std::move(pidfd), std::move(output.ours), std::move(errors.ours));
}

Result<int> Running::wait(const OnBytes& on_output, const OnBytes& on_errors,
                          const StopSignal& stop) {
  bool is_stopping = false;
  std::int64_t kill_at_ns = 0;
  pollfd watched[] = {{pidfd_.get(), POLLIN, 0},
                      {stop.fd(), POLLIN, 0},
                      {output_.get(), POLLIN, 0},
                      {errors_.get(), POLLIN, 0}};
  for (;;) {
    int timeout_ms = -1;
    if (is_stopping) {
      const std::int64_t left_ns = kill_at_ns - monotonic_ns();
      if (left_ns <= 0) ::kill(-pid_, SIGKILL);
      timeout_ms = left_ns <= 0 ? 1000 : static_cast<int>(left_ns / 1'000'000) + 1;
    }
    if (::poll(watched, std::size(watched), timeout_ms) < 0 && errno != EINTR) break;
    if (watched[1].revents != 0) {
      is_stopping = true;
      kill_at_ns = monotonic_ns() + std::chrono::nanoseconds(term_patience).count();
      ::kill(-pid_, SIGTERM);
      watched[1].fd = -1;
    }
    // A closed stream would be reported for ever.
    if (watched[2].revents != 0 && !read_some(output_, on_output)) watched[2].fd = -1;
    if (watched[3].revents != 0 && !read_some(errors_, on_errors)) watched[3].fd = -1;
    if (watched[0].revents != 0) break;
  }
  // Whoever it left behind in its session belongs to nobody.
  ::kill(-pid_, SIGKILL);
  int status = 0;
  retry_interrupted([&] { return ::waitpid(pid_, &status, 0); });
  read_some(output_, on_output);
  read_some(errors_, on_errors);
  if (is_stopping) return fail(ErrorKind::Failed, "it was stopped");
  return status;
}

}  // namespace

Result<> run_command(const Command& command, const OnLine& on_line, const StopSignal& stop) {
  Running running = TRY(Running::start(command, true));
  daemon::LineAssembler lines;
  const auto on_assembled = [&](const std::string& text, bool /*is_continued*/) { on_line(text); };
  const auto on_bytes = [&](std::string_view bytes) { lines.feed(bytes, on_assembled); };
  const int status = TRY(running.wait(on_bytes, on_bytes, stop));
  lines.finish(on_assembled);
  if (status != 0) return fail(ErrorKind::Failed, end_text(status));
  return {};
}

Result<std::string> ask_command(const Command& command, const StopSignal& stop) {
  Running running = TRY(Running::start(command, false));
  std::string answer;
  std::string complaint;
  const auto keep = [](std::string& text) {
    return [&text](std::string_view bytes) {
      text.append(bytes.substr(0, answer_limit - std::min(answer_limit, text.size())));
    };
  };
  const int status = TRY(running.wait(keep(answer), keep(complaint), stop));
  const auto without_line_end = [](std::string text) {
    while (text.ends_with('\n') || text.ends_with('\r'))
      text.pop_back();
    return text;
  };
  if (status != 0) {
    complaint = without_line_end(daemon::to_utf8(complaint));
    return fail(ErrorKind::Failed, complaint.empty()
                                       ? end_text(status)
                                       : fmt::format("{}: {}", end_text(status), complaint));
  }
  return without_line_end(std::move(answer));
}

std::string shown(const Command& command) {
  std::string text;
  for (const std::string& word : command.words) {
    const bool is_plain =
        !word.empty() && word.find_first_of(" \t\n'\"\\$`&|;<>()*?[]#~") == std::string::npos;
    std::string quoted = word;
    if (!is_plain) {
      for (std::size_t at = 0; (at = quoted.find('\'', at)) != std::string::npos; at += 4)
        quoted.replace(at, 1, "'\\''");
      quoted = fmt::format("'{}'", quoted);
    }
    text += text.empty() ? quoted : " " + quoted;
  }
  return text;
}

}  // namespace dora::build

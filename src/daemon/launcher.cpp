// SPDX-License-Identifier: Apache-2.0
#include "daemon/launcher.hpp"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <pty.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

namespace dora::daemon {
namespace {

enum class Stage : int { Session, Streams, WorkingDirectory, Exec };

struct ExecFailure {
  Stage stage;
  int error;
};

/// The limit that the user gave us, for our children. Set once, before the first of them.
rlimit& original_file_limit() {
  static rlimit limit{0, 0};
  return limit;
}

/// Both ends of a stream of the node.
struct Stream {
  FileDescriptor ours;
  FileDescriptor theirs;
};

Result<Stream> make_terminal() {
  int ours = -1;
  int theirs = -1;
  const winsize size{.ws_row = 40, .ws_col = 120, .ws_xpixel = 0, .ws_ypixel = 0};
  if (::openpty(&ours, &theirs, nullptr, nullptr, &size) != 0)
    return fail_errno("making a pseudo-terminal");
  Stream stream{FileDescriptor(ours), FileDescriptor(theirs)};
  ::fcntl(ours, F_SETFD, FD_CLOEXEC);
  ::fcntl(theirs, F_SETFD, FD_CLOEXEC);
  termios settings{};
  if (::tcgetattr(theirs, &settings) == 0) {
    settings.c_oflag &= ~static_cast<tcflag_t>(OPOST);  // line ends come as they are written
    ::tcsetattr(theirs, TCSANOW, &settings);
  }
  return stream;
}

Result<Stream> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail_errno("making a pipe");
  return Stream{FileDescriptor(ends[0]), FileDescriptor(ends[1])};
}

void set_non_blocking(const FileDescriptor& fd) {
  ::fcntl(fd.get(), F_SETFL, ::fcntl(fd.get(), F_GETFL) | O_NONBLOCK);
}

/// Everything that the child needs, made before the fork: between fork and exec it may only make
/// system calls.
struct Child {
  const Launch& launch;
  std::vector<char*> arguments;
  std::vector<char*> environment;
  int input;  ///< -1: /dev/null
  int output;
  int errors;
  int report;
  pid_t parent;
  cpu_set_t cores;
};

[[noreturn]] void give_up(int report, Stage stage) {
  const ExecFailure failure{stage, errno};
  (void)!::write(report, &failure, sizeof failure);
  ::_exit(127);
}

void reset_signals() {
  for (int signal = 1; signal < NSIG; ++signal)
    ::signal(signal, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

[[noreturn]] void run_child(const Child& child) {
  // Only what is next is certain: the limit of descriptors is not a place to hide in.
  int report = ::fcntl(child.report, F_DUPFD_CLOEXEC, 16);
  if (report < 0) report = child.report;
  const int socket = ::fcntl(child.launch.control_socket, F_DUPFD_CLOEXEC, 16);
  if (::setsid() < 0) give_up(report, Stage::Session);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != child.parent) ::_exit(127);  // it died before the line above

  const int input = child.input < 0 ? ::open("/dev/null", O_RDONLY) : child.input;
  if (child.launch.has_terminal) ::ioctl(child.output, TIOCSCTTY, 0);
  if (input < 0 || ::dup2(input, STDIN_FILENO) < 0 || ::dup2(child.output, STDOUT_FILENO) < 0 ||
      ::dup2(child.errors, STDERR_FILENO) < 0) {
    give_up(report, Stage::Streams);
  }
  if (socket < 0 || ::dup2(socket, node_socket_fd) < 0) give_up(report, Stage::Streams);
  const int last_report = node_socket_fd + 1;
  if (::dup3(report, last_report, O_CLOEXEC) < 0) give_up(report, Stage::Streams);
  // What is left open of ours, also by a library that forgot the flag.
  if (::syscall(SYS_close_range, last_report + 1, ~0U, 0) != 0) {
    for (int fd = last_report + 1; fd < 4096; ++fd)
      ::close(fd);
  }
  reset_signals();
  if (CPU_COUNT(&child.cores) > 0) ::sched_setaffinity(0, sizeof child.cores, &child.cores);
  if (original_file_limit().rlim_cur != 0) ::setrlimit(RLIMIT_NOFILE, &original_file_limit());
  if (::chdir(child.launch.working_directory.c_str()) != 0)
    give_up(last_report, Stage::WorkingDirectory);
  ::execve(child.launch.command.program.c_str(), child.arguments.data(), child.environment.data());
  give_up(last_report, Stage::Exec);
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (const std::string& text : texts)
    result.push_back(const_cast<char*>(text.c_str()));
  result.push_back(nullptr);
  return result;
}

}  // namespace

FileDescriptor open_pidfd(pid_t pid) {
  return FileDescriptor(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
}

bool signal_pidfd(int pidfd, int signal) {
  return ::syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0) == 0;
}

void raise_file_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= limit.rlim_max) return;
  original_file_limit() = limit;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

Result<LaunchedProcess> launch(const Launch& launch) {
  Stream output = TRY(launch.has_terminal ? make_terminal() : make_pipe());
  Stream errors = TRY(launch.has_terminal ? make_terminal() : make_pipe());
  Stream report = TRY(make_pipe());
  Child child{.launch = launch,
              .arguments = pointers(launch.command.arguments),
              .environment = pointers(launch.environment),
              .input = launch.has_terminal ? output.theirs.get() : -1,
              .output = output.theirs.get(),
              .errors = errors.theirs.get(),
              .report = report.theirs.get(),
              .parent = ::getpid(),
              .cores = {}};
  CPU_ZERO(&child.cores);
  for (const std::uint32_t core : launch.cpu_affinity) {
    if (core < CPU_SETSIZE) CPU_SET(core, &child.cores);
  }
  const pid_t pid = ::fork();
  if (pid < 0) {
    auto error = fail_errno("making a process");
    if (errno == EAGAIN) {
      error.error().message +=
          " (this user or container has as many processes as it may: raise the limit with `ulimit "
          "-u`, or the one of the container)";
    }
    return error;
  }
  if (pid == 0) run_child(child);

  LaunchedProcess process;
  process.pid = pid;
  process.pidfd = open_pidfd(pid);
  if (!process.pidfd) {
    auto error = fail_errno("watching a process");
    ::kill(pid, SIGKILL);
    return error;
  }
  process.output = std::move(output.ours);
  process.errors = std::move(errors.ours);
  process.exec_report = std::move(report.ours);
  set_non_blocking(process.output);
  set_non_blocking(process.errors);
  set_non_blocking(process.exec_report);
  return process;
}

std::optional<std::string> read_exec_failure(int exec_report, const Launch& launch) {
  ExecFailure failure{};
  if (retry_interrupted([&] { return ::read(exec_report, &failure, sizeof failure); }) !=
      sizeof failure) {
    return std::nullopt;
  }
  const std::string program = launch.command.program.string();
  const char* text = strerrordesc_np(failure.error);
  const std::string reason = text == nullptr ? std::to_string(failure.error) : text;
  switch (failure.stage) {
    case Stage::Session:
      return fmt::format("making a session: {}", reason);
    case Stage::Streams:
      return fmt::format("connecting its input and output: {}", reason);
    case Stage::WorkingDirectory:
      return fmt::format("entering {}: {}", launch.working_directory.string(), reason);
    case Stage::Exec:
      break;
  }
  if (failure.error == ENOEXEC) {
    return fmt::format(
        "executing {}: it is neither a program for this machine nor a script that "
        "begins with #!",
        program);
  }
  if (failure.error == E2BIG)
    return fmt::format("executing {}: its arguments and environment are too long together",
                       program);
  return fmt::format("executing {}: {}", program, reason);
}

}  // namespace dora::daemon

// SPDX-License-Identifier: Apache-2.0
#include "cli/front_process.hpp"

#include <csignal>
#include <cstdio>
#include <cstdlib>

#include <fmt/format.h>
#include <poll.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace dora::cli {
namespace {

// The first Ctrl-C stops, the second kills the nodes; an engine that does not even manage that is
// killed itself by the third.
constexpr int patient_interrupts = 2;
constexpr int interrupted_exit_code = 130;

// glibc 2.36 declares these; the C library we promise to run on may be older.
FileDescriptor open_pidfd(pid_t pid) {
  return FileDescriptor(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
}

void send_signal(const FileDescriptor& pidfd, int signal) {
  ::syscall(SYS_pidfd_send_signal, pidfd.get(), signal, nullptr, 0);
}

sigset_t handled_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  struct sigaction hangup{};
  ::sigaction(SIGHUP, nullptr, &hangup);
  // nohup: the dataflow is meant to outlive the terminal.
  if (hangup.sa_handler != SIG_IGN) sigaddset(&signals, SIGHUP);
  return signals;
}

void tell_death(int signal) {
  const char* name = sigabbrev_np(signal);
  const std::string text =
      fmt::format("error: the engine of this dora was killed by SIG{}; all its nodes were killed\n",
                  name == nullptr ? "???" : name);
  (void)write_all(STDERR_FILENO, text);
}

// Returns, once the engine is gone, whether it was killed because it reacted to nothing else.
bool watch_engine(const FileDescriptor& engine, const FileDescriptor& signals) {
  int interrupts = 0;
  for (;;) {
    pollfd waited[] = {{engine.get(), POLLIN, 0}, {signals.get(), POLLIN, 0}};
    if (::poll(waited, 2, -1) < 0 && errno != EINTR) break;
    if (waited[0].revents != 0) break;
    signalfd_siginfo info{};
    if (waited[1].revents == 0 || ::read(signals.get(), &info, sizeof(info)) != sizeof(info))
      continue;
    const int signal = static_cast<int>(info.ssi_signo);
    if (signal == SIGINT) ++interrupts;
    send_signal(engine, interrupts > patient_interrupts ? SIGKILL : signal);
  }
  return interrupts > patient_interrupts;
}

[[noreturn]] void become_engine(const std::function<int(FrontLink)>& engine, FrontLink link) {
  ::setpgid(0, 0);
  // Not inherited: when the front is gone, the engine must find every process itself.
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  // A background process group may be kept from writing to its terminal.
  std::signal(SIGTTOU, SIG_IGN);
  ::prctl(PR_SET_NAME, "dora-engine");
  const int code = engine(std::move(link));
  std::fflush(nullptr);
  // Nothing of the front's life (its destructors, its atexit) is ours to end.
  ::_exit(code);
}

}  // namespace

Result<int> run_behind_front(const std::function<int(FrontLink)>& engine,
                             const std::function<void(EngineEnd)>& clean_up) {
  const sigset_t handled = handled_signals();
  if (::sigprocmask(SIG_BLOCK, &handled, nullptr) != 0) return fail_errno("blocking signals");
  FileDescriptor signals(::signalfd(-1, &handled, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals) return fail_errno("making a signalfd");
  FileDescriptor front_death = open_pidfd(::getpid());
  if (!front_death) return fail_errno("watching this process");
  // Whoever loses its parent below us becomes our child, and can be found and killed.
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) return fail_errno("becoming a subreaper");

  std::fflush(nullptr);
  const pid_t front = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) return fail_errno("starting the engine");
  if (child == 0) {
    // A signalfd tells of the signals of whoever reads it, so the engine may use the same one.
    become_engine(engine, {front, std::move(front_death), std::move(signals)});
  }
  ::setpgid(child, child);  // whichever of the two comes first
  const FileDescriptor pidfd = open_pidfd(child);
  if (!pidfd) {
    ::kill(child, SIGKILL);
    auto error = fail_errno("watching the engine");
    clean_up(EngineEnd::Killed);
    return error;
  }
  const bool was_killed_by_us = watch_engine(pidfd, signals);
  int status = 0;
  if (retry_interrupted([&] { return ::waitpid(child, &status, 0); }) != child)
    return fail_errno("waiting for the engine");
  if (WIFEXITED(status)) {
    clean_up(EngineEnd::Exited);
    return WEXITSTATUS(status);
  }
  clean_up(EngineEnd::Killed);
  if (was_killed_by_us) return interrupted_exit_code;
  tell_death(WTERMSIG(status));
  return 1;
}

}  // namespace dora::cli

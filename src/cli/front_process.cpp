// SPDX-License-Identifier: Apache-2.0
#include "cli/front_process.hpp"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/crash_point.hpp"
#include "cli/guard_process.hpp"
#include "cli/process_name.hpp"
#include "cli/raw_keyboard.hpp"

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

void tell_death(std::string_view whose, int signal) {
  const char* name = sigabbrev_np(signal);
  const std::string text =
      fmt::format("error: the {} of this dora was killed by SIG{}; all its nodes were killed\n",
                  whose, name == nullptr ? "???" : name);
  (void)write_all(STDERR_FILENO, text);
}

// The process above this one. The front has none: pid -1, and a descriptor that is never ready.
struct Above {
  pid_t pid = -1;
  FileDescriptor death;
};

// The keyboard of the front's terminal, on its way to the engine.
class Keys {
 public:
  // Only where somebody sits: a program in the background that touches its terminal is stopped.
  static std::optional<Keys> find() {
    if (!is_ours()) return std::nullopt;
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return std::nullopt;
    Keys keys{FileDescriptor(ends[0]), FileDescriptor(ends[1]), nullptr};
    keys.keyboard_ = std::make_unique<RawKeyboard>(STDIN_FILENO, RawKeyboard::Signals::AreSignals);
    if (!keys.keyboard_->is_active()) return std::nullopt;
    return keys;
  }

  FileDescriptor take_reader() { return std::move(reader_); }
  // For poll: none while the terminal belongs to somebody else.
  int source() const { return !is_over_ && is_ours() ? STDIN_FILENO : -1; }
  void forward() {
    char typed[256];
    const auto length = ::read(STDIN_FILENO, typed, sizeof typed);
    is_over_ = length == 0 || (length < 0 && errno != EINTR && errno != EAGAIN);
    // Keys that nobody reads are worth nothing.
    if (length > 0) (void)!::write(writer_.get(), typed, static_cast<std::size_t>(length));
  }
  void restore() { keyboard_->restore(); }

 private:
  Keys(FileDescriptor reader, FileDescriptor writer, std::unique_ptr<RawKeyboard> keyboard)
      : reader_(std::move(reader)), writer_(std::move(writer)), keyboard_(std::move(keyboard)) {}

  static bool is_ours() {
    return ::isatty(STDIN_FILENO) == 1 && ::tcgetpgrp(STDIN_FILENO) == ::getpgrp();
  }

  FileDescriptor reader_;
  FileDescriptor writer_;
  std::unique_ptr<RawKeyboard> keyboard_;
  bool is_over_ = false;
};

enum class End { ChildEnded, ChildKilled, AboveDied };

// Until the child or the process above is gone. A child that reacts to nothing else is killed, but
// only by whoever hears Ctrl-C first.
End watch(const FileDescriptor& child, const FileDescriptor& signals, const Above& above,
          Keys* keys) {
  // Nobody tells when a terminal comes back to us (`fg`).
  const int pause_ms = keys == nullptr ? -1 : 500;
  int interrupts = 0;
  for (;;) {
    pollfd waited[] = {{child.get(), POLLIN, 0},
                       {signals.get(), POLLIN, 0},
                       {above.death.get(), POLLIN, 0},
                       {keys == nullptr ? -1 : keys->source(), POLLIN, 0}};
    if (::poll(waited, 4, pause_ms) < 0 && errno != EINTR) return End::ChildEnded;
    // Both at once: then there is more to clean up than a child that ended.
    if (waited[2].revents != 0) return End::AboveDied;
    if (waited[0].revents != 0) break;
    if (waited[3].revents != 0) keys->forward();
    signalfd_siginfo info{};
    if (waited[1].revents == 0 || ::read(signals.get(), &info, sizeof(info)) != sizeof(info))
      continue;
    int signal = static_cast<int>(info.ssi_signo);
    if (signal == SIGINT && above.pid < 0) ++interrupts;
    // Only the front counts Ctrl-C; one that was sent here directly is a wish to end all the same.
    if (signal == SIGINT && above.pid >= 0 && static_cast<pid_t>(info.ssi_pid) != above.pid)
      signal = SIGTERM;
    send_signal(child, interrupts > patient_interrupts ? SIGKILL : signal);
  }
  return interrupts > patient_interrupts ? End::ChildKilled : End::ChildEnded;
}

// Runs `role` in a child with a process group of its own, and returns what has become of it. What
// the child is told in its FrontLink: this process, its death, and `signals`.
struct Child {
  pid_t pid = -1;
  FileDescriptor pidfd;
};

Result<Child> start_child(const FileDescriptor& signals,
                          const std::function<int(FrontLink)>& role) {
  FileDescriptor death = open_pidfd(::getpid());
  if (!death) return fail_errno("watching this process");
  // A signalfd tells of the signals of whoever reads it, so that all may use the same one.
  FileDescriptor their_signals = TRY(signals.duplicate());
  std::fflush(nullptr);
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) return fail_errno("starting the engine");
  if (pid == 0) {
    ::setpgid(0, 0);
    // Not inherited: whoever loses its parent below us becomes our child, and is found.
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    // A background process group may be kept from writing to its terminal.
    std::signal(SIGTTOU, SIG_IGN);
    const int code = role({parent, std::move(death), std::move(their_signals)});
    std::fflush(nullptr);
    // Nothing of the parent's life (its destructors, its atexit) is ours to end.
    ::_exit(code);
  }
  ::setpgid(pid, pid);  // whichever of the two comes first
  Child child{pid, open_pidfd(pid)};
  if (child.pidfd) return child;
  auto error = fail_errno("watching the engine");
  ::kill(pid, SIGKILL);
  return error;
}

// What has become of the child, as exit code.
Result<int> follow(const Child& child, std::string_view name, const FileDescriptor& signals,
                   const Above& above, Keys* keys, const std::function<void(EngineEnd)>& clean_up) {
  const End end = watch(child.pidfd, signals, above, keys);
  int status = 0;
  if (end == End::AboveDied) {
    // Nobody is there who wants it, or would end it.
    clean_up(EngineEnd::Killed);
    return 1;
  }
  if (retry_interrupted([&] { return ::waitpid(child.pid, &status, 0); }) != child.pid)
    return fail_errno("waiting for the engine");
  if (WIFEXITED(status)) {
    clean_up(EngineEnd::Exited);
    return WEXITSTATUS(status);
  }
  clean_up(EngineEnd::Killed);
  if (end == End::ChildKilled) return interrupted_exit_code;
  tell_death(name, WTERMSIG(status));
  return 1;
}

int be_watcher(FrontLink front, const std::function<int(FrontLink)>& engine,
               const std::function<void(EngineEnd)>& clean_up) {
  crash_point("watcher.began");
  const auto child = start_child(front.signals, [&](FrontLink link) {
    crash_point("engine.began");
    ::prctl(PR_SET_NAME, "dora-engine");
    link.keys = std::move(front.keys);
    return engine(std::move(link));
  });
  take_process_name("node-watch");
  crash_point("watcher.forked");
  const auto clean = [&](EngineEnd end) {
    crash_point("watcher.cleaning");
    clean_up(end);
  };
  const auto code = child ? follow(*child, "engine", front.signals,
                                   {front.front, std::move(front.front_death)}, nullptr, clean)
                          : Result<int>(std::unexpected(child.error()));
  if (code) return *code;
  clean_up(EngineEnd::Killed);
  (void)write_all(STDERR_FILENO, fmt::format("error: {}\n", code.error().message));
  return 1;
}

}  // namespace

Result<int> run_behind_front(const std::function<int(FrontLink)>& engine,
                             const std::function<void(EngineEnd)>& clean_up, FrontKeys forwarding) {
  const sigset_t handled = handled_signals();
  if (::sigprocmask(SIG_BLOCK, &handled, nullptr) != 0) return fail_errno("blocking signals");
  const FileDescriptor signals(::signalfd(-1, &handled, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals) return fail_errno("making a signalfd");
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) return fail_errno("becoming a subreaper");
  auto found = forwarding == FrontKeys::Forwarded ? Keys::find() : std::nullopt;
  Keys* const keys = found ? &*found : nullptr;
  auto guard = GuardProcess::prepare();
  const auto watcher = start_child(signals, [&](FrontLink front) {
    if (keys == nullptr) return be_watcher(std::move(front), engine, clean_up);
    front.keys = keys->take_reader();
    return be_watcher(std::move(front), engine, [&](EngineEnd end) {
      // A front that was killed has not done it.
      keys->restore();
      clean_up(end);
    });
  });
  if (!watcher) {
    clean_up(EngineEnd::Killed);
    return std::unexpected(watcher.error());
  }
  crash_point("front.forked");
  if (guard) guard->start();
  auto code = follow(*watcher, "watcher", signals, {}, keys, [&](EngineEnd end) {
    crash_point("front.cleaning");
    clean_up(end);
  });
  if (guard) guard->end();
  return code;
}

}  // namespace dora::cli

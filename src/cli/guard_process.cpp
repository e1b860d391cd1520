// SPDX-License-Identifier: Apache-2.0
#include "cli/guard_process.hpp"

#include <csignal>
#include <cstdio>
#include <utility>

#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/process_name.hpp"
#include "daemon/instance_directory.hpp"
#include "daemon/node_life.hpp"

namespace dora::cli {
namespace {

// Not a single descriptor may be held by it: somebody may wait for the end of its other side.
void let_go_of_all_but(int kept) {
  if (const int null = ::open("/dev/null", O_RDWR); null >= 0) {
    for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
      ::dup2(null, stream);
  }
  constexpr int lowest = STDERR_FILENO + 1;
  if (kept > lowest) ::syscall(SYS_close_range, lowest, kept - 1, 0);
  ::syscall(SYS_close_range, kept + 1, ~0U, 0);
}

[[noreturn]] void guard(int reader) {
  ::setsid();
  take_process_name("node-guard");
  let_go_of_all_but(reader);
  char none = 0;
  // Nothing is ever written.
  retry_interrupted([&] { return ::read(reader, &none, 1); });
  daemon::kill_orphans();
  // Their directory, too.
  (void)daemon::list_instances();
  ::_exit(0);
}

}  // namespace

std::optional<GuardProcess> GuardProcess::prepare() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return std::nullopt;
  return GuardProcess(FileDescriptor(ends[0]), FileDescriptor(ends[1]));
}

void GuardProcess::start() {
  std::fflush(nullptr);
  pid_ = ::fork();
  if (pid_ == 0) guard(reader_.get());
  if (pid_ > 0) pidfd_ = FileDescriptor(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
  // Those that were forked before have it too, but never wait for it.
  reader_.close();
}

void GuardProcess::end() {
  if (!pidfd_) return;
  // Not by its number: whoever cleaned up may have reaped it already.
  ::syscall(SYS_pidfd_send_signal, pidfd_.get(), SIGKILL, nullptr, 0);
  retry_interrupted([&] { return ::waitpid(pid_, nullptr, 0); });
  pidfd_.close();
}

}  // namespace dora::cli

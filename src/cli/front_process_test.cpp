// SPDX-License-Identifier: Apache-2.0
#include "cli/front_process.hpp"

#include <csignal>
#include <optional>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/process_tree.hpp"

namespace dora::cli {
namespace {

// A pipe whose writing end is held by every process of a test: its end of file means that none is
// left.
class LifeLine {
 public:
  LifeLine() {
    int fds[2];
    if (::pipe2(fds, O_CLOEXEC) != 0) return;
    reader_ = FileDescriptor(fds[0]);
    writer_ = FileDescriptor(fds[1]);
  }
  void say(char word) const { (void)!::write(writer_.get(), &word, 1); }
  void keep_reader_only() { writer_.close(); }
  // The next word, or 0 when every process is gone.
  char listen() const {
    char word = 0;
    return ::read(reader_.get(), &word, 1) == 1 ? word : '\0';
  }

 private:
  FileDescriptor reader_, writer_;
};

// A program of its own: a front with `engine` behind it.
pid_t start(const std::function<int(FrontLink)>& engine) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    const auto clean_up = [](EngineEnd) { daemon::kill_descendants(); };
    ::_exit(run_behind_front(engine, clean_up).value_or(99));
  }
  return pid;
}

int exit_code_of(pid_t pid) {
  int status = 0;
  EXPECT_EQ(::waitpid(pid, &status, 0), pid);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

bool wait_readable(int fd) {
  pollfd waited{fd, POLLIN, 0};
  return ::poll(&waited, 1, -1) == 1;
}

// Forks twice and leaves its session, as daemons do, then sleeps for ever.
void start_runaway(const LifeLine& line) {
  if (::fork() != 0) return;
  ::setsid();
  if (::fork() != 0) ::_exit(0);
  line.say('r');
  for (;;)
    ::pause();
}

TEST(FrontProcess, GivesBackTheExitCodeOfTheEngine) {
  EXPECT_EQ(exit_code_of(start([](FrontLink) { return 7; })), 7);
}

TEST(FrontProcess, PassesSignalsOn) {
  LifeLine line;
  const pid_t front = start([&](FrontLink link) {
    line.say('e');
    signalfd_siginfo info{};
    wait_readable(link.signals.get());
    return ::read(link.signals.get(), &info, sizeof(info)) == sizeof(info) &&
                   static_cast<pid_t>(info.ssi_pid) == link.front
               ? static_cast<int>(info.ssi_signo)
               : 98;
  });
  ASSERT_EQ(line.listen(), 'e');
  ::kill(front, SIGTERM);
  EXPECT_EQ(exit_code_of(front), SIGTERM);
}

TEST(FrontProcess, TheEngineHasAProcessGroupOfItsOwn) {
  EXPECT_EQ(exit_code_of(start([](FrontLink) { return ::getpgrp() == ::getpid() ? 0 : 1; })), 0);
}

TEST(FrontProcess, LeavesNothingWhenTheEngineIsKilled) {
  LifeLine line;
  const pid_t front = start([&](FrontLink) {
    start_runaway(line);
    wait_readable(-1);
    return 0;
  });
  ASSERT_EQ(line.listen(), 'r');
  line.keep_reader_only();
  // The engine is the one child of the front.
  std::optional<pid_t> engine;
  for (const auto& process : daemon::list_processes())
    if (process.parent == front && process.group == process.pid) engine = process.pid;
  ASSERT_TRUE(engine);
  ::kill(*engine, SIGKILL);
  EXPECT_EQ(exit_code_of(front), 1);
  EXPECT_EQ(line.listen(), '\0');
}

TEST(FrontProcess, LeavesNothingWhenItIsKilledItself) {
  LifeLine line;
  const pid_t front = start([&](FrontLink link) {
    start_runaway(line);
    wait_readable(link.front_death.get());
    daemon::kill_descendants();
    return 0;
  });
  ASSERT_EQ(line.listen(), 'r');
  line.keep_reader_only();
  ::kill(front, SIGKILL);
  EXPECT_EQ(exit_code_of(front), -SIGKILL);
  EXPECT_EQ(line.listen(), '\0');
}

TEST(FrontProcess, AThirdInterruptEndsAnEngineThatDoesNotReact) {
  LifeLine line;
  const pid_t front = start([&](FrontLink link) {
    line.say('e');
    signalfd_siginfo info{};
    for (;;) {
      wait_readable(link.signals.get());
      if (::read(link.signals.get(), &info, sizeof(info)) == sizeof(info)) line.say('i');
    }
    return 0;
  });
  ASSERT_EQ(line.listen(), 'e');
  for (int i = 0; i < 2; ++i) {
    ::kill(front, SIGINT);
    ASSERT_EQ(line.listen(), 'i');
  }
  ::kill(front, SIGINT);
  EXPECT_EQ(exit_code_of(front), 130);
}

}  // namespace
}  // namespace dora::cli

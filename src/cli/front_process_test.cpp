// SPDX-License-Identifier: Apache-2.0
#include "cli/front_process.hpp"

#include <algorithm>
#include <csignal>
#include <string>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/crash_point.hpp"
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

// The one child of a process that has no other.
pid_t child_of(pid_t parent) {
  for (const auto& process : daemon::list_processes())
    if (process.parent == parent) return process.pid;
  ADD_FAILURE() << parent << " has no child";
  return -1;
}

// A front whose engine has a child that hides, and kills what is below it when its own parent dies.
pid_t start_with_runaway(const LifeLine& line) {
  return start([&line](FrontLink link) {
    start_runaway(line);
    wait_readable(link.front_death.get());
    daemon::kill_descendants();
    return 1;
  });
}

TEST(FrontProcess, LeavesNothingWhicheverTwoAreKilledAtOneMoment) {
  for (const std::vector<int>& victims :
       {std::vector{0}, {1}, {2}, {0, 1}, {1, 0}, {0, 2}, {2, 0}, {1, 2}, {2, 1}}) {
    SCOPED_TRACE(testing::PrintToString(victims));
    LifeLine line;
    const pid_t front = start_with_runaway(line);
    ASSERT_EQ(line.listen(), 'r');
    line.keep_reader_only();
    const pid_t watcher = child_of(front);
    const pid_t roles[] = {front, watcher, child_of(watcher)};
    for (const int victim : victims)
      ::kill(roles[victim], SIGKILL);
    const bool is_front_killed = std::ranges::find(victims, 0) != victims.end();
    EXPECT_EQ(exit_code_of(front), is_front_killed ? -SIGKILL : 1);
    EXPECT_EQ(line.listen(), '\0');
  }
}

TEST(FrontProcess, LeavesNothingWhenItDiesAtAnyStep) {
#ifdef NDEBUG
  GTEST_SKIP() << "there are crash points in Debug builds only";
#endif
  int steps = 0;
  for (const std::string_view label : crash_labels) {
    if (!label.starts_with("front.") && !label.starts_with("watcher.") &&
        !label.starts_with("engine."))
      continue;
    SCOPED_TRACE(label);
    ++steps;
    LifeLine line;
    const pid_t pid = ::fork();
    if (pid == 0) {
      ::setenv("DORA_CRASH_AT", std::string(label).c_str(), 1);
      const auto clean_up = [](EngineEnd) { daemon::kill_descendants(); };
      const auto engine = [&](const FrontLink&) {
        start_runaway(line);
        return 0;
      };
      ::_exit(run_behind_front(engine, clean_up).value_or(99));
    }
    EXPECT_NE(exit_code_of(pid), 0);
    line.keep_reader_only();
    while (line.listen() != '\0') {
    }
  }
  EXPECT_EQ(steps, 6);
}

TEST(FrontProcess, TheWatcherIsNotHitByAKillByName) {
  LifeLine line;
  const pid_t front = start_with_runaway(line);
  ASSERT_EQ(line.listen(), 'r');
  const std::string folder = "/proc/" + std::to_string(child_of(front));
  for (const char* file : {"/comm", "/cmdline"}) {
    std::string text;
    // It takes its name beside what it has started. Whoever runs the tests ends a vain wait.
    while (!text.starts_with("node-watch")) {
      const FileDescriptor words(::open((folder + file).c_str(), O_RDONLY | O_CLOEXEC));
      text = read_all(words.get(), 4096).value_or("node-watch is gone");
    }
    EXPECT_EQ(text.find("dora"), std::string::npos) << text;
  }
  line.keep_reader_only();
  ::kill(front, SIGKILL);
  EXPECT_EQ(exit_code_of(front), -SIGKILL);
  EXPECT_EQ(line.listen(), '\0');
}

TEST(FrontProcess, OnlyTheFrontCountsCtrlC) {
  LifeLine line;
  const pid_t front = start([&](FrontLink link) {
    line.say('e');
    signalfd_siginfo info{};
    wait_readable(link.signals.get());
    return ::read(link.signals.get(), &info, sizeof(info)) == sizeof(info)
               ? static_cast<int>(info.ssi_signo)
               : 98;
  });
  ASSERT_EQ(line.listen(), 'e');
  // As `pkill -INT` does, which does not choose.
  ::kill(child_of(front), SIGINT);
  EXPECT_EQ(exit_code_of(front), SIGTERM);
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

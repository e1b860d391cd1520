// SPDX-License-Identifier: Apache-2.0
#include "daemon/process_tree.hpp"

#include <algorithm>
#include <csignal>

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace dora::daemon {
namespace {

TEST(ProcessTree, FindsThisProcessAndItsParent) {
  const auto self = find_process(::getpid());
  ASSERT_TRUE(self);
  EXPECT_EQ(self->parent, ::getppid());
  EXPECT_EQ(self->session, ::getsid(0));
  EXPECT_EQ(self->group, ::getpgid(0));
  EXPECT_GT(self->start_time, 0U);
  EXPECT_FALSE(self->is_ending);
  EXPECT_FALSE(find_process(-1));
}

/// In a child, as namespaces are for life. The first process of a pid namespace closes what it has
/// open and then waits, not yet a zombie, for the others of the namespace to be reaped.
int look_at_a_dying_process() {
  constexpr int no_namespaces = 2;
  if (::unshare(CLONE_NEWPID) != 0 && ::unshare(CLONE_NEWUSER | CLONE_NEWPID) != 0)
    return no_namespaces;
  int life[2];
  if (::pipe(life) != 0) return 1;
  const auto fork_sleeper = [] {
    const pid_t pid = ::fork();
    while (pid == 0)
      ::pause();
    return pid;
  };
  const pid_t first = fork_sleeper();
  if (first < 0) return no_namespaces;
  ::close(life[1]);
  const pid_t second = fork_sleeper();
  ::kill(first, SIGKILL);
  if (second < 0) return no_namespaces;
  char none = 0;
  if (::read(life[0], &none, 1) != 0) return 1;
  const auto process = find_process(first);
  const bool is_zombie = ::waitpid(first, nullptr, WNOHANG) != 0;
  const bool is_seen = process && process->is_ending;
  ::waitpid(second, nullptr, 0);
  return is_seen && !is_zombie ? 0 : 1;
}

// Such a moment is short, but a busy machine makes it long: who waits for the end of a pipe sees it
// while the process is not a zombie yet.
TEST(ProcessTree, WhoHasClosedItsDescriptorsIsEnding) {
  const pid_t scene = ::fork();
  if (scene == 0) ::_exit(look_at_a_dying_process());
  int status = 0;
  ASSERT_EQ(::waitpid(scene, &status, 0), scene);
  if (status == 0x200) GTEST_SKIP() << "no namespaces here";
  EXPECT_EQ(status, 0);
}

TEST(ProcessTree, TellsItsChildrenCheaply) {
  const pid_t child = ::fork();
  if (child == 0) {
    for (;;)
      ::pause();
  }
  ASSERT_GT(child, 0);
  const auto children = probable_children();
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  // A kernel may have been built without it.
  if (children) {
    EXPECT_EQ(std::ranges::count(*children, child), 1);
  }
}

TEST(ProcessTree, DescendantsAreFoundAtEveryDepth) {
  const std::vector<ProcessEntry> all = {{.pid = 1, .parent = 0},
                                         {.pid = 10, .parent = 1},
                                         {.pid = 11, .parent = 10},
                                         {.pid = 12, .parent = 11},
                                         {.pid = 20, .parent = 1}};
  std::vector<pid_t> found;
  for (const auto& entry : descendants_of(10, all))
    found.push_back(entry.pid);
  EXPECT_EQ(found, (std::vector<pid_t>{11, 12}));
}

TEST(ProcessTree, KillsThoseThatHideInSessionsOfTheirOwn) {
  // The whole scene plays in a child, which becomes a subreaper: its grandchild makes a session,
  // forks again and loses its parent.
  int report[2];
  ASSERT_EQ(::pipe(report), 0);
  const pid_t scene = ::fork();
  if (scene == 0) {
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    const pid_t first = ::fork();
    if (first == 0) {
      ::setsid();
      const pid_t second = ::fork();
      if (second != 0) ::_exit(0);
      const pid_t self = ::getpid();
      (void)!::write(report[1], &self, sizeof self);
      for (;;)
        ::pause();
    }
    ::waitpid(first, nullptr, 0);
    pid_t hidden = 0;
    (void)!::read(report[0], &hidden, sizeof hidden);
    const bool was_there = find_process(hidden).has_value();
    kill_descendants();
    ::_exit(was_there && !find_process(hidden) ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(scene, &status, 0), scene);
  EXPECT_EQ(status, 0);
  ::close(report[0]);
  ::close(report[1]);
}

}  // namespace
}  // namespace dora::daemon

// SPDX-License-Identifier: Apache-2.0
#include "daemon/node_life.hpp"

#include <algorithm>
#include <csignal>
#include <string>

#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/process_tree.hpp"

namespace dora::daemon {
namespace {

/// A process that sleeps, and carries `life` as its mark.
pid_t start_marked(const std::string& life) {
  std::string mark = std::string(node_life_variable) + "=" + life;
  std::string words[] = {"sleep", "3600"};
  char* arguments[] = {words[0].data(), words[1].data(), nullptr};
  char* environment[] = {mark.data(), nullptr};
  pid_t pid = -1;
  EXPECT_EQ(::posix_spawn(&pid, "/bin/sleep", nullptr, nullptr, arguments, environment), 0);
  return pid;
}

/// What a dora that lives no more called itself.
std::string prefix_of_the_dead() {
  int ends[2];
  EXPECT_EQ(::pipe(ends), 0);
  const pid_t pid = ::fork();
  if (pid == 0) {
    const std::string prefix = own_life_prefix();
    ::_exit(::write(ends[1], prefix.data(), prefix.size()) > 0 ? 0 : 1);
  }
  EXPECT_EQ(::waitpid(pid, nullptr, 0), pid);
  char text[256];
  const auto length = ::read(ends[0], text, sizeof text);
  ::close(ends[0]);
  ::close(ends[1]);
  return {text, static_cast<std::size_t>(std::max<ssize_t>(length, 0))};
}

bool ended_by_kill(pid_t pid, int options) {
  int status = 0;
  return ::waitpid(pid, &status, options) == pid && WIFSIGNALED(status) &&
         WTERMSIG(status) == SIGKILL;
}

TEST(NodeLife, KillsWhatADeadDoraLeftAndNothingElse) {
  const std::string dead = prefix_of_the_dead();
  const pid_t orphan = start_marked(dead + "/0190/camera/0");
  const pid_t ours = start_marked(own_life_prefix() + "/0190/camera/0");
  // Of another machine's counting of processes; of an older dora; of nobody.
  const std::string elsewhere = "1-1-" + dead.substr(dead.find('-', dead.find('-') + 1) + 1);
  const pid_t others[] = {ours, start_marked(elsewhere + "/0190/camera/0"),
                          start_marked("0190/camera/0"), start_marked(""),
                          start_marked(dead + "x/0190/camera/0")};
  EXPECT_EQ(inherited_life(ours), own_life_prefix() + "/0190/camera/0");
  kill_orphans();
  EXPECT_TRUE(ended_by_kill(orphan, 0));
  for (const pid_t other : others) {
    EXPECT_FALSE(ended_by_kill(other, WNOHANG));
    EXPECT_TRUE(find_process(other));
    ::kill(other, SIGKILL);
    ::waitpid(other, nullptr, 0);
  }
}

}  // namespace
}  // namespace dora::daemon

// SPDX-License-Identifier: Apache-2.0
#include "daemon/memory_limit.hpp"

#include <fstream>
#include <string>

#include <gtest/gtest.h>

namespace dora::daemon {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t mebibyte = 1 << 20;

/// A root folder with a machine of 1000 MiB.
class MemoryLimit : public testing::Test {
 protected:
  MemoryLimit() {
    fs::remove_all(root);
    write("proc/meminfo", "MemFree:  1 kB\nMemTotal:        1024000 kB\nBuffers: 2 kB\n");
  }
  ~MemoryLimit() override { fs::remove_all(root); }
  void write(const fs::path& place, const std::string& text) const {
    fs::create_directories((root / place).parent_path());
    std::ofstream(root / place) << text;
  }
  const fs::path root =
      fs::path(testing::TempDir()) / testing::UnitTest::GetInstance()->current_test_info()->name();
};

TEST_F(MemoryLimit, IsTheMachinesWithoutControlGroups) {
  EXPECT_EQ(usable_memory(root), 1000 * mebibyte);
}

TEST_F(MemoryLimit, CountsThoseThatWereKilledForIt) {
  EXPECT_EQ(out_of_memory_kills(root), 0U);
  write("proc/vmstat", "pgmajfault 7\noom_kill_other 9\noom_kill 3\nnuma_hit 5\n");
  EXPECT_EQ(out_of_memory_kills(root), 3U);
}

TEST_F(MemoryLimit, IsTheLeastOfTheGroupAndThoseAboveIt) {
  write("proc/self/cgroup", "0::/robot.slice/camera.service\n");
  write("sys/fs/cgroup/robot.slice/memory.max", "314572800\n");
  write("sys/fs/cgroup/robot.slice/camera.service/memory.max", "max\n");
  EXPECT_EQ(usable_memory(root), 300 * mebibyte);
  write("sys/fs/cgroup/robot.slice/camera.service/memory.max", "104857600\n");
  EXPECT_EQ(usable_memory(root), 100 * mebibyte);
}

TEST_F(MemoryLimit, IsFoundInAContainerThatSeesItsGroupAsTheRoot) {
  write("proc/self/cgroup", "0::/\n");
  write("sys/fs/cgroup/memory.max", "268435456\n");
  EXPECT_EQ(usable_memory(root), 256 * mebibyte);
}

TEST_F(MemoryLimit, IsFoundInVersion1) {
  write("proc/self/cgroup", "5:cpu,cpuacct:/docker/0123\n4:memory:/docker/0123\n0::/\n");
  write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  EXPECT_EQ(usable_memory(root), 1000 * mebibyte);
  // A container is shown the name that its group has outside.
  write("sys/fs/cgroup/memory/memory.limit_in_bytes", "209715200\n");
  EXPECT_EQ(usable_memory(root), 200 * mebibyte);
}

TEST_F(MemoryLimit, MoreThanTheMachineHasIsNoLimit) {
  write("proc/self/cgroup", "0::/big\nnonsense\n");
  write("sys/fs/cgroup/big/memory.max", "99999999999999\n");
  EXPECT_EQ(usable_memory(root), 1000 * mebibyte);
}

TEST(ArenaLimit, IsAQuarterWithinBounds) {
  EXPECT_EQ(arena_limit(1000 * mebibyte), 250 * mebibyte);
  EXPECT_EQ(arena_limit(10 * mebibyte), 64 * mebibyte);
  EXPECT_EQ(arena_limit(1ULL << 40), 16ULL << 30);
}

TEST(UsableMemory, IsKnownHere) {
  EXPECT_GT(usable_memory(), 64 * mebibyte);
}

}  // namespace
}  // namespace dora::daemon

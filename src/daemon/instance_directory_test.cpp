// SPDX-License-Identifier: Apache-2.0
#include "daemon/instance_directory.hpp"

#include <cstdlib>
#include <fstream>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/process_tree.hpp"

namespace dora::daemon {
namespace {

namespace fs = std::filesystem;

class InstanceDirectoryTest : public testing::Test {
 protected:
  void SetUp() override {
    char pattern[] = "/tmp/dora-test-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern), nullptr);
    base_ = pattern;
    ::setenv("XDG_RUNTIME_DIR", base_.c_str(), 1);
  }
  void TearDown() override {
    ::unsetenv("XDG_RUNTIME_DIR");
    fs::remove_all(base_);
  }
  fs::path base_;
};

TEST_F(InstanceDirectoryTest, IsPrivateAndFoundByOthersOfTheUser) {
  auto made = InstanceDirectory::create("", "run", "/project", "/project/dataflow.yml");
  ASSERT_TRUE(made) << made.error().message;
  struct stat status{};
  ASSERT_EQ(::stat(made->instance().directory.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0700U);
  EXPECT_EQ(made->control_socket().parent_path().parent_path(), base_ / "dora");

  auto listed = list_instances();
  ASSERT_TRUE(listed);
  ASSERT_EQ(listed->size(), 1U);
  EXPECT_EQ(listed->front().record, made->instance().record);
  EXPECT_EQ(listed->front().record.pid, ::getpid());
  EXPECT_EQ(listed->front().record.file, "/project/dataflow.yml");
}

TEST_F(InstanceDirectoryTest, IsGoneAfterItsOwner) {
  fs::path directory;
  {
    auto made = InstanceDirectory::create("gone", "run", "", "");
    ASSERT_TRUE(made);
    directory = made->instance().directory;
    std::ofstream(directory / "control.sock") << "something";
    EXPECT_FALSE(made->is_there());
    std::ofstream(directory / "nodes.sock") << "something";
    EXPECT_TRUE(made->is_there());
  }
  EXPECT_FALSE(fs::exists(directory));
}

TEST_F(InstanceDirectoryTest, RefusesTheNameOfALivingInstance) {
  auto first = InstanceDirectory::create("daemon", "daemon", "", "");
  ASSERT_TRUE(first);
  auto second = InstanceDirectory::create("daemon", "daemon", "", "");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, ErrorKind::Busy);
}

TEST_F(InstanceDirectoryTest, IsMadeAnewWhenSomebodyRemovedIt) {
  auto made = InstanceDirectory::create("daemon", "daemon", "", "");
  ASSERT_TRUE(made);
  for (const fs::path& removed : {made->instance().directory, base_ / "dora"}) {
    fs::remove_all(removed);
    ASSERT_TRUE(made->renew());
    ASSERT_EQ(list_instances()->size(), 1U);
    EXPECT_EQ(list_instances()->front().record, made->instance().record);
  }
}

TEST_F(InstanceDirectoryTest, DirectoriesOfTheDeadAreCleared) {
  const pid_t child = ::fork();
  if (child == 0) {
    auto made = InstanceDirectory::create("daemon", "daemon", "", "");
    ::_exit(made ? 0 : 1);  // without its destructor, as after kill -9
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_EQ(status, 0);
  ASSERT_TRUE(fs::exists(base_ / "dora" / "daemon" / "record.json"));

  auto listed = list_instances();
  ASSERT_TRUE(listed);
  EXPECT_TRUE(listed->empty());
  EXPECT_FALSE(fs::exists(base_ / "dora" / "daemon"));
  EXPECT_TRUE(InstanceDirectory::create("daemon", "daemon", "", ""));
}

TEST_F(InstanceDirectoryTest, RefusesNamesThatLeadElsewhere) {
  for (const char* name : {"../x", "a/b", ".", "..", "-rf", "a b"}) {
    auto made = InstanceDirectory::create(name, "run", "", "");
    ASSERT_FALSE(made) << name;
    EXPECT_EQ(made.error().kind, ErrorKind::InvalidInput);
  }
}

TEST_F(InstanceDirectoryTest, DoesNotFollowALinkPutInItsPlace) {
  const fs::path target = base_ / "target";
  fs::create_directory(target);
  std::ofstream(target / "precious") << "x";
  ASSERT_TRUE(instances_root());
  fs::create_directory_symlink(target, base_ / "dora" / "daemon");
  EXPECT_FALSE(InstanceDirectory::create("daemon", "daemon", "", ""));
  EXPECT_TRUE(list_instances());
  EXPECT_TRUE(fs::exists(target / "precious"));
}

TEST_F(InstanceDirectoryTest, RefusesADirectoryThatOthersMayEnter) {
  ASSERT_TRUE(instances_root());
  fs::create_directory(base_ / "dora" / "daemon");
  ::chmod((base_ / "dora" / "daemon").c_str(), 0777);
  auto made = InstanceDirectory::create("daemon", "daemon", "", "");
  ASSERT_FALSE(made);
  EXPECT_NE(made.error().message.find("0700"), std::string::npos);
}

TEST_F(InstanceDirectoryTest, AReusedProcessNumberIsNotTheInstance) {
  auto made = InstanceDirectory::create("", "run", "", "");
  ASSERT_TRUE(made);
  InstanceRecord record = made->instance().record;
  EXPECT_TRUE(is_alive(record));
  ++record.start_time;
  EXPECT_FALSE(is_alive(record));
  record = made->instance().record;
  record.boot_id = "00000000-0000-0000-0000-000000000000";
  EXPECT_FALSE(is_alive(record));
}

}  // namespace
}  // namespace dora::daemon

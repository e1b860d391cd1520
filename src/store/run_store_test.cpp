// SPDX-License-Identifier: Apache-2.0
#include "store/run_store.hpp"

#include <csignal>
#include <cstdlib>
#include <fstream>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace dora::store {
namespace {

namespace fs = std::filesystem;

StoredRun example(const std::string& uuid, std::int64_t started) {
  StoredRun run;
  run.uuid = uuid;
  run.name = "hello";
  run.file = "/flows/hello.yml";
  run.log_folders = {"/flows/out/" + uuid, "/other/out/" + uuid};
  run.started_ns = started;
  run.nodes = {{.node = "camera", .failed = false, .restarts = 0, .cause = ""}};
  return run;
}

class RunStoreTest : public testing::Test {
 protected:
  RunStoreTest() {
    std::string pattern = fs::temp_directory_path() / "dora-store-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    path_ = folder_ / "runs.db";
  }
  ~RunStoreTest() override {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
  RunStore open() {
    auto store = RunStore::open(path_);
    EXPECT_TRUE(store) << store.error().message;
    return *std::move(store);
  }

  fs::path folder_;
  fs::path path_;
};

TEST_F(RunStoreTest, KeepsRunsAndTheirEnd) {
  StoredRun run = example("0190-a", 5);
  {
    RunStore store = open();
    ASSERT_TRUE(store.write(run));
    run.status = StoredRun::Status::Failed;
    run.ended_ns = 9;
    run.summary = "Node `camera` failed: exited with code 1";
    run.nodes = {{.node = "camera", .failed = true, .restarts = 2, .cause = "exited with code 1"}};
    ASSERT_TRUE(store.write(run));
    ASSERT_TRUE(store.write(example("0190-b", 7)));
  }
  const auto runs = open().runs(10);
  ASSERT_TRUE(runs);
  EXPECT_EQ(*runs, (std::vector{run, example("0190-b", 7)}));
}

TEST_F(RunStoreTest, IsForItsOwnerOnly) {
  const RunStore store = open();
  struct stat status{};
  ASSERT_EQ(::stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
}

TEST_F(RunStoreTest, ParametersGoWithTheirRun) {
  RunStore store = open();
  ASSERT_TRUE(store.write(example("0190-a", 5)));
  ASSERT_TRUE(store.set_parameter("0190-a", "camera", "gain", "0.5"));
  ASSERT_TRUE(store.set_parameter("0190-a", "camera", "mode", "\"fast\""));
  ASSERT_TRUE(store.set_parameter("0190-a", "camera", "gain", "2"));
  ASSERT_TRUE(store.set_parameter("0190-a", "camera", "mode", std::nullopt));
  EXPECT_EQ(*store.parameters("0190-a", "camera"),
            (std::map<std::string, std::string>{{"gain", "2"}}));
  ASSERT_TRUE(store.forget("0190-a"));
  EXPECT_TRUE(store.parameters("0190-a", "camera")->empty());
  EXPECT_FALSE(store.set_parameter("0190-a", "camera", "gain", "2"));
}

TEST_F(RunStoreTest, TellsWhatRanWhenItsOwnerDied) {
  {
    RunStore store = open();
    StoredRun over = example("0190-a", 5);
    over.status = StoredRun::Status::Succeeded;
    ASSERT_TRUE(store.write(over));
    ASSERT_TRUE(store.write(example("0190-b", 7)));
  }
  RunStore store = open();
  const auto lost = store.end_lost(99, "the daemon died");
  ASSERT_TRUE(lost);
  ASSERT_EQ(lost->size(), 1U);
  EXPECT_EQ(lost->front().uuid, "0190-b");
  EXPECT_EQ(store.runs(10)->back().summary, "the daemon died");
  EXPECT_EQ(store.runs(10)->back().ended_ns, 99);
  EXPECT_TRUE(store.end_lost(100, "again")->empty());
}

TEST_F(RunStoreTest, PrunesTheOldest) {
  RunStore store = open();
  for (int i = 0; i < 5; ++i) {
    StoredRun run = example("0190-" + std::to_string(i), i);
    if (i > 0) run.status = StoredRun::Status::Succeeded;
    ASSERT_TRUE(store.write(run));
  }
  ASSERT_TRUE(store.prune(2));
  const auto runs = store.runs(10);
  ASSERT_EQ(runs->size(), 3U);
  EXPECT_EQ(runs->front().uuid, "0190-0");  // it runs
  EXPECT_EQ(runs->back().uuid, "0190-4");
}

TEST_F(RunStoreTest, HasOneOwnerAtATime) {
  const RunStore store = open();
  const auto second = RunStore::open(path_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, ErrorKind::Busy);
  EXPECT_NE(second.error().message.find(path_.string()), std::string::npos);
  EXPECT_EQ(archive_store(path_).error().kind, ErrorKind::Busy);
}

TEST_F(RunStoreTest, RefusesWhatIsNoStore) {
  std::ofstream(path_) << std::string(4096, 'x');
  const auto store = RunStore::open(path_);
  ASSERT_FALSE(store);
  EXPECT_NE(store.error().message.find("--recreate-store"), std::string::npos);
  EXPECT_EQ(*archive_store(path_), fs::path(path_.string() + ".backup"));
  {
    const RunStore made = open();
  }
  EXPECT_EQ(*archive_store(path_), fs::path(path_.string() + ".backup.1"));
  EXPECT_FALSE(*archive_store(path_));
}

TEST_F(RunStoreTest, RefusesANewerForm) {
  {
    const RunStore store = open();
  }
  {
    auto database = Database::open(path_);
    ASSERT_TRUE(database->execute("PRAGMA user_version = 1000"));
  }
  const auto store = RunStore::open(path_);
  ASSERT_FALSE(store);
  EXPECT_NE(store.error().message.find("form 1000"), std::string::npos);
}

TEST_F(RunStoreTest, NamesTheFileThatCannotBeMade) {
  const auto store = RunStore::open("/nowhere/at/all/runs.db");
  ASSERT_FALSE(store);
  EXPECT_NE(store.error().message.find("/nowhere/at/all/runs.db"), std::string::npos);
}

TEST_F(RunStoreTest, WhatWasWrittenSurvivesAKill) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    auto store = RunStore::open(path_);
    for (std::int64_t i = 0; store; ++i) {
      if (!store->write(example("0190-" + std::to_string(1'000'000 + i), i))) ::_exit(1);
      if (::write(ends[1], &i, sizeof i) != sizeof i) ::_exit(1);
    }
    ::_exit(1);
  }
  ::close(ends[1]);
  std::int64_t told = 0;
  for (int i = 0; i < 20; ++i)
    ASSERT_EQ(::read(ends[0], &told, sizeof told), static_cast<ssize_t>(sizeof told));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  while (::read(ends[0], &told, sizeof told) == static_cast<ssize_t>(sizeof told)) {
  }
  ::close(ends[0]);
  const auto runs = open().runs(1'000'000);
  ASSERT_TRUE(runs);
  EXPECT_GE(static_cast<std::int64_t>(runs->size()), told + 1);
  for (const StoredRun& run : *runs)
    EXPECT_EQ(run.nodes.size(), 1U);
}

}  // namespace
}  // namespace dora::store

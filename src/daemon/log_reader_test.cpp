// SPDX-License-Identifier: Apache-2.0
#include "daemon/log_reader.hpp"

#include <fstream>

#include <gtest/gtest.h>
#include <stdlib.h>

#include "daemon/log_file.hpp"

namespace dora::daemon {
namespace {

namespace fs = std::filesystem;

class LogReaderTest : public testing::Test {
 protected:
  LogReaderTest() {
    char name[] = "/tmp/dora-log-reader-XXXXXX";
    folder_ = ::mkdtemp(name);
  }
  ~LogReaderTest() override { fs::remove_all(folder_); }

  static std::string line(const std::string& node, std::int64_t seconds, std::string text) {
    LogEntry entry;
    entry.node = node;
    entry.time_ns = seconds * 1'000'000'000;
    entry.message = std::move(text);
    return to_log_file_line(entry) + "\n";
  }
  LogFile make(const std::string& node, const LogFile::Options& options = {}) {
    auto file = LogFile::create(folder_, node, options);
    EXPECT_TRUE(file.has_value());
    return *std::move(file);
  }
  LogReader reader(std::vector<std::string> nodes = {}) {
    return LogReader({.folders = {folder_}, .nodes = std::move(nodes), .dataflow_id = "run"});
  }
  static std::vector<std::string> read(LogReader& reader) {
    std::vector<std::string> texts;
    reader.read([&](const LogEntry& entry) {
      EXPECT_EQ(entry.dataflow_id, "run");
      texts.push_back(entry.node + ": " + entry.message);
    });
    return texts;
  }

  fs::path folder_;
};

using Texts = std::vector<std::string>;

TEST_F(LogReaderTest, NodesAreMergedByTimeAndEachKeepsItsOrder) {
  auto a = make("a");
  auto b = make("b");
  // The second line of `a` carries a time of its own that lies before the first.
  ASSERT_TRUE(a.append(line("a", 10, "one") + line("a", 5, "two") + line("a", 30, "three")));
  ASSERT_TRUE(b.append(line("b", 20, "x")));
  LogReader logs = reader();
  EXPECT_EQ(read(logs), (Texts{"a: one", "a: two", "b: x", "a: three"}));
  EXPECT_EQ(read(logs), Texts{});
  LogReader only_b = reader({"b"});
  EXPECT_EQ(read(only_b), Texts{"b: x"});
}

TEST_F(LogReaderTest, ATimeInTheFutureHoldsNothingBack) {
  auto a = make("a");
  auto b = make("b");
  ASSERT_TRUE(
      a.append(line("a", 10, "one") + line("a", 9'000'000'000, "later") + line("a", 11, "two")));
  ASSERT_TRUE(b.append(line("b", 20, "x")));
  LogReader logs = reader();
  EXPECT_EQ(read(logs), (Texts{"a: one", "a: later", "a: two", "b: x"}));
}

TEST_F(LogReaderTest, WhatIsWrittenLaterIsReadLater) {
  LogReader logs = reader();
  EXPECT_EQ(read(logs), Texts{});
  auto a = make("a");
  ASSERT_TRUE(a.append(line("a", 1, "one")));
  EXPECT_EQ(read(logs), Texts{"a: one"});
  const std::string two = line("a", 2, "two");
  ASSERT_TRUE(a.append(two.substr(0, 9)));
  EXPECT_EQ(read(logs), Texts{});  // its end is on the way
  ASSERT_TRUE(a.append(two.substr(9)));
  EXPECT_EQ(read(logs), Texts{"a: two"});
}

TEST_F(LogReaderTest, RotationLosesNothing) {
  auto a = make("a", {.max_bytes = 1, .max_rotated_files = 3});
  ASSERT_TRUE(a.append(line("a", 1, "1")));
  LogReader logs = reader();
  EXPECT_EQ(read(logs), Texts{"a: 1"});
  ASSERT_TRUE(a.append(line("a", 2, "2")));
  ASSERT_TRUE(a.append(line("a", 3, "3")));
  EXPECT_EQ(read(logs), (Texts{"a: 2", "a: 3"}));
  // Who comes now finds what is kept.
  LogReader late = reader();
  EXPECT_EQ(read(late), (Texts{"a: 1", "a: 2", "a: 3"}));
  for (int i = 4; i < 9; ++i)
    ASSERT_TRUE(a.append(line("a", i, std::to_string(i))));
  // 4 went into the file that was open; 5 is gone.
  EXPECT_EQ(read(logs), (Texts{"a: 4", "a: 6", "a: 7", "a: 8"}));
}

TEST_F(LogReaderTest, ANewLifeOfTheNodeIsFollowed) {
  auto a = make("a");
  ASSERT_TRUE(a.append(line("a", 1, "before")));
  LogReader logs = reader();
  EXPECT_EQ(read(logs), Texts{"a: before"});
  ASSERT_TRUE(a.append(line("a", 2, "last words")));
  auto again = make("a");
  ASSERT_TRUE(again.append(line("a", 3, "after")));
  EXPECT_EQ(read(logs), (Texts{"a: last words", "a: after"}));
}

TEST_F(LogReaderTest, LinesThatAreNoneAreCounted) {
  std::ofstream(folder_ / "log_a.jsonl") << "nonsense\n"
                                         << line("a", 1, "one") << "{\"level\":7}\n";
  std::ofstream(folder_ / "log_old.txt") << "plain\n";
  std::ofstream(folder_ / "other.jsonl") << line("x", 1, "not ours");
  LogReader logs = reader();
  EXPECT_EQ(read(logs), (Texts{"a: one", "old: plain"}));
  EXPECT_EQ(logs.malformed_lines(), 2U);
  EXPECT_EQ(LogReader::nodes_in({folder_}), (Texts{"a", "old"}));
}

TEST_F(LogReaderTest, FilesOfDoraRsAreUnderstood) {
  std::ofstream(folder_ / "log_cam.jsonl")
      << R"({"ts":"2026-01-01T00:00:00.5Z","level":"warn","node":"cam","stream":"stderr","msg":"hot"})"
      << "\n";
  LogReader logs = reader();
  EXPECT_EQ(read(logs), Texts{"cam: hot"});
}

}  // namespace
}  // namespace dora::daemon

// SPDX-License-Identifier: Apache-2.0
#include "build/builder.hpp"

#include <fstream>
#include <sstream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include "dataflow/load.hpp"

namespace dora::build {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

class BuilderTest : public testing::Test {
 protected:
  void SetUp() override {
    char pattern[] = "/tmp/dora-test-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern), nullptr);
    folder_ = pattern;
    options_.file = folder_ / "flow.yml";
    options_.lookup.inherited["PATH"] = "/usr/bin:/bin";
    listener_.on_line = [this](const std::string& node, const std::string& line) {
      lines_.push_back(node + ": " + line);
    };
  }
  void TearDown() override { fs::remove_all(folder_); }

  void write(const fs::path& name, const std::string& content) {
    std::ofstream(folder_ / name) << content;
  }
  dataflow::Dataflow flow(const std::string& nodes) {
    return *dataflow::parse("nodes:\n" + nodes, {.base_directory = folder_}).dataflow;
  }
  /// Builds in another process of the same user, so to say.
  Result<BuildResult> build(const std::string& nodes) {
    lines_.clear();
    return Builder(options_, listener_).build(flow(nodes));
  }

  fs::path folder_;
  BuildOptions options_;
  BuildListener listener_;
  std::vector<std::string> lines_;
};

const std::string two_nodes =
    "  - {id: b, path: b, build: sh -c \"echo B $CLICOLOR\"}\n"
    "  - {id: a, path: a, build: echo A}\n";

TEST_F(BuilderTest, RunsCommandsInTheOrderOfTheIds) {
  const auto result = build(two_nodes);
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->built, 2);
  EXPECT_THAT(lines_, ElementsAre("a: A", "b: B 1"));
}

TEST_F(BuilderTest, DoesNothingAgain) {
  ASSERT_TRUE(build(two_nodes));
  const auto again = build(two_nodes);
  EXPECT_THAT(lines_, ElementsAre());
  EXPECT_EQ(again->built, 0);
  EXPECT_EQ(again->up_to_date, 2);
  options_.when = BuildOptions::When::Always;
  EXPECT_EQ(build(two_nodes)->built, 2);
}

TEST_F(BuilderTest, BuildsAgainWhatChanged) {
  write("requirements.txt", "one");
  const std::string nodes =
      "  - {id: a, path: a, build: cat requirements.txt}\n"
      "  - {id: b, path: b, build: echo B, env: {X: 1}}\n";
  ASSERT_TRUE(build(nodes));
  write("requirements.txt", "two");
  ASSERT_TRUE(build(nodes));
  EXPECT_THAT(lines_, ElementsAre("a: two"));
  ASSERT_TRUE(build(nodes + "  - {id: c, path: c, build: echo C}\n"));
  EXPECT_THAT(lines_, ElementsAre("c: C"));
  const std::string other =
      "  - {id: a, path: a, build: cat requirements.txt}\n"
      "  - {id: b, path: b, build: echo B, env: {X: 2}}\n";
  ASSERT_TRUE(build(other));
  EXPECT_THAT(lines_, ElementsAre("b: B"));
}

TEST_F(BuilderTest, SeesThatSourcesOfAFolderChanged) {
  fs::create_directories(folder_ / "lib/src");
  fs::create_directories(folder_ / "lib/made");
  write("lib/CMakeLists.txt", "project(x)");
  write("lib/made/CMakeCache.txt", "");
  const std::string node = "  - {id: a, path: a, build: echo -S lib}\n";
  ASSERT_TRUE(build(node));
  write("lib/made/made.c", "made");
  write("lib/notes.md", "no source");
  ASSERT_EQ(build(node)->up_to_date, 1);
  write("lib/src/part.hpp", "new");
  ASSERT_EQ(build(node)->built, 1);
  write("lib/src/part.hpp", "newer");
  ASSERT_EQ(build(node)->built, 1);
  ASSERT_EQ(build(node)->up_to_date, 1);
}

TEST_F(BuilderTest, BuildsNodesThatShareACommandOneAfterTheOther) {
  options_.is_parallel = true;
  // Fails when two of them are in it at once.
  const std::string lines = "\"mkdir busy\\nsleep 0.05\\nrmdir busy\"";
  const auto result = build("  - {id: a, path: a, build: " + lines + "}\n" +
                            "  - {id: b, path: b, build: " + lines + "}\n" +
                            "  - {id: c, path: c, build: " + lines + "}\n");
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->built, 3);
}

TEST_F(BuilderTest, StopsAtTheFirstFailureAndNamesIt) {
  const auto result = build(
      "  - {id: a, path: a, build: \"sh -c 'echo one; echo two >&2; exit 7'\\necho never\"}\n"
      "  - {id: b, path: b, build: echo never}\n");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message,
            "building node `a`: build command `sh -c 'echo one; echo two >&2; exit 7'` returned "
            "exit code 7\n  | one\n  | two");
  EXPECT_THAT(lines_, ElementsAre("a: one", "a: two"));
}

TEST_F(BuilderTest, ForgetsASuccessWhenItsNextBuildBegins) {
  write("code", "0");
  const std::string node = "  - {id: a, path: a, build: sh -c \"exit $(cat code)\"}\n";
  ASSERT_TRUE(build(node));
  write("code", "1");
  options_.when = BuildOptions::When::Always;
  ASSERT_FALSE(build(node));
  options_.when = BuildOptions::When::Changed;
  ASSERT_FALSE(build(node));
  write("code", "0");
  EXPECT_EQ(build(node)->built, 1);
}

TEST_F(BuilderTest, TellsOfLinesThatAreNoCommand) {
  EXPECT_THAT(build("  - {id: a, path: a, build: no-such-program x}\n").error().message,
              HasSubstr("there is no program `no-such-program` on PATH"));
}

TEST_F(BuilderTest, EndsWhenItIsStopped) {
  Builder* builder = nullptr;
  listener_.on_line = [&](const std::string&, const std::string&) { builder->stop(); };
  Builder stopped(options_, listener_);
  builder = &stopped;
  const auto result =
      stopped.build(flow("  - {id: a, path: a, build: sh -c \"echo begun; sleep 1000\"}\n"
                         "  - {id: b, path: b, build: touch built}\n"));
  EXPECT_FALSE(result);
  EXPECT_FALSE(fs::exists(folder_ / "built"));
  EXPECT_EQ(build("  - {id: a, path: a, build: echo A}\n")->built, 1);
}

TEST_F(BuilderTest, BuildsBesideEachOtherWhenAsked) {
  // Each waits for the other one's file.
  options_.is_parallel = true;
  ASSERT_EQ(::mkfifo((folder_ / "fifo").c_str(), 0600), 0);
  const auto result = build(
      "  - {id: a, path: a, build: sh -c \"echo x > fifo\"}\n"
      "  - {id: b, path: b, build: sh -c \"read x < fifo\"}\n");
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->built, 2);
}

TEST_F(BuilderTest, WaitsForAnotherBuildInTheSameFolder) {
  const std::string node = "  - {id: a, path: a, build: echo A}\n";
  // The second begins while the first is in the middle.
  std::jthread second;
  BuildListener slow;
  bool has_waited = false;
  listener_.on_waiting = [&] {
    has_waited = true;
    std::ofstream(folder_ / "go") << "";
  };
  slow.on_line = [&](const std::string&, const std::string& line) {
    if (line == "begun") second = std::jthread([&] { EXPECT_EQ(build(node)->up_to_date, 0); });
  };
  ASSERT_TRUE(Builder(options_, slow)
                  .build(flow("  - id: a\n"
                              "    path: a\n"
                              "    build: sh -c 'echo begun; until [ -e go ]; do sleep 0.01; "
                              "done'\n")));
  second.join();
  EXPECT_TRUE(has_waited);
}

}  // namespace
}  // namespace dora::build

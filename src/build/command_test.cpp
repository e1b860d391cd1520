// SPDX-License-Identifier: Apache-2.0
#include "build/command.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dora::build {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Command shell(std::string script) {
  return {.words = {"sh", "-c", std::move(script)},
          .working_directory = "/usr",
          .environment = {{"PATH", "/usr/bin:/bin"}, {"GREETING", "hello"}}};
}

class CommandTest : public testing::Test {
 protected:
  Result<> run(const Command& command) {
    return run_command(command, [&](const std::string& line) { lines_.push_back(line); }, stop_);
  }

  std::vector<std::string> lines_;
  StopSignal stop_;
};

TEST_F(CommandTest, GivesTheLinesOfBothStreams) {
  ASSERT_TRUE(run(shell("echo one; echo two >&2; printf three")));
  EXPECT_THAT(lines_, ElementsAre("one", "two", "three"));
}

TEST_F(CommandTest, RunsInItsFolderWithItsEnvironment) {
  ASSERT_TRUE(run(shell("pwd; echo $GREETING; echo \"[$HOME]\"")));
  EXPECT_THAT(lines_, ElementsAre("/usr", "hello", "[]"));
}

TEST_F(CommandTest, HasNoInput) {
  ASSERT_TRUE(run(shell("wc -c")));
  EXPECT_THAT(lines_, ElementsAre("0"));
}

TEST_F(CommandTest, TellsHowItEnded) {
  EXPECT_EQ(run(shell("exit 3")).error().message, "exit code 3");
  EXPECT_EQ(run(shell("kill -SEGV $$")).error().message, "killed by SIGSEGV");
}

TEST_F(CommandTest, TellsWhyItDoesNotStart) {
  Command command = shell("");
  command.words = {"no-such-program"};
  EXPECT_EQ(run(command).error().message, "there is no program `no-such-program` on PATH");
  command.words = {"/etc/passwd"};
  EXPECT_THAT(run(command).error().message, HasSubstr("ermission denied"));
  command.words = {"sh"};
  command.working_directory = "/no/such/folder";
  EXPECT_THAT(run(command).error().message, HasSubstr("/no/such/folder"));
}

TEST_F(CommandTest, DoesNotWaitForWhatItLeftBehind) {
  ASSERT_TRUE(run(shell("sleep 1000 & echo done")));
  EXPECT_THAT(lines_, ElementsAre("done"));
}

TEST_F(CommandTest, EndsWhenItIsStopped) {
  const auto ended = run_command(
      shell("trap 'echo asked; exit 0' TERM; echo begun; while :; do sleep 0.01; done"),
      [&](const std::string& line) {
        lines_.push_back(line);
        if (line == "begun") stop_.raise();
      },
      stop_);
  EXPECT_EQ(ended.error().message, "it was stopped");
  EXPECT_EQ(lines_.front(), "begun");
}

TEST_F(CommandTest, AnswersWithItsOutputAlone) {
  EXPECT_EQ(ask_command(shell("echo answer; echo noise >&2"), stop_), "answer");
  EXPECT_EQ(ask_command(shell("echo why >&2; exit 2"), stop_).error().message, "exit code 2: why");
}

TEST(ShownCommand, CanBeTyped) {
  Command command;
  command.words = {"pip", "install", "a b", "it's", "numpy<2"};
  EXPECT_EQ(shown(command), R"(pip install 'a b' 'it'\''s' 'numpy<2')");
}

}  // namespace
}  // namespace dora::build

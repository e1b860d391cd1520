// SPDX-License-Identifier: Apache-2.0
#include "cli/console_format.hpp"

#include <algorithm>
#include <cstdlib>
#include <ctime>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dora::cli {
namespace {

using daemon::LogEntry;
using daemon::LogLevel;
using testing::HasSubstr;
using testing::Not;

// 2026-11-21 12:03:04.512 UTC
constexpr std::int64_t moment = 1795262584512000000;

class ConsoleFormat : public testing::Test {
 protected:
  void SetUp() override {
    ::setenv("TZ", "UTC", 1);
    ::tzset();
  }

  static LogEntry entry(std::string node, std::string message, LogLevel level = LogLevel::Stdout) {
    LogEntry made;
    made.dataflow_id = "0190-id";
    made.node = std::move(node);
    made.level = level;
    made.time_ns = moment;
    made.message = std::move(message);
    return made;
  }

  static LogEntry warning() {
    LogEntry made = entry("camera", "too dark", LogLevel::Warn);
    made.target = "exposure";
    return made;
  }

  static std::string format(const LogEntry& line, ConsoleFormatter::Options options = {}) {
    if (options.nodes.empty()) options.nodes = {"camera", "detector"};
    return ConsoleFormatter(std::move(options)).format(line);
  }

  const LogEntry printed_ = entry("camera", "a frame");
};

TEST_F(ConsoleFormat, PrettyIsAsInTheSpecification) {
  EXPECT_EQ(format(printed_), "12:03:04 stdout camera: a frame\n");
  EXPECT_EQ(format(warning()), "12:03:04 WARN   camera: exposure too dark\n");
  EXPECT_EQ(format(entry("", "ready", LogLevel::Info)), "12:03:04 INFO   [dora]: ready\n");
}

TEST_F(ConsoleFormat, CompactHasCapitals) {
  EXPECT_EQ(format(printed_, {.format = LogFormat::Compact}), "12:03:04 STDOUT camera: a frame\n");
  EXPECT_EQ(format(entry("", "x"), {.format = LogFormat::Compact}), "12:03:04 STDOUT dora: x\n");
}

TEST_F(ConsoleFormat, ATerminalShowsPaddedNames) {
  EXPECT_EQ(format(printed_, {.is_terminal = true}), "12:03:04.512  camera    │ a frame\n");
  EXPECT_EQ(format(warning(), {.is_terminal = true}),
            "12:03:04.512  camera    │ WARN  exposure: too dark\n");
}

TEST_F(ConsoleFormat, ColorsAreThereOnlyWhenWanted) {
  LogEntry line = printed_;
  line.message = "\x1b[31mred\x1b[0m";
  EXPECT_EQ(format(line), "12:03:04 stdout camera: red\n");
  EXPECT_THAT(format(line, {.is_terminal = true}), Not(HasSubstr("\x1b")));
  EXPECT_THAT(format(line, {.is_terminal = true, .is_colored = true}),
              HasSubstr("\x1b[31mred\x1b[0m\n"));
}

TEST_F(ConsoleFormat, TwoNodesDifferInColor) {
  ConsoleFormatter formatter(
      {.is_terminal = true, .is_colored = true, .nodes = {"a", "b", "c", "d", "e", "f", "g", "h"}});
  std::vector<std::string> lines;
  for (const char* node : {"a", "b", "c", "d", "e", "f", "g", "h"}) {
    std::string line = formatter.format(entry(node, ""));
    // Up to the colour: the letters of the names differ anyway.
    line.erase(line.find("m" + std::string(node)));
    lines.push_back(line);
  }
  std::ranges::sort(lines);
  EXPECT_EQ(std::ranges::adjacent_find(lines), lines.end());
}

TEST_F(ConsoleFormat, AProgressBarShowsItsLastPicture) {
  LogEntry line = printed_;
  line.message = " 10%\r 20%\r 30%\r";
  EXPECT_EQ(format(line, {.is_terminal = true}), "12:03:04.512  camera    │  30%\n");
}

TEST_F(ConsoleFormat, ATerminalDoesNotShowTheTimeTwice) {
  const std::string shown = "12:03:04.512  camera    │ ";
  for (const char* line : {"2026-11-21 12:03:04,511 - a frame", "2026-11-21T12:03:04.511Z a frame",
                           "[12:03:04] a frame", "2026/11/21 12:03:03 a frame",
                           "12:03:04.1 | a frame", "[2026-11-21 12:03:04.511+00:00]: a frame"})
    EXPECT_EQ(format(entry("camera", line), {.is_terminal = true}), shown + "a frame\n") << line;
  // Another time is what the node wants to say.
  for (const char* line : {"12:03:09 a frame", "2026-11-21 13:03:04 a frame", "12:03:04",
                           "[12:03:04 a frame", "12:03:04s", "2026-11-21 a frame", "12:03", ""})
    EXPECT_EQ(format(entry("camera", line), {.is_terminal = true}), shown + line + "\n") << line;
  EXPECT_EQ(format(entry("camera", "12:03:04 a frame")),
            "12:03:04 stdout camera: 12:03:04 a frame\n");
}

TEST_F(ConsoleFormat, JsonIsOneObjectPerLine) {
  const std::string line = format(printed_, {.format = LogFormat::Json});
  EXPECT_EQ(line, daemon::to_json(printed_) + "\n");
  EXPECT_THAT(line, HasSubstr("\"node_id\":\"camera\""));
}

}  // namespace
}  // namespace dora::cli

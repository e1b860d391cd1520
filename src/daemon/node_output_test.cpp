// SPDX-License-Identifier: Apache-2.0
#include "daemon/node_output.hpp"

#include <fstream>
#include <sstream>

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/log_line.hpp"

namespace dora::daemon {
namespace {

namespace fs = std::filesystem;
using Stream = LogEntry::Stream;

std::vector<std::string> lines_of(std::vector<std::string_view> parts) {
  LineAssembler assembler;
  std::vector<std::string> lines;
  auto keep = [&](std::string text, bool) { lines.push_back(std::move(text)); };
  for (auto part : parts)
    assembler.feed(part, keep);
  assembler.finish(keep);
  return lines;
}

TEST(LineAssembler, LinesArePutTogetherFromPieces) {
  EXPECT_EQ(lines_of({"a\nb", "c\n", "\nlast"}), (std::vector<std::string>{"a", "bc", "", "last"}));
}

TEST(LineAssembler, EveryKindOfLineEndCounts) {
  EXPECT_EQ(lines_of({"a\r\nb\rc\n\r\nd"}), (std::vector<std::string>{"a", "b", "c", "", "d"}));
  EXPECT_EQ(lines_of({"a\r", "\nb\r", "c"}), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(lines_of({"\r 10 %\r 20 %\n"}), (std::vector<std::string>{" 10 %", " 20 %"}));
}

TEST(LineAssembler, OtherBytesAreReplaced) {
  EXPECT_EQ(lines_of({"a\xff\xfe z\xc3\xa9\n"}),
            (std::vector<std::string>{"a\xef\xbf\xbd\xef\xbf\xbd z\xc3\xa9"}));
  EXPECT_EQ(to_utf8("\xed\xa0\x80"), "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
  EXPECT_EQ(to_utf8("\xf0\x9f\x98\x80"), "\xf0\x9f\x98\x80");
  EXPECT_EQ(to_utf8("\xe2\x82"), "\xef\xbf\xbd\xef\xbf\xbd");
}

TEST(LineAssembler, LongLinesComeInPiecesAndNothingIsLost) {
  LineAssembler assembler;
  std::string whole;
  for (std::size_t i = 0; i < max_line_bytes; ++i)
    whole += "\xc3\xa9";  // two bytes: a cut must not fall between them
  std::vector<bool> continued;
  std::string together;
  auto keep = [&](std::string text, bool is_continued) {
    EXPECT_LE(text.size(), max_line_bytes);
    together += text;
    continued.push_back(is_continued);
  };
  assembler.feed("x" + whole + "\n", keep);
  EXPECT_EQ(together, "x" + whole);
  EXPECT_EQ(continued, (std::vector<bool>{true, true, false}));
}

TEST(LogLine, PlainTextIsStdout) {
  const LogEntry entry = parse_log_line("Received message: [7]", 5);
  EXPECT_EQ(entry.level, LogLevel::Stdout);
  EXPECT_EQ(entry.message, "Received message: [7]");
  EXPECT_EQ(entry.time_ns, 5);
}

TEST(LogLine, FieldsThatWereTooLargeAreNamed) {
  const LogEntry entry = parse_log_line(
      R"({"timestamp":"2026-01-01T00:00:00Z","level":"info","message":"m","fields_dropped":true})",
      5);
  ASSERT_EQ(entry.fields.size(), 1U);
  EXPECT_EQ(entry.fields[0].first, "fields_dropped");
  EXPECT_EQ(entry.fields[0].second, "true");
}

TEST(LogLine, AStructuredLineIsTakenApart) {
  const LogEntry entry = parse_log_line(
      R"({"timestamp":"2026-11-21T12:03:04.512Z","level":"WARN","message":"hot","target":"cam",)"
      R"("file":"a.py","line":7,"fields":{"celsius":81,"name":"left"},"unknown":[1]})",
      0);
  EXPECT_EQ(entry.level, LogLevel::Warn);
  EXPECT_EQ(entry.message, "hot");
  EXPECT_EQ(entry.target, "cam");
  EXPECT_EQ(entry.file, "a.py");
  EXPECT_EQ(entry.line, 7U);
  EXPECT_EQ(format_utc(entry.time_ns), "2026-11-21T12:03:04.512Z");
  EXPECT_EQ(entry.fields, (std::vector<std::pair<std::string, std::string>>{{"celsius", "81"},
                                                                            {"name", "left"}}));
}

TEST(LogLine, WhatIsMissingIsLookedUpInTheFields) {
  const LogEntry entry = parse_log_line(
      R"({"timestamp":"2026-11-21T12:03:04Z","level":"info","fields":{"message":"hi","x":true}})",
      0);
  EXPECT_EQ(entry.message, "hi");
  EXPECT_EQ(entry.fields, (std::vector<std::pair<std::string, std::string>>{{"x", "true"}}));
}

TEST(LogLine, OtherJsonIsPlain) {
  for (const char* line : {R"({"a":1})", R"({"level":"info"})", R"({"level":"loud","timestamp":1})",
                           R"({"level":"info","timestamp":)", "{", "{}"}) {
    const LogEntry entry = parse_log_line(line, 1);
    EXPECT_EQ(entry.level, LogLevel::Stdout) << line;
    EXPECT_EQ(entry.message, line);
  }
}

TEST(LogEntry, ALineOfTheFileCanBeReadAgain) {
  LogEntry entry;
  entry.node = "camera";
  entry.level = LogLevel::Info;
  entry.stream = Stream::Stderr;
  entry.time_ns = 1'795'000'000'512'000'000;
  entry.message = "two\nlines and \xe2\x82\xac";
  entry.target = "t";
  entry.fields = {{"k", "v"}};
  const std::string line = to_log_file_line(entry);
  EXPECT_TRUE(line.starts_with(R"({"timestamp":)"));
  EXPECT_EQ(parse_log_file_line(line), entry);
  const auto theirs = parse_log_file_line(
      R"({"ts":"2026-11-21T12:03:04.512Z","level":"stdout","node":"a","stream":"stdout","msg":"m"})");
  ASSERT_TRUE(theirs);
  EXPECT_EQ(theirs->node, "a");
  EXPECT_EQ(theirs->message, "m");
  EXPECT_FALSE(parse_log_file_line("not a log line"));
}

TEST(LogEntry, TheChannelStdoutPassesOnlyItself) {
  EXPECT_TRUE(passes(LogLevel::Stdout, LogLevel::Stdout));
  EXPECT_TRUE(passes(LogLevel::Error, LogLevel::Stdout));
  EXPECT_FALSE(passes(LogLevel::Stdout, LogLevel::Trace));
  EXPECT_TRUE(passes(LogLevel::Warn, LogLevel::Info));
  EXPECT_FALSE(passes(LogLevel::Debug, LogLevel::Info));
}

class NodeOutputTest : public testing::Test {
 protected:
  void SetUp() override {
    char pattern[] = "/tmp/dora-test-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern), nullptr);
    base_ = pattern;
  }
  void TearDown() override { fs::remove_all(base_); }

  NodeOutput output(LogPlan log = {}) {
    return NodeOutput(
        {.dataflow_id = "0193",
         .node = "cam",
         .folder = base_ / "out" / "0193",
         .log = std::move(log),
         .on_entry = [this](const LogEntry& entry) { entries_.push_back(entry); },
         .on_trouble = [this](const std::string& text) { troubles_.push_back(text); }});
  }
  std::string content(std::uint32_t part = 0) {
    std::ifstream file(LogFile::path_of(base_ / "out" / "0193", "cam", part));
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }

  fs::path base_;
  std::vector<LogEntry> entries_;
  std::vector<std::string> troubles_;
};

TEST_F(NodeOutputTest, LinesReachTheFileAndTheListener) {
  NodeOutput cam = output();
  cam.begin();
  cam.feed(Stream::Stdout, "hello\nwor", 1'000'000'000);
  cam.feed(Stream::Stderr, "oops\n", 2'000'000'000);
  cam.finish(3'000'000'000);
  ASSERT_EQ(entries_.size(), 3U);
  EXPECT_EQ(entries_[0].message, "hello");
  EXPECT_EQ(entries_[1].stream, Stream::Stderr);
  EXPECT_EQ(entries_[2].message, "wor");
  EXPECT_EQ(content(),
            R"({"timestamp":"1970-01-01T00:00:01.000Z","level":"stdout","node_id":"cam",)"
            R"("stream":"stdout","message":"hello"})"
            "\n"
            R"({"timestamp":"1970-01-01T00:00:02.000Z","level":"stdout","node_id":"cam",)"
            R"("stream":"stderr","message":"oops"})"
            "\n"
            R"({"timestamp":"1970-01-01T00:00:03.000Z","level":"stdout","node_id":"cam",)"
            R"("stream":"stdout","message":"wor"})"
            "\n");
  EXPECT_EQ(cam.last_stderr_lines(), std::vector<std::string>{"oops"});
  EXPECT_TRUE(troubles_.empty());
}

TEST_F(NodeOutputTest, LevelsBelowTheMinimumStopBeforeEverything) {
  LogPlan log;
  log.minimum = LogLevel::Warn;
  NodeOutput cam = output(log);
  cam.begin();
  cam.feed(Stream::Stderr,
           "plain\n"
           R"({"timestamp":"2026-11-21T12:03:04Z","level":"info","message":"no"})"
           "\n"
           R"({"timestamp":"2026-11-21T12:03:04Z","level":"error","message":"yes"})"
           "\n",
           0);
  ASSERT_EQ(entries_.size(), 1U);
  EXPECT_EQ(entries_[0].message, "yes");
  EXPECT_EQ(cam.last_stderr_lines().size(), 3U);
}

TEST_F(NodeOutputTest, AFileThatGrowsTooLargeIsRotated) {
  LogPlan log;
  log.max_bytes = 200;
  log.max_rotated_files = 2;
  NodeOutput cam = output(log);
  cam.begin();
  for (int i = 0; i < 20; ++i)
    cam.feed(Stream::Stdout, "line " + std::to_string(i) + "\n", 0);
  EXPECT_TRUE(content(1).find("line 1") != std::string::npos);
  EXPECT_FALSE(content(2).empty());
  EXPECT_TRUE(content(3).empty());
  EXPECT_LT(content(1).size(), 200U + 150U);
}

TEST_F(NodeOutputTest, ANewLifeStartsANewFile) {
  LogPlan log;
  log.max_bytes = 10;
  NodeOutput cam = output(log);
  cam.begin();
  cam.feed(Stream::Stdout, "first\n", 0);
  EXPECT_FALSE(content(1).empty());
  cam.begin();
  EXPECT_TRUE(content(1).empty());
  EXPECT_TRUE(content().empty());
}

TEST_F(NodeOutputTest, WithoutAFileTheListenerStillHearsEverything) {
  std::ofstream(base_ / "out") << "in the way";
  NodeOutput cam = output();
  cam.begin();
  cam.feed(Stream::Stdout, "hello\n", 0);
  EXPECT_EQ(entries_.size(), 1U);
  ASSERT_EQ(troubles_.size(), 1U);
  EXPECT_NE(troubles_[0].find((base_ / "out").string()), std::string::npos);
}

TEST_F(NodeOutputTest, OnlyTheLastLinesOfStandardErrorAreKeptAndWithoutColours) {
  NodeOutput cam = output();
  cam.begin();
  for (int i = 0; i < 600; ++i)
    cam.feed(Stream::Stderr, "\x1b[31m" + std::to_string(i) + "\x1b[0m\n", 0);
  const auto lines = cam.last_stderr_lines();
  ASSERT_EQ(lines.size(), 500U);
  EXPECT_EQ(lines.front(), "100");
  EXPECT_EQ(lines.back(), "599");
}

}  // namespace
}  // namespace dora::daemon

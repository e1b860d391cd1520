// SPDX-License-Identifier: Apache-2.0
#include "cli/line_repeats.hpp"

#include <gtest/gtest.h>

namespace dora::cli {
namespace {

constexpr std::int64_t millisecond = 1'000'000;

daemon::LogEntry line(const char* node, const std::string& text) {
  daemon::LogEntry entry;
  entry.node = node;
  entry.level = daemon::LogLevel::Stdout;
  entry.stream = daemon::LogEntry::Stream::Stdout;
  entry.message = text;
  return entry;
}

std::vector<std::string> texts(const std::vector<daemon::LogEntry>& entries) {
  std::vector<std::string> found;
  for (const auto& entry : entries)
    found.push_back(entry.node + ": " + entry.message);
  return found;
}

using Texts = std::vector<std::string>;

TEST(LineRepeats, TellsHowOftenALineWasSaid) {
  LineRepeats repeats;
  std::int64_t now = 1'000'000 * millisecond;
  EXPECT_EQ(texts(repeats.take(line("a", "hot"), now)), Texts{"a: hot"});
  EXPECT_FALSE(repeats.next_due_ns());
  Texts told;
  for (int i = 1; i <= 127; ++i) {
    now += 15 * millisecond;
    EXPECT_TRUE(repeats.take(line("a", "hot"), now).empty());
  }
  EXPECT_EQ(texts(repeats.take(line("a", "cold"), now)), (Texts{"a: … ×128 in 2 s", "a: cold"}));
}

TEST(LineRepeats, TellsEveryTwoSecondsAndWhenItIsOver) {
  LineRepeats repeats;
  std::int64_t now = 0;
  repeats.take(line("a", "hot"), now);
  Texts told;
  for (int i = 0; i < 45; ++i) {
    now += 100 * millisecond;
    for (const std::string& text : texts(repeats.take(line("a", "hot"), now)))
      told.push_back(text);
  }
  EXPECT_EQ(told, (Texts{"a: … ×21 in 2 s", "a: … ×20 in 2 s"}));
  ASSERT_EQ(repeats.next_due_ns(), now + 400 * millisecond);
  EXPECT_TRUE(repeats.take_due(now + 399 * millisecond).empty());
  EXPECT_EQ(texts(repeats.take_due(now + 400 * millisecond)), Texts{"a: … ×5 in 500 ms"});
  EXPECT_FALSE(repeats.next_due_ns());
}

TEST(LineRepeats, ShowsWhatIsSaidTwiceOrSlowlyAsItIs) {
  LineRepeats repeats;
  EXPECT_EQ(repeats.take(line("a", "tick"), 0).size(), 1U);
  EXPECT_EQ(repeats.take(line("a", "tick"), 500 * millisecond).size(), 1U);
  EXPECT_EQ(repeats.take(line("a", "tick"), 600 * millisecond).size(), 0U);
  EXPECT_EQ(texts(repeats.take(line("a", "tock"), 700 * millisecond)),
            (Texts{"a: tick", "a: tock"}));
}

TEST(LineRepeats, KeepsNodesApart) {
  LineRepeats repeats;
  for (int i = 0; i < 10; ++i) {
    const std::size_t shown = i == 0 ? 1 : 0;
    EXPECT_EQ(repeats.take(line("a", "same"), i).size(), shown);
    EXPECT_EQ(repeats.take(line("b", "same"), i).size(), shown);
    // What dora itself says is always said.
    EXPECT_EQ(repeats.take(line("", "same"), i).size(), 1U);
  }
  EXPECT_EQ(texts(repeats.take_all()), (Texts{"a: … ×10 in 0 µs", "b: … ×10 in 0 µs"}));
  EXPECT_EQ(repeats.take(line("a", "same"), 20).size(), 1U);
}

}  // namespace
}  // namespace dora::cli

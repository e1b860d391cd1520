// SPDX-License-Identifier: Apache-2.0
#include "cli/status_line.hpp"

#include <gtest/gtest.h>

#include "cli/console_text.hpp"

namespace dora::cli {
namespace {

using namespace std::chrono_literals;
using daemon::EdgeTotals;

EdgeTotals edge(std::string producer, std::string consumer, std::uint64_t sent,
                std::uint64_t bytes) {
  EdgeTotals totals;
  totals.producer = std::move(producer);
  totals.output = "out";
  totals.consumer = std::move(consumer);
  totals.sent = sent;
  totals.bytes = bytes;
  return totals;
}

TEST(RateMeter, TellsRatesFromTheSecondLookOn) {
  RateMeter meter;
  const auto begin = std::chrono::steady_clock::time_point(100s);
  EXPECT_TRUE(meter.update({edge("a", "x", 10, 80), edge("b", "x", 0, 0)}, begin).empty());
  const auto rates = meter.update(
      {edge("a", "x", 30, 240), edge("a", "y", 28, 224), edge("b", "x", 50, 50)}, begin + 2s);
  ASSERT_EQ(rates.size(), 2U);
  EXPECT_EQ(rates[0].output, "b/out");
  EXPECT_DOUBLE_EQ(rates[0].hertz, 25);
  EXPECT_EQ(rates[1].output, "a/out");
  EXPECT_DOUBLE_EQ(rates[1].hertz, 10);
  EXPECT_DOUBLE_EQ(rates[1].bytes_per_second, 80);
}

TEST(RateMeter, ARestartedDataflowCountsFromZero) {
  RateMeter meter;
  const auto begin = std::chrono::steady_clock::time_point(100s);
  meter.update({edge("a", "x", 1000, 0)}, begin);
  EXPECT_DOUBLE_EQ(meter.update({edge("a", "x", 5, 0)}, begin + 1s).front().hertz, 5);
}

StatusFacts facts() {
  return {.name = "hello",
          .state = "",
          .nodes_up = 2,
          .nodes = 2,
          .rates = {{"sender/message", 10, 80}},
          .age = 4s};
}

TEST(StatusLine, SaysWhatGoesOn) {
  EXPECT_EQ(status_text(facts(), 120),
            "─ hello · 2 up · sender/message 10.0 Hz 80 B/s · 4 s · "
            "[w]eb [t]op [r]estart [/]filter [q]uit ─");
}

TEST(StatusLine, SumsUpSeveralOutputsAndNamesWhatIsNotAsItShouldBe) {
  StatusFacts several = facts();
  several.rates.push_back({"camera/image", 20.1, 12'000'000});
  several.nodes_up = 1;
  several.state = "stopping";
  several.dropped = 3;
  several.filter = "level warn";
  EXPECT_EQ(status_text(several, 200),
            "─ hello · stopping · 1 of 2 up · 2 outputs 30.1 Hz 12.0 MB/s · 3 dropped · 4 s · "
            "level warn · [w]eb [t]op [r]estart [/]filter [q]uit ─");
}

TEST(StatusLine, LeavesOutWhatHasNoRoom) {
  for (std::size_t columns = 0; columns < 120; ++columns)
    EXPECT_LE(display_width(status_text(facts(), columns)), columns);
  EXPECT_EQ(status_text(facts(), 40), "─ hello · 2 up · [h]elp [q]uit ─");
  EXPECT_EQ(status_text(facts(), 20), "─ hello · 2 up ─");
  EXPECT_EQ(status_text(facts(), 3), "");
}

TEST(StatusLine, ByteRatesAreShort) {
  EXPECT_EQ(format_byte_rate(0), "0 B/s");
  EXPECT_EQ(format_byte_rate(999), "999 B/s");
  EXPECT_EQ(format_byte_rate(1234), "1.2 kB/s");
  EXPECT_EQ(format_byte_rate(123'456'789), "123 MB/s");
  EXPECT_EQ(format_byte_rate(5e12), "5000 GB/s");
}

}  // namespace
}  // namespace dora::cli

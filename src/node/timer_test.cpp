// SPDX-License-Identifier: Apache-2.0
#include "node/timer.hpp"

#include <gtest/gtest.h>

#include "node/tick_message.hpp"

namespace dora::node {
namespace {

Timer make_timer(std::int64_t interval, std::uint32_t queue_size) {
  return Timer({DataId::parse("tick").value(), interval, queue_size, false});
}

TEST(Timer, TicksOnTheGridFromTheStart) {
  Timer timer = make_timer(10, 10);
  EXPECT_EQ(timer.head_time(1000), Timer::never);
  timer.start(100, 100);
  EXPECT_FALSE(timer.take(99));
  auto first = timer.take(100);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->time_ns, 100);
  EXPECT_EQ(first->number, 0u);
  EXPECT_FALSE(timer.take(109));
  EXPECT_EQ(timer.head_time(105), 110);
  EXPECT_EQ(timer.take(114)->time_ns, 110);
  EXPECT_EQ(timer.head_time(115), 120);
}

TEST(Timer, SlowConsumerGetsTheNewestTicksAndTheNumberOfMissedOnes) {
  Timer timer = make_timer(10, 2);
  timer.start(0, 0);
  ASSERT_TRUE(timer.take(0));
  // Due by now: 10, 20, 30, 40, 50; two of them fit.
  auto tick = timer.take(55);
  ASSERT_TRUE(tick);
  EXPECT_EQ(tick->time_ns, 40);
  EXPECT_EQ(tick->missed, 3u);
  tick = timer.take(55);
  EXPECT_EQ(tick->time_ns, 50);
  EXPECT_EQ(tick->missed, 0u);
  EXPECT_FALSE(timer.take(55));
}

TEST(Timer, ALaterLifeBeginsWithOneTickOnTheSameGrid) {
  Timer timer = make_timer(10, 5);
  timer.start(100, 1057);
  const auto first = timer.take(1058);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->time_ns, 1050);
  EXPECT_EQ(first->number, 95U);
  EXPECT_EQ(first->missed, 0U);
  EXPECT_FALSE(timer.take(1059));
  EXPECT_EQ(timer.take(1060)->number, 96U);
}

TEST(Timer, WithAnIntervalBeyondTheClockNeverOverflows) {
  Timer timer = make_timer(std::numeric_limits<std::int64_t>::max() - 1, 1);
  timer.start(1000, 1000);
  ASSERT_TRUE(timer.take(1000));
  EXPECT_EQ(timer.head_time(2000), Timer::never);
  EXPECT_FALSE(timer.take(2000));
}

TEST(TickMessage, CarriesNothingOrItsNumber) {
  PayloadTypes types;
  Event* bare = create_tick_message({}, {.time_ns = 5, .number = 7, .missed = 2}, false, types);
  ASSERT_EQ(bare->metadata().size(), 1u);
  EXPECT_EQ(bare->metadata()[0].key, "missed");
  bare->release();
  Event* counted = create_tick_message({}, {.time_ns = 5, .number = 7, .missed = 0}, true, types);
  EXPECT_GE(counted->parts().body.size(), sizeof(std::uint64_t));
  EXPECT_TRUE(counted->metadata().empty());
  counted->release();
}

}  // namespace
}  // namespace dora::node

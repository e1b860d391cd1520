// SPDX-License-Identifier: Apache-2.0
#include "operators/event_queue.hpp"

#include <string>

#include <gtest/gtest.h>

namespace dora::operators {
namespace {

constexpr std::int64_t ms = 1'000'000;

class Queue : public testing::Test {
 protected:
  std::size_t push(int input, const std::string& text, std::int64_t time_ns = 0,
                   bool is_protected = false) {
    return queue.push({.operator_index = static_cast<std::size_t>(input),
                       .input = input,
                       .event = node::Event::create_notice(DORA_EVENT_INPUT, text),
                       .arrived_ns = time_ns,
                       .is_protected = is_protected});
  }
  /// All that waits, in order.
  std::string rest(std::int64_t now_ns = 0) {
    std::string text;
    std::size_t dropped = 0;
    while (auto item = queue.pop(now_ns, dropped)) {
      text += item->event == nullptr ? "-" : item->event->id();
      if (item->event != nullptr) item->event->release();
    }
    return text;
  }
  EventQueue queue;
};

TEST_F(Queue, ServesInputsInOrderOfArrival) {
  push(0, "a");
  push(1, "b");
  push(0, "c");
  EXPECT_EQ(rest(), "abc");
}

TEST_F(Queue, KeepsTheNewestOfALimitedInput) {
  queue.set_policy(0, {QueuePolicy::Kind::DropOldest, 2});
  EXPECT_EQ(push(0, "a") + push(1, "x") + push(0, "b"), 0U);
  EXPECT_EQ(push(0, "c"), 1U);
  EXPECT_EQ(rest(), "xbc");
}

TEST_F(Queue, DropsNoRequests) {
  queue.set_policy(0, {QueuePolicy::Kind::DropOldest, 1});
  push(0, "R", 0, true);
  EXPECT_EQ(push(0, "a"), 1U);  // itself: nothing else may go
  EXPECT_EQ(rest(), "R");
}

TEST_F(Queue, KeepsABurstWhileItIsFresh) {
  for (int i = 0; i < 30; ++i)
    EXPECT_EQ(push(0, ".", 0), 0U);
  EXPECT_EQ(rest(50 * ms).size(), 30U);
}

TEST_F(Queue, KeepsTenOfAnOldBurst) {
  for (int i = 0; i < 30; ++i)
    push(0, ".", 0);
  EXPECT_EQ(rest(200 * ms).size(), 10U);
}

TEST_F(Queue, CountsTheAgeFromTheEndOfTheStart) {
  queue.be_lenient_until(2000 * ms);
  for (int i = 0; i < 30; ++i)
    push(0, ".", 0);
  EXPECT_EQ(rest(2050 * ms).size(), 30U);
}

TEST_F(Queue, NeverDropsWithBackPressure) {
  queue.set_policy(0, {QueuePolicy::Kind::Backpressure, 1});
  for (int i = 0; i < 2000; ++i)
    EXPECT_EQ(push(0, ".", 0), 0U);
  EXPECT_EQ(queue.waiting(0), 2000U);
}

TEST_F(Queue, AFlushTakesWhatIsOlderButRequests) {
  push(0, "a");
  push(0, "R", 0, true);
  push(1, "b");
  EXPECT_EQ(queue.flush(0), 1U);
  EXPECT_EQ(rest(), "Rb");
}

TEST_F(Queue, ForgetsTheEventsOfAnOperatorButNotItsEnd) {
  push(0, "a");
  push(1, "b");
  queue.push_front({.operator_index = 0});
  queue.forget(0);
  EXPECT_EQ(queue.waiting(0), 0U);
  EXPECT_EQ(rest(), "-b");
}

}  // namespace
}  // namespace dora::operators

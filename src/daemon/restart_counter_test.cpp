// SPDX-License-Identifier: Apache-2.0
#include "daemon/restart_counter.hpp"

#include <gtest/gtest.h>

namespace dora::daemon {
namespace {

using namespace std::chrono_literals;
using Delay = std::optional<std::chrono::nanoseconds>;
constexpr std::int64_t one_second = 1'000'000'000;

RestartPlan plan(RestartPlan::Policy policy) {
  RestartPlan result;
  result.policy = policy;
  return result;
}

TEST(RestartCounter, PoliciesDecideBySuccess) {
  EXPECT_EQ(RestartCounter(plan(RestartPlan::Policy::Never)).on_exit(false, 0, 1), Delay());
  EXPECT_EQ(RestartCounter(plan(RestartPlan::Policy::OnFailure)).on_exit(true, 0, 1), Delay());
  EXPECT_EQ(RestartCounter(plan(RestartPlan::Policy::OnFailure)).on_exit(false, 0, 1), Delay(0ns));
  EXPECT_EQ(RestartCounter(plan(RestartPlan::Policy::Always)).on_exit(true, 0, 1), Delay(0ns));
}

TEST(RestartCounter, WithoutADelayQuickDeathsWaitLongerAndLonger) {
  RestartCounter counter(plan(RestartPlan::Policy::Always));
  for (const auto expected : {0ms, 100ms, 200ms, 400ms, 800ms, 1600ms, 3200ms, 5000ms, 5000ms})
    EXPECT_EQ(counter.on_exit(false, 0, one_second), Delay(expected));
  // A life of ten seconds is a fresh start.
  EXPECT_EQ(counter.on_exit(false, 0, 10 * one_second), Delay(0ms));
  EXPECT_EQ(counter.on_exit(false, 0, one_second), Delay(100ms));
}

TEST(RestartCounter, AGivenDelayDoublesUpToItsCap) {
  auto with_delay = plan(RestartPlan::Policy::Always);
  with_delay.delay = 1500ms;
  with_delay.max_delay = 5s;
  RestartCounter counter(with_delay);
  for (const auto expected : {1500ms, 3000ms, 5000ms, 5000ms})
    EXPECT_EQ(counter.on_exit(false, 0, 1), Delay(expected));
}

TEST(RestartCounter, TheExponentIsCapped) {
  auto with_delay = plan(RestartPlan::Policy::Always);
  with_delay.delay = 1ns;
  RestartCounter counter(with_delay);
  Delay delay;
  for (int i = 0; i < 100; ++i)
    delay = counter.on_exit(false, 0, 1);
  EXPECT_EQ(delay, Delay(65536ns));
}

TEST(RestartCounter, HugeDelaysDoNotOverflow) {
  auto with_delay = plan(RestartPlan::Policy::Always);
  with_delay.delay = std::chrono::nanoseconds::max();
  RestartCounter counter(with_delay);
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(counter.on_exit(false, 0, 1), Delay(std::chrono::nanoseconds::max()));
}

TEST(RestartCounter, TheLimitCountsWithinTheWindow) {
  auto limited = plan(RestartPlan::Policy::Always);
  limited.max_restarts = 2;
  limited.window = 60s;
  RestartCounter counter(limited);
  EXPECT_TRUE(counter.on_exit(false, 0, 1 * one_second));
  EXPECT_TRUE(counter.on_exit(false, 1 * one_second, 2 * one_second));
  EXPECT_FALSE(counter.may_restart(3 * one_second));
  EXPECT_FALSE(counter.on_exit(false, 2 * one_second, 3 * one_second));
  EXPECT_TRUE(counter.may_restart(61 * one_second));
  EXPECT_TRUE(counter.on_exit(false, 2 * one_second, 61 * one_second));
}

}  // namespace
}  // namespace dora::daemon

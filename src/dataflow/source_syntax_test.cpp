// SPDX-License-Identifier: Apache-2.0
#include "dataflow/source_syntax.hpp"

#include <gtest/gtest.h>

namespace dora::dataflow {
namespace {

std::int64_t interval(std::string_view text) {
  auto source = parse_builtin_source(text);
  if (!source) return -1;
  const auto* timer = std::get_if<TimerSource>(&*source);
  return timer ? timer->interval.count() : -2;
}

std::string normal_form(std::string_view text) {
  auto source = parse_builtin_source(text);
  return source ? source_text(*source) : source.error().code;
}

TEST(Timer, HasFiveUnits) {
  EXPECT_EQ(interval("dora/timer/secs/2"), 2'000'000'000);
  EXPECT_EQ(interval("dora/timer/millis/33"), 33'000'000);
  EXPECT_EQ(interval("dora/timer/micros/50"), 50'000);
  EXPECT_EQ(interval("dora/timer/nanos/33333333"), 33'333'333);
  EXPECT_EQ(interval("dora/timer/hz/30"), 33'333'333);
  EXPECT_EQ(interval("dora/timer/hz/0.5"), 2'000'000'000);
  EXPECT_EQ(interval("dora/timer/hz/1e3"), 1'000'000);
  EXPECT_EQ(interval("dora/timer/nanos/1"), 1);
  EXPECT_EQ(interval("dora/timer/hz/1e9"), 1);
}

TEST(Timer, IsExactForLargeWholeNumbers) {
  EXPECT_EQ(interval("dora/timer/nanos/3153599999999999999"), 3'153'599'999'999'999'999);
  EXPECT_EQ(interval("dora/timer/nanos/9223372036854775807"), -1);
}

TEST(Timer, IsWrittenInTheCoarsestExactUnit) {
  EXPECT_EQ(normal_form("dora/timer/millis/2000"), "dora/timer/secs/2");
  EXPECT_EQ(normal_form("dora/timer/hz/30"), "dora/timer/nanos/33333333");
  EXPECT_EQ(normal_form("dora/timer/micros/1500"), "dora/timer/micros/1500");
  EXPECT_EQ(normal_form("dora/timer/hz/10"), "dora/timer/millis/100");
}

TEST(Timer, IsRefusedWithTheReason) {
  auto reason = [](std::string_view text) { return parse_builtin_source(text).error().message; };
  EXPECT_EQ(reason("dora/timer/millis/0"),
            "the timer `dora/timer/millis/0` needs an interval above 0");
  EXPECT_EQ(reason("dora/timer/hz/1e12"), "the timer `dora/timer/hz/1e12` ticks too fast");
  EXPECT_EQ(reason("dora/timer/hz/1e-300"), "the timer `dora/timer/hz/1e-300` ticks too seldom");
  EXPECT_EQ(reason("dora/timer/secs/1.5"),
            "the timer `dora/timer/secs/1.5` needs a whole number above 0 as interval");
  EXPECT_EQ(parse_builtin_source("dora/timer/milis/5").error().help, "did you mean `millis`?");
}

TEST(Logs, HaveALevelAndANode) {
  EXPECT_EQ(normal_form("dora/logs"), "dora/logs");
  EXPECT_EQ(normal_form("dora/logs/Stdout"), "dora/logs/stdout");
  EXPECT_EQ(normal_form("dora/logs/INFO/cam.left"), "dora/logs/info/cam.left");
  EXPECT_EQ(normal_form("dora/logs/"), "E012");
  EXPECT_EQ(normal_form("dora/logs/info/"), "E009");
  EXPECT_EQ(normal_form("dora/logs/info/a/b"), "E009");
}

TEST(Source, IsSplitAtItsFirstSlash) {
  auto parts = split_source("node/op/output");
  ASSERT_TRUE(parts);
  EXPECT_EQ(parts->node, "node");
  EXPECT_EQ(parts->output, "op/output");
  EXPECT_FALSE(split_source("node"));
  EXPECT_TRUE(is_builtin_source("dora/x"));
  EXPECT_FALSE(is_builtin_source("dora-yolo/x"));
}

}  // namespace
}  // namespace dora::dataflow

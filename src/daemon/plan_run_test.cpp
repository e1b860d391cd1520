// SPDX-License-Identifier: Apache-2.0
#include "daemon/plan_run.hpp"

#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dora::daemon {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

dataflow::Node node(const char* id, const char* path) {
  dataflow::Node result;
  result.id = *NodeId::parse(id);
  result.path = path;
  return result;
}

dataflow::Input input(const char* id, dataflow::InputSource source) {
  dataflow::Input result;
  result.id = *DataId::parse(id);
  result.source = std::move(source);
  return result;
}

dataflow::InputSource output_of(const char* node_id, const char* output) {
  return dataflow::OutputSource{*NodeId::parse(node_id), *DataId::parse(output)};
}

dataflow::Dataflow flow(std::vector<dataflow::Node> nodes) {
  dataflow::Dataflow result;
  result.base_directory = "/project";
  result.nodes = std::move(nodes);
  return result;
}

TEST(PlanRun, NodesAreOrderedByIdAndTimersAreNone) {
  auto timer = node("clock", "dora/timer/millis/500");
  timer.kind = dataflow::NodeKind::Timer;
  const auto plan =
      plan_run(flow({node("z", "z.py"), timer, node("a", "bin/a")}), {.name = "demo"});
  ASSERT_TRUE(plan);
  ASSERT_EQ(plan->nodes.size(), 2U);
  EXPECT_EQ(plan->nodes[0].id.text(), "a");
  EXPECT_EQ(plan->nodes[0].program.kind, ProgramPlan::Kind::Executable);
  EXPECT_EQ(plan->nodes[1].program.kind, ProgramPlan::Kind::PythonScript);
  EXPECT_EQ(plan->nodes[1].working_directory, "/project");
  EXPECT_EQ(plan->id.size(), 36U);
  EXPECT_EQ(plan->name, "demo");
}

TEST(PlanRun, EveryKindOfInputFindsItsPlace) {
  auto consumer = node("a", "a.py");
  auto exact = input("exact", output_of("b", "x"));
  exact.queue_size = 0;
  auto waiting = input("waiting", output_of("b", "x"));
  waiting.queue_policy = dataflow::QueuePolicy::Backpressure;
  consumer.ports.inputs = {
      input("burst", output_of("b", "x")),
      exact,
      waiting,
      input("tick", dataflow::TimerSource{500ms, {}}),
      input("count", dataflow::TimerSource{1s, dataflow::OutputSource{}}),
      input("log", dataflow::LogSource{dataflow::LogLevel::Warn, true, *NodeId::parse("b")})};
  const auto plan = plan_run(flow({consumer}), {});
  ASSERT_TRUE(plan);
  const NodePlan& a = plan->nodes[0];
  ASSERT_EQ(a.inputs.size(), 3U);
  EXPECT_EQ(a.inputs[0].queue, InputPlan::Queue::Burst);
  EXPECT_EQ(a.inputs[1].queue, InputPlan::Queue::DropOldest);
  EXPECT_EQ(a.inputs[1].queue_size, 1U);
  EXPECT_EQ(a.inputs[2].queue, InputPlan::Queue::Backpressure);
  EXPECT_EQ(a.inputs[2].queue_size, 10U);
  ASSERT_EQ(a.timers.size(), 2U);
  EXPECT_FALSE(a.timers[0].carries_count);
  EXPECT_TRUE(a.timers[1].carries_count);
  ASSERT_EQ(a.log_inputs.size(), 1U);
  EXPECT_EQ(a.log_inputs[0].minimum, LogLevel::Warn);
  EXPECT_EQ(a.log_inputs[0].node, "b");
}

TEST(PlanRun, EnvironmentsAreMergedAndReservedNamesLeftOut) {
  auto dataflow = flow({node("a", "a.py")});
  using Kind = dataflow::EnvironmentValue::Kind;
  dataflow.env = {{"A", {"flow", Kind::String}}, {"B", {"flow", Kind::String}}};
  dataflow.nodes[0].env = {{"C", {"7", Kind::Integer}}, {"LD_PRELOAD", {"x", Kind::String}}};
  const auto plan = plan_run(dataflow, {.environment = {{"B", "line"}, {"C", "line"}}});
  ASSERT_TRUE(plan);
  EXPECT_THAT(plan->nodes[0].environment,
              ElementsAre(Pair("A", "flow"), Pair("B", "line"), Pair("C", "7")));
  ASSERT_EQ(plan->warnings.size(), 1U);
  EXPECT_THAT(plan->warnings[0], HasSubstr("LD_PRELOAD"));
}

TEST(PlanRun, TheFinishGraceComesFromNodeThenEnvironment) {
  auto own = node("own", "a.py");
  own.finish_grace = 3s;
  const auto dataflow = flow({node("a", "a.py"), own});
  EXPECT_EQ(plan_run(dataflow)->nodes[0].finish_grace, 120s);
  EXPECT_EQ(plan_run(dataflow)->nodes[1].finish_grace, 3s);
  ::setenv("DORA_FINISH_DRAIN_GRACE_SECS", "1.5", 1);
  EXPECT_EQ(plan_run(dataflow)->nodes[0].finish_grace, 1500ms);
  ::setenv("DORA_FINISH_DRAIN_GRACE_SECS", "off", 1);
  EXPECT_EQ(plan_run(dataflow)->nodes[0].finish_grace, std::nullopt);
  ::unsetenv("DORA_FINISH_DRAIN_GRACE_SECS");
}

TEST(PlanRun, TheStartTimeoutComesFromTheEnvironment) {
  const auto dataflow = flow({node("a", "a.py")});
  EXPECT_EQ(plan_run(dataflow)->start_timeout, 10min);
  ::setenv("DORA_START_TIMEOUT_SECS", "2.5", 1);
  EXPECT_EQ(plan_run(dataflow)->start_timeout, 2500ms);
  ::setenv("DORA_START_TIMEOUT_SECS", "off", 1);
  EXPECT_EQ(plan_run(dataflow)->start_timeout, std::nullopt);
  ::unsetenv("DORA_START_TIMEOUT_SECS");
}

TEST(PlanRun, WhatCannotBeRunIsNamed) {
  auto bridge = node("ros", "");
  bridge.kind = dataflow::NodeKind::Ros2;
  const auto plan = plan_run(flow({bridge}));
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().kind, ErrorKind::Unsupported);
  EXPECT_THAT(plan.error().message, HasSubstr("`ros`"));
}

}  // namespace
}  // namespace dora::daemon

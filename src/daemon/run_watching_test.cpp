// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <csignal>

#include <gtest/gtest.h>

#include "daemon/run_state.hpp"

namespace dora::daemon {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t now = 1'000'000'000'000;

// consumer ◄─number─ producer
struct RunWatching : testing::Test {
  RunWatching() {
    plan.id = "0193";
    plan.nodes.resize(2);
    plan.nodes[0].id = *NodeId::parse("consumer");
    plan.nodes[0].health_check_timeout = 2s;
    InputPlan& input = plan.nodes[0].inputs.emplace_back();
    input.id = *DataId::parse("number");
    input.producer = *NodeId::parse("producer");
    input.output = *DataId::parse("out");
    input.timeout = 1s;
    plan.nodes[1].id = input.producer;
    plan.nodes[1].outputs = {input.output};
  }
  void start() {
    state.emplace(plan);
    state->begin(now);
    for (NodeIndex node : {0, 1}) {
      state->on_attached(node, now);
      state->on_ready(node, now);
    }
  }
  static bool has_kill(const Actions& actions) {
    return std::ranges::any_of(
        actions, [](const Action& action) { return std::holds_alternative<KillNode>(action); });
  }

  const DataId number = *DataId::parse("number");
  RunPlan plan;
  std::optional<RunState> state;
};

TEST_F(RunWatching, ANodeWithABrokenInputIsDegraded) {
  start();
  EXPECT_EQ(state->on_input_timeout(0, number, true, now).size(), 1U);
  EXPECT_EQ(state->status(0), NodeStatus::Degraded);
  EXPECT_EQ(state->broken_inputs(0), std::vector<DataId>{number});
  EXPECT_TRUE(state->on_input_timeout(0, number, true, now).empty());  // told already
  EXPECT_EQ(state->on_input_timeout(0, number, false, now).size(), 1U);
  EXPECT_EQ(state->status(0), NodeStatus::Running);
}

TEST_F(RunWatching, OnlyInputsWithATimeoutBreak) {
  plan.nodes[0].inputs[0].timeout.reset();
  start();
  EXPECT_TRUE(state->on_input_timeout(0, number, true, now).empty());
  EXPECT_TRUE(state->on_input_timeout(0, *DataId::parse("other"), true, now).empty());
  EXPECT_EQ(state->status(0), NodeStatus::Running);
}

TEST_F(RunWatching, ASilentNodeIsKilledAndItsPolicyApplies) {
  plan.nodes[0].restart.policy = RestartPlan::Policy::OnFailure;
  plan.nodes[0].restart.max_restarts = 1;
  start();
  EXPECT_EQ(state->running_since(0), now);
  EXPECT_TRUE(has_kill(state->on_silence(0, 3s, now)));
  EXPECT_FALSE(state->running_since(0));  // it is dying: nobody looks any more
  state->on_exited(0, {.signal = SIGKILL}, now);
  EXPECT_EQ(state->restarts(0), 1U);
  EXPECT_EQ(state->cause(0), "showed no sign of life for 2 s, so dora killed it (SIGKILL)");
  state->on_attached(0, now);
  state->on_ready(0, now);
  state->on_exited(0, {.signal = SIGKILL}, now);
  EXPECT_EQ(state->cause(0), "exited because of signal SIGKILL");
  EXPECT_EQ(state->status(0), NodeStatus::Failed);
}

TEST_F(RunWatching, NobodyIsCalledSilentWhileItIsStopped) {
  start();
  state->on_stop(10'000'000'000, false, now);
  EXPECT_FALSE(has_kill(state->on_silence(0, 3s, now)));
}

}  // namespace
}  // namespace dora::daemon

// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <csignal>

#include <gtest/gtest.h>

#include "daemon/run_state.hpp"

namespace dora::daemon {
namespace {

constexpr std::int64_t second = 1'000'000'000;
constexpr NodeIndex receiver = 0;
constexpr NodeIndex sender = 1;

// receiver ◄─message─ sender
struct NodeControl : testing::Test {
  NodeControl() {
    plan.id = "0193";
    plan.nodes.resize(2);
    plan.nodes[receiver].id = *NodeId::parse("receiver");
    InputPlan& input = plan.nodes[receiver].inputs.emplace_back();
    input.id = *DataId::parse("message");
    input.producer = *NodeId::parse("sender");
    input.output = *DataId::parse("message");
    plan.nodes[sender].id = input.producer;
    plan.nodes[sender].outputs = {input.output};
  }
  void start() {
    state.emplace(plan);
    state->begin(now);
    for (NodeIndex node : {receiver, sender}) {
      state->on_attached(node, now);
      state->on_ready(node, now);
    }
  }
  template <typename T>
  static std::size_t count(const Actions& actions) {
    return static_cast<std::size_t>(std::ranges::count_if(
        actions, [](const Action& action) { return std::holds_alternative<T>(action); }));
  }
  static bool has(const Actions& actions, const Action& wanted) {
    return std::ranges::find(actions, wanted) != actions.end();
  }

  RunPlan plan;
  std::optional<RunState> state;
  std::int64_t now = 1000 * second;
};

TEST_F(NodeControl, AStoppedNodeClosesItsOutputsAndTheOthersGoOn) {
  start();
  EXPECT_TRUE(has(state->on_node_stop(sender, second, false, now), SendStop{sender}));
  EXPECT_TRUE(has(state->on_exited(sender, {}, now), CloseInput{receiver, 0}));
  EXPECT_EQ(state->status(sender), NodeStatus::Stopped);
  EXPECT_EQ(state->status(), RunStatus::Running);
}

TEST_F(NodeControl, AStopIsFollowedBySignals) {
  start();
  state->on_node_stop(sender, second, false, now);
  EXPECT_TRUE(has(state->on_time(now + second), TerminateNode{sender}));
  EXPECT_TRUE(has(state->on_time(now + 3 * second / 2), KillNode{sender}));
  state->on_exited(sender, {.signal = SIGKILL}, now + 2 * second);
  EXPECT_EQ(state->status(sender), NodeStatus::Failed);
}

TEST_F(NodeControl, DyingOfTheSignalOfAStopIsNoFailure) {
  start();
  state->on_node_stop(sender, second, false, now);
  state->on_exited(sender, {.signal = SIGTERM}, now + second);
  EXPECT_EQ(state->status(sender), NodeStatus::Stopped);
}

TEST_F(NodeControl, AStoppedNodeDoesNotComeBackWhateverItsPolicy) {
  plan.nodes[sender].restart.policy = RestartPlan::Policy::Always;
  start();
  state->on_node_stop(sender, second, false, now);
  EXPECT_EQ(count<SpawnNode>(state->on_exited(sender, {}, now)), 0U);
  EXPECT_EQ(state->status(sender), NodeStatus::Stopped);
}

TEST_F(NodeControl, AStopDuringTheStartCompletesTheBarrier) {
  state.emplace(plan);
  state->begin(now);
  state->on_attached(sender, now);
  state->on_ready(sender, now);
  EXPECT_TRUE(has(state->on_node_stop(receiver, second, false, now), TerminateNode{receiver}));
  EXPECT_TRUE(has(state->on_exited(receiver, {.signal = SIGTERM}, now), StartNodes{{sender}}));
}

TEST_F(NodeControl, ARestartKeepsTheOutputsOpenAndTellsTheListeners) {
  start();
  ASSERT_FALSE(state->restart_obstacle(sender, now));
  EXPECT_TRUE(has(state->on_node_restart(sender, second, now), SendStop{sender}));
  EXPECT_EQ(count<CloseInput>(state->on_outputs_closed(sender, plan.nodes[sender].outputs, now)),
            0U);
  EXPECT_EQ(count<CloseInput>(state->on_detached(sender, now)), 0U);
  const Actions actions = state->on_exited(sender, {.code = 1}, now);
  EXPECT_TRUE(has(actions, TellNodeRestarted{receiver, sender}));
  EXPECT_TRUE(has(actions, SpawnNode{sender}));
  EXPECT_EQ(count<CloseInput>(actions), 0U);
  EXPECT_EQ(state->restarts(sender), 1U);
  EXPECT_EQ(state->cause(sender), "");
  state->on_attached(sender, now);
  EXPECT_TRUE(has(state->on_ready(sender, now), StartNodes{{sender}}));
  EXPECT_FALSE(state->next_deadline());
}

TEST_F(NodeControl, ARestartCountsTowardsTheLimit) {
  plan.nodes[sender].restart.max_restarts = 1;
  start();
  state->on_node_restart(sender, second, now);
  state->on_exited(sender, {}, now);
  const auto obstacle = state->restart_obstacle(sender, now);
  ASSERT_TRUE(obstacle);
  EXPECT_EQ(obstacle->kind, ErrorKind::Busy);
  EXPECT_NE(obstacle->message.find("max_restarts: 1"), std::string::npos);
}

TEST_F(NodeControl, WhoHasEndedCannotBeRestarted) {
  start();
  state->on_exited(sender, {}, now);
  EXPECT_TRUE(state->restart_obstacle(sender, now));
  EXPECT_TRUE(state->on_node_restart(sender, second, now).empty());
}

TEST_F(NodeControl, AStopOfTheDataflowWinsOverARestart) {
  start();
  state->on_node_restart(sender, second, now);
  state->on_stop(second, false, now);
  EXPECT_EQ(count<SpawnNode>(state->on_exited(sender, {}, now)), 0U);
  EXPECT_EQ(state->status(sender), NodeStatus::Stopped);
}

}  // namespace
}  // namespace dora::daemon

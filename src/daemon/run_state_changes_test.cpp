// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <gtest/gtest.h>

#include "daemon/run_state.hpp"

namespace dora::daemon {
namespace {

constexpr std::int64_t second = 1'000'000'000;
constexpr NodeIndex receiver = 0;
constexpr NodeIndex sender = 1;
constexpr NodeIndex added = 2;

InputPlan input_plan(const char* id, const char* producer, const char* output) {
  InputPlan input;
  input.id = *DataId::parse(id);
  input.producer = *NodeId::parse(producer);
  input.output = *DataId::parse(output);
  return input;
}

// receiver ◄─message─ sender; the receiver has a timer, too.
struct RunStateChanges : testing::Test {
  RunStateChanges() {
    plan.id = "0193";
    plan.nodes.resize(2);
    plan.nodes[receiver].id = *NodeId::parse("receiver");
    plan.nodes[receiver].inputs = {input_plan("message", "sender", "message")};
    plan.nodes[receiver].timers.push_back({.id = *DataId::parse("tick")});
    plan.nodes[sender].id = *NodeId::parse("sender");
    plan.nodes[sender].outputs = {*DataId::parse("message")};
    state.emplace(plan);
    state->begin(now);
    for (NodeIndex node : {receiver, sender}) {
      state->on_attached(node, now);
      state->on_ready(node, now);
    }
  }
  void add(const char* id, std::vector<DataId> outputs, std::vector<InputPlan> inputs) {
    NodePlan& node = plan.nodes.emplace_back();
    node.id = *NodeId::parse(id);
    node.outputs = std::move(outputs);
    node.inputs = std::move(inputs);
    actions = state->on_node_added(now);
  }
  bool has(const Action& wanted) const {
    return std::ranges::find(actions, wanted) != actions.end();
  }

  const DataId message = *DataId::parse("message");
  RunPlan plan;
  std::optional<RunState> state;
  Actions actions;
  std::int64_t now = 1000 * second;
};

TEST_F(RunStateChanges, AnAddedNodeStartsWithoutABarrier) {
  add("late", {}, {input_plan("in", "sender", "message")});
  EXPECT_TRUE(has(SpawnNode{added}));
  state->on_attached(added, now);
  actions = state->on_ready(added, now);
  EXPECT_TRUE(has(StartNodes{{added}}));
  actions = state->on_exited(sender, {}, now);
  EXPECT_TRUE(has(CloseInput{added, 0}));
  EXPECT_TRUE(has(CloseInput{receiver, 0}));
}

TEST_F(RunStateChanges, AnAddedNodeThatFailsAtOnceHarmsNobody) {
  add("late", {message}, {});
  actions = state->on_exited(added, {.code = 1}, now);
  EXPECT_EQ(state->status(), RunStatus::Running);
  EXPECT_EQ(state->status(added), NodeStatus::Failed);
}

TEST_F(RunStateChanges, WhoReadsWhatHasEndedIsToldSo) {
  state->on_exited(sender, {}, now);
  add("late", {}, {input_plan("in", "sender", "message")});
  state->on_attached(added, now);
  actions = state->on_ready(added, now);
  EXPECT_TRUE(has(CloseInput{added, 0}));
}

TEST_F(RunStateChanges, ARemovedNodeIsNoPartOfTheResult) {
  state->on_node_stop(sender, second, false, now);
  state->on_exited(sender, {.signal = 9}, now);
  state->on_node_removed(sender);
  plan.nodes[sender].is_removed = true;
  ASSERT_EQ(state->results().size(), 1U);
  EXPECT_EQ(state->results()[0].node, "receiver");
  state->on_stop(second, false, now);
  state->on_exited(receiver, {}, now);
  EXPECT_EQ(state->status(), RunStatus::Finished);
}

TEST_F(RunStateChanges, ANodeThatComesAgainFeedsItsOldReaders) {
  state->on_node_stop(sender, second, false, now);
  state->on_exited(sender, {}, now);
  state->on_node_removed(sender);
  plan.nodes[sender].is_removed = true;
  EXPECT_TRUE(state->is_input_closed(receiver, 0));
  add("sender", {message}, {});
  EXPECT_FALSE(state->is_input_closed(receiver, 0));
  state->on_attached(added, now);
  state->on_ready(added, now);
  actions = state->on_exited(added, {}, now);
  EXPECT_TRUE(has(CloseInput{receiver, 0}));
}

TEST_F(RunStateChanges, ACutConnectionClosesTheInput) {
  plan.nodes[receiver].inputs[0].is_connected = false;
  actions = state->on_disconnected(receiver, 0, now);
  EXPECT_TRUE(has(CloseInput{receiver, 0}));
  EXPECT_TRUE(state->on_disconnected(receiver, 0, now).empty());
  plan.nodes[receiver].inputs[0].is_connected = true;
  ASSERT_FALSE(state->connect_obstacle(sender, message, receiver));
  state->on_connected(receiver, 0);
  EXPECT_FALSE(state->is_input_closed(receiver, 0));
}

TEST_F(RunStateChanges, ANewInputClosesWithItsProducer) {
  plan.nodes[receiver].inputs.push_back(input_plan("more", "sender", "message"));
  state->on_connected(receiver, 1);
  actions = state->on_exited(sender, {}, now);
  EXPECT_TRUE(has(CloseInput{receiver, 1}));
}

TEST_F(RunStateChanges, NothingIsConnectedToWhatHasEnded) {
  state->on_exited(sender, {}, now);
  EXPECT_TRUE(state->connect_obstacle(sender, message, receiver));
  add("late", {message}, {});
  EXPECT_FALSE(state->connect_obstacle(added, message, receiver));
  state->on_exited(receiver, {}, now);
  EXPECT_TRUE(state->connect_obstacle(added, message, receiver));
}

}  // namespace
}  // namespace dora::daemon

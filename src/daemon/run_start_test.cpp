// SPDX-License-Identifier: Apache-2.0
// The start of a run that takes too long.
#include <algorithm>
#include <csignal>

#include <gtest/gtest.h>

#include "daemon/run_state.hpp"

namespace dora::daemon {
namespace {

constexpr std::int64_t second = 1'000'000'000;

RunPlan two_nodes() {
  RunPlan plan;
  plan.id = "0193";
  for (const char* id : {"fast", "slow"}) {
    NodePlan& node = plan.nodes.emplace_back();
    node.id = *NodeId::parse(id);
    node.outputs.push_back(*DataId::parse("out"));
  }
  return plan;
}

template <typename T>
std::vector<NodeIndex> nodes_of(const Actions& actions) {
  std::vector<NodeIndex> nodes;
  for (const Action& action : actions)
    if (const T* found = std::get_if<T>(&action)) nodes.push_back(found->node);
  return nodes;
}

// Everything until `end`, from deadline to deadline.
Actions pass_time(RunState& state, std::int64_t end) {
  Actions all;
  for (auto next = state.next_deadline(); next && *next <= end; next = state.next_deadline())
    for (Action& action : state.on_time(*next))
      all.push_back(std::move(action));
  return all;
}

TEST(RunStart, WhoIsNotThereInTimeIsKilledAndNamed) {
  RunPlan plan = two_nodes();
  plan.start_timeout = std::chrono::seconds(90);
  RunState state(plan);
  state.begin(0);
  state.on_attached(0, second);
  state.on_ready(0, second);
  EXPECT_TRUE(nodes_of<KillNode>(pass_time(state, 89 * second)).empty());
  const Actions actions = pass_time(state, 90 * second);
  EXPECT_EQ(nodes_of<KillNode>(actions), std::vector<NodeIndex>{1});
  EXPECT_EQ(nodes_of<RefuseNode>(actions), std::vector<NodeIndex>{0});
  state.on_exited(1, {.signal = SIGKILL}, 91 * second);
  EXPECT_EQ(state.cause(1),
            "had not made its Node 90 s after the start, so dora killed it "
            "(DORA_START_TIMEOUT_SECS is how long it may take)");
  state.on_exited(0, {.code = 1}, 91 * second);
  EXPECT_EQ(state.status(), RunStatus::Failed);
}

TEST(RunStart, OnceAllAreThereNothingIsLate) {
  RunPlan plan = two_nodes();
  plan.start_timeout = std::chrono::seconds(90);
  RunState state(plan);
  state.begin(0);
  for (const NodeIndex node : {0U, 1U}) {
    state.on_attached(node, second);
    state.on_ready(node, second);
  }
  EXPECT_TRUE(pass_time(state, 1000 * second).empty());
  EXPECT_EQ(state.status(), RunStatus::Running);
}

TEST(RunStart, MayTakeForEver) {
  RunPlan plan = two_nodes();
  plan.start_timeout.reset();
  RunState state(plan);
  state.begin(0);
  EXPECT_TRUE(nodes_of<KillNode>(pass_time(state, 100'000 * second)).empty());
}

TEST(RunStart, AStopTakesItsPlace) {
  RunPlan plan = two_nodes();
  plan.start_timeout = std::chrono::seconds(1);
  RunState state(plan);
  state.begin(0);
  state.on_stop(10 * second, false, second / 2);
  EXPECT_TRUE(nodes_of<KillNode>(pass_time(state, 10 * second)).empty());
}

}  // namespace
}  // namespace dora::daemon

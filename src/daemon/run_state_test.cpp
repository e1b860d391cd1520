// SPDX-License-Identifier: Apache-2.0
#include "daemon/run_state.hpp"

#include <algorithm>
#include <csignal>

#include <gtest/gtest.h>

namespace dora::daemon {
namespace {

constexpr std::int64_t ms = 1'000'000;
constexpr std::int64_t second = 1000 * ms;

/// A node: its id, its outputs, its inputs as {"input", "producer", "output"}.
NodePlan node_plan(const char* id, std::vector<const char*> outputs = {},
                   std::vector<std::array<const char*, 3>> inputs = {}) {
  NodePlan plan;
  plan.id = *NodeId::parse(id);
  for (const char* output : outputs)
    plan.outputs.push_back(*DataId::parse(output));
  for (const auto& [input, producer, output] : inputs) {
    InputPlan in;
    in.id = *DataId::parse(input);
    in.producer = *NodeId::parse(producer);
    in.output = *DataId::parse(output);
    plan.inputs.push_back(in);
  }
  return plan;
}

TimerPlan timer() {
  TimerPlan plan;
  plan.id = *DataId::parse("tick");
  plan.interval = std::chrono::seconds(1);
  return plan;
}

/// A machine under test with the clock in our hand.
struct Scene {
  explicit Scene(std::vector<NodePlan> nodes) {
    plan.id = "0193";
    plan.nodes = std::move(nodes);
    state.emplace(plan);
  }
  RunState& operator*() { return *state; }
  RunState* operator->() { return &*state; }

  /// Brings every node through the barrier.
  void start() {
    state->begin(now);
    for (NodeIndex node = 0; node < plan.nodes.size(); ++node) {
      state->on_attached(node, now);
      state->on_ready(node, now);
    }
    EXPECT_EQ(state->status(), RunStatus::Running);
  }
  /// Goes to the next deadline and through it.
  Actions wait() {
    const auto deadline = state->next_deadline();
    EXPECT_TRUE(deadline);
    if (!deadline) return {};
    now = *deadline;
    return state->on_time(now);
  }

  RunPlan plan;
  std::optional<RunState> state;
  std::int64_t now = 1000 * second;
};

/// The actions of one kind.
template <typename T>
std::vector<T> all(const Actions& actions) {
  std::vector<T> found;
  for (const Action& action : actions) {
    if (const T* item = std::get_if<T>(&action)) found.push_back(*item);
  }
  return found;
}

template <typename T>
std::size_t place(const Actions& actions) {
  const auto found = std::ranges::find_if(
      actions, [](const Action& action) { return std::holds_alternative<T>(action); });
  return static_cast<std::size_t>(found - actions.begin());
}

template <typename T>
bool has(const Actions& actions, T wanted) {
  const auto found = all<T>(actions);
  return std::ranges::find(found, wanted) != found.end();
}

const ExitStatus success{};
const ExitStatus code_1{.code = 1};
const ExitStatus by_sigterm{.signal = SIGTERM};
const ExitStatus by_sigkill{.signal = SIGKILL};

// sender ─message─► receiver
std::vector<NodePlan> hello() {
  return {node_plan("receiver", {}, {{"message", "sender", "message"}}),
          node_plan("sender", {"message"})};
}
constexpr NodeIndex receiver = 0;
constexpr NodeIndex sender = 1;

TEST(RunState, NobodyStartsBeforeEverybodyIsReady) {
  Scene scene(hello());
  EXPECT_EQ(all<SpawnNode>(scene->begin(scene.now)).size(), 2U);
  EXPECT_TRUE(has(scene->on_attached(sender, scene.now), SetUpNode{sender}));
  EXPECT_TRUE(all<StartNodes>(scene->on_ready(sender, scene.now)).empty());
  scene->on_attached(receiver, scene.now);
  EXPECT_EQ(scene->status(), RunStatus::Starting);
  EXPECT_TRUE(has(scene->on_ready(receiver, scene.now), StartNodes{{receiver, sender}}));
  EXPECT_EQ(scene->status(), RunStatus::Running);
}

TEST(RunState, EndsWhenEveryNodeHas) {
  Scene scene(hello());
  scene.start();
  const Actions at_end = scene->on_exited(sender, success, scene.now);
  EXPECT_TRUE(has(at_end, CloseInput{receiver, 0}));
  EXPECT_TRUE(all<TellNodeFailed>(at_end).empty());
  EXPECT_FALSE(scene->is_finished());
  EXPECT_TRUE(has(scene->on_exited(receiver, success, scene.now), FinishRun{}));
  EXPECT_EQ(scene->status(), RunStatus::Finished);
  for (const auto& result : scene->results())
    EXPECT_EQ(result.outcome, Outcome::Succeeded);
}

TEST(RunState, AFailureIsToldBeforeTheInputCloses) {
  Scene scene(hello());
  scene.start();
  const Actions actions = scene->on_exited(sender, code_1, scene.now);
  const auto told = all<TellNodeFailed>(actions);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].node, receiver);
  EXPECT_EQ(told[0].failed, sender);
  EXPECT_EQ(told[0].error, "exited with code 1");
  EXPECT_EQ(told[0].inputs, std::vector{*DataId::parse("message")});
  EXPECT_LT(place<TellNodeFailed>(actions), place<CloseInput>(actions));
  scene->on_exited(receiver, success, scene.now);
  EXPECT_EQ(scene->status(), RunStatus::Failed);
  EXPECT_EQ(scene->results()[sender].outcome, Outcome::Failed);
  EXPECT_EQ(scene->results()[receiver].outcome, Outcome::Succeeded);
}

TEST(RunState, TheEndOfAConsumerDisconnectsItAndNothingElse) {
  Scene scene(hello());
  scene.start();
  const Actions actions = scene->on_exited(receiver, success, scene.now);
  EXPECT_TRUE(has(actions, DisconnectConsumer{receiver}));
  EXPECT_TRUE(all<SendStop>(actions).empty());
  EXPECT_TRUE(scene->is_running(sender));
}

TEST(RunState, ClosedOutputsCloseInputsOnce) {
  Scene scene(hello());
  scene.start();
  EXPECT_TRUE(has(scene->on_outputs_closed(sender, {*DataId::parse("message")}, scene.now),
                  CloseInput{receiver, 0}));
  EXPECT_TRUE(all<CloseInput>(scene->on_exited(sender, success, scene.now)).empty());
}

TEST(RunState, ADetachedNodeTakesAndGivesNothing) {
  Scene scene({node_plan("a", {"x"}, {{"y", "b", "y"}}), node_plan("b", {"y"}, {{"x", "a", "x"}})});
  scene.start();
  EXPECT_TRUE(has(scene->on_detached(0, scene.now), RetireConsumer{0}));
  const std::int64_t began = scene.now;
  EXPECT_TRUE(has(scene.wait(), CloseInput{1, 0}));
  EXPECT_EQ(scene.now, began + second);
  const Actions at_exit = scene->on_exited(0, success, scene.now);
  EXPECT_TRUE(has(at_exit, DisconnectConsumer{0})) << "what it held comes back with its process";
  EXPECT_TRUE(all<CloseInput>(at_exit).empty());
}

TEST(RunState, AFailureIsToldThoughTheNodeClosedItselfOnTheWayOut) {
  Scene scene(hello());
  scene.start();
  EXPECT_TRUE(all<CloseInput>(scene->on_detached(sender, scene.now)).empty());
  const Actions actions = scene->on_exited(sender, code_1, scene.now + 20 * ms);
  EXPECT_EQ(all<TellNodeFailed>(actions).size(), 1U);
  EXPECT_LT(place<TellNodeFailed>(actions), place<CloseInput>(actions));
}

// ---- The barrier ----

TEST(RunState, ANodeThatExitsBeforeItAttachesFailsTheOthers) {
  Scene scene(hello());
  scene->begin(scene.now);
  scene->on_attached(sender, scene.now);
  scene->on_ready(sender, scene.now);
  const auto refused = all<RefuseNode>(scene->on_exited(receiver, code_1, scene.now));
  ASSERT_EQ(refused.size(), 1U);
  EXPECT_EQ(refused[0].node, sender);
  EXPECT_NE(refused[0].reason.find("`receiver`"), std::string::npos);
  EXPECT_NE(refused[0].reason.find("out/0193/log_receiver.jsonl"), std::string::npos);
  EXPECT_TRUE(has(scene->on_exited(sender, code_1, scene.now + 1), FinishRun{}));

  const auto results = scene->results();
  EXPECT_EQ(results[receiver].outcome, Outcome::Failed);
  EXPECT_EQ(results[receiver].cause, "exited with code 1");
  EXPECT_EQ(results[sender].outcome, Outcome::Consequential);
  EXPECT_EQ(results[sender].caused_by, "receiver");
  EXPECT_NE(results[sender].cause.find("node `receiver` exited before connecting to dora"),
            std::string::npos);
}

TEST(RunState, WhoAttachesToAFailedStartIsRefused) {
  Scene scene(hello());
  scene->begin(scene.now);
  scene->on_exited(receiver, code_1, scene.now);
  const Actions actions = scene->on_attached(sender, scene.now);
  EXPECT_EQ(all<RefuseNode>(actions).size(), 1U);
  EXPECT_TRUE(all<SetUpNode>(actions).empty());
}

TEST(RunState, AFailedStartDoesNotWaitForWhoNeverAttaches) {
  Scene scene(hello());
  scene->begin(scene.now);
  scene->on_exited(receiver, code_1, scene.now);
  EXPECT_TRUE(has(scene.wait(), TerminateNode{sender}));
  EXPECT_TRUE(has(scene.wait(), KillNode{sender}));
  EXPECT_TRUE(has(scene->on_exited(sender, by_sigkill, scene.now), FinishRun{}));
  EXPECT_EQ(scene->results()[sender].outcome, Outcome::Consequential);
}

TEST(RunState, AnEarlySuccessIsAFailureOfWhoIsNeeded) {
  Scene scene(hello());
  scene->begin(scene.now);
  scene->on_exited(sender, success, scene.now);
  scene->on_exited(receiver, by_sigterm, scene.now + 1);
  EXPECT_EQ(scene->results()[sender].outcome, Outcome::Failed);
  EXPECT_NE(scene->results()[sender].cause.find("before connecting"), std::string::npos);
}

TEST(RunState, AProgramWithoutPortsMayEndBeforeTheStart) {
  auto nodes = hello();
  nodes.push_back(node_plan("setup"));
  Scene scene(std::move(nodes));
  scene->begin(scene.now);
  for (NodeIndex node : {receiver, sender}) {
    scene->on_attached(node, scene.now);
    EXPECT_TRUE(all<StartNodes>(scene->on_ready(node, scene.now)).empty());
  }
  EXPECT_TRUE(has(scene->on_exited(2, success, scene.now), StartNodes{{receiver, sender}}));
}

TEST(RunState, ALonelyProgramNeedsNoNode) {
  Scene scene({node_plan("job", {"x"})});
  scene->begin(scene.now);
  scene->on_exited(0, success, scene.now);
  EXPECT_EQ(scene->status(), RunStatus::Finished);
}

TEST(RunState, NothingStartsWhenOneCannotBePrepared) {
  Scene scene(hello());
  const Actions actions = scene->refuse_to_begin({{receiver, "no such program"}}, scene.now);
  EXPECT_TRUE(all<SpawnNode>(actions).empty());
  EXPECT_TRUE(has(actions, FinishRun{}));
  EXPECT_EQ(scene->results()[receiver].cause, "failed to spawn node: no such program");
  EXPECT_EQ(scene->results()[sender].outcome, Outcome::Consequential);
}

TEST(RunState, AFailedSpawnFailsTheStart) {
  Scene scene(hello());
  scene->begin(scene.now);
  scene->on_attached(sender, scene.now);
  const Actions actions = scene->on_spawn_failed(receiver, "exec format error", scene.now);
  EXPECT_EQ(all<RefuseNode>(actions).size(), 1U);
  scene->on_exited(sender, code_1, scene.now);
  EXPECT_EQ(scene->results()[receiver].cause, "failed to spawn node: exec format error");
  EXPECT_EQ(scene->results()[sender].outcome, Outcome::Consequential);
}

TEST(RunState, TheUserIsToldWhomTheStartWaitsFor) {
  Scene scene(hello());
  scene->begin(scene.now);
  scene->on_attached(sender, scene.now);
  scene->on_ready(sender, scene.now);
  const auto said = all<Say>(scene.wait());
  ASSERT_EQ(said.size(), 1U);
  EXPECT_NE(said[0].text.find("receiver"), std::string::npos);
  EXPECT_EQ(said[0].text.find("sender"), std::string::npos);
}

// ---- Stopping ----

TEST(RunState, StopGoesToAllAndClimbsTheLadder) {
  Scene scene(hello());
  scene.start();
  const Actions first = scene->on_stop(10 * second, false, scene.now);
  EXPECT_EQ(all<SendStop>(first).size(), 2U);
  EXPECT_TRUE(all<TerminateNode>(first).empty());
  EXPECT_EQ(scene->status(), RunStatus::Stopping);
  scene->on_exited(sender, success, scene.now);

  const std::int64_t began = scene.now;
  EXPECT_EQ(all<TerminateNode>(scene.wait()), std::vector{TerminateNode{receiver}});
  EXPECT_EQ(scene.now, began + 10 * second);
  EXPECT_EQ(all<KillNode>(scene.wait()), std::vector{KillNode{receiver}});
  EXPECT_EQ(scene.now, began + 15 * second);
  scene->on_exited(receiver, by_sigkill, scene.now);
  EXPECT_EQ(scene->results()[receiver].outcome, Outcome::Failed);
  EXPECT_NE(scene->results()[receiver].cause.find("(SIGKILL)"), std::string::npos);
  EXPECT_EQ(scene->results()[sender].outcome, Outcome::Succeeded);
}

TEST(RunState, EndingByTheSignalsOfAStopIsSuccess) {
  for (const ExitStatus& status : {by_sigterm, ExitStatus{.signal = SIGINT},
                                   ExitStatus{.code = 143}, ExitStatus{.code = 130}}) {
    Scene scene(hello());
    scene.start();
    scene->on_stop(10 * second, false, scene.now);
    scene->on_exited(receiver, status, scene.now);
    scene->on_exited(sender, success, scene.now);
    EXPECT_EQ(scene->status(), RunStatus::Finished) << describe(status);
  }
}

TEST(RunState, AnErrorDuringAStopIsAFailure) {
  Scene scene(hello());
  scene.start();
  scene->on_stop(10 * second, false, scene.now);
  scene->on_exited(receiver, code_1, scene.now);
  scene->on_exited(sender, success, scene.now);
  EXPECT_EQ(scene->status(), RunStatus::Failed);
}

TEST(RunState, ASignalWithoutAStopIsAFailure) {
  Scene scene(hello());
  scene.start();
  scene->on_exited(receiver, by_sigterm, scene.now);
  EXPECT_EQ(scene->results()[receiver].outcome, Outcome::Failed);
}

TEST(RunState, WhoHasNotStartedIsTerminatedAtOnce) {
  Scene scene(hello());
  scene->begin(scene.now);
  scene->on_attached(sender, scene.now);
  const Actions actions = scene->on_stop(10 * second, false, scene.now);
  EXPECT_EQ(all<TerminateNode>(actions).size(), 2U);
  scene->on_exited(sender, by_sigterm, scene.now);
  // A program that survived SIGTERM and made its Node too late, which raises.
  EXPECT_EQ(all<RefuseNode>(scene->on_attached(receiver, scene.now)).size(), 1U);
  scene->on_exited(receiver, code_1, scene.now);
  EXPECT_EQ(scene->status(), RunStatus::Finished);
}

TEST(RunState, AnErrorBeforeTheStartIsOneAlsoDuringAStop) {
  Scene scene(hello());
  scene->begin(scene.now);
  scene->on_stop(10 * second, false, scene.now);
  scene->on_exited(sender, by_sigterm, scene.now);
  scene->on_exited(receiver, code_1, scene.now);
  EXPECT_EQ(scene->status(), RunStatus::Failed);
}

TEST(RunState, AForcedStopKillsAtOnceAndIsNoFailure) {
  Scene scene(hello());
  scene.start();
  EXPECT_EQ(all<KillNode>(scene->on_stop(10 * second, true, scene.now)).size(), 2U);
  scene->on_exited(sender, by_sigkill, scene.now);
  scene->on_exited(receiver, by_sigkill, scene.now);
  EXPECT_EQ(scene->status(), RunStatus::Finished);
}

TEST(RunState, AskingAgainOnlyMakesItFaster) {
  Scene scene(hello());
  scene.start();
  const std::int64_t began = scene.now;
  scene->on_stop(10 * second, false, scene.now);
  scene->on_stop(60 * second, false, scene.now);
  EXPECT_EQ(scene->next_deadline(), began + 10 * second);
  scene->on_stop(2 * second, false, scene.now);
  EXPECT_EQ(scene->next_deadline(), began + 2 * second);
}

TEST(RunState, AProcessThatCannotDieIsGivenUp) {
  Scene scene({node_plan("a", {"x"})});
  scene.start();
  scene->on_stop(second, false, scene.now);
  scene.wait();
  EXPECT_TRUE(has(scene.wait(), KillNode{0}));
  EXPECT_TRUE(has(scene.wait(), FinishRun{}));
  EXPECT_EQ(scene->status(), RunStatus::Failed);
  EXPECT_TRUE(scene->on_exited(0, by_sigkill, scene.now).empty());
}

// ---- Restarts ----

NodePlan restarting(NodePlan plan, RestartPlan::Policy policy, std::uint32_t limit = 0) {
  plan.restart.policy = policy;
  plan.restart.max_restarts = limit;
  return plan;
}

// sender (restarts on failure) ─message─► receiver
std::vector<NodePlan> restarting_sender(std::uint32_t limit = 0) {
  auto nodes = hello();
  nodes[sender] = restarting(nodes[sender], RestartPlan::Policy::OnFailure, limit);
  return nodes;
}

TEST(RunState, ARestartIsToldAtOnceAndKeepsTheOutputsOpen) {
  Scene scene(restarting_sender());
  scene.start();
  const Actions actions = scene->on_exited(sender, code_1, scene.now);
  EXPECT_TRUE(all<CloseInput>(actions).empty());
  EXPECT_TRUE(has(actions, TellNodeRestarted{receiver, sender}));
  EXPECT_TRUE(has(actions, SpawnNode{sender}));
  // The neighbours must hear of the new edges before they hear of the restart.
  EXPECT_LT(place<RenewNode>(actions), place<TellNodeRestarted>(actions));
  EXPECT_EQ(scene->restarts(sender), 1U);

  scene->on_attached(sender, scene.now);
  EXPECT_TRUE(has(scene->on_ready(sender, scene.now), StartNodes{{sender}}));
}

TEST(RunState, OnFailureDoesNotRestartASuccess) {
  Scene scene(restarting_sender());
  scene.start();
  EXPECT_TRUE(has(scene->on_exited(sender, success, scene.now), CloseInput{receiver, 0}));
}

TEST(RunState, TheLimitMakesItFinal) {
  Scene scene(restarting_sender(2));
  scene.start();
  for (int restart = 1; restart <= 2; ++restart) {
    scene->on_exited(sender, code_1, scene.now);
    while (scene->status(sender) == NodeStatus::Restarting)
      scene.wait();
    scene->on_attached(sender, scene.now);
    scene->on_ready(sender, scene.now);
  }
  const Actions last = scene->on_exited(sender, code_1, scene.now);
  EXPECT_EQ(all<TellNodeFailed>(last).size(), 1U);
  EXPECT_TRUE(has(last, CloseInput{receiver, 0}));
  scene->on_exited(receiver, success, scene.now);
  EXPECT_EQ(scene->status(), RunStatus::Failed);
  EXPECT_EQ(scene->results()[sender].restarts, 2U);
}

TEST(RunState, AnAlwaysRestartedNodeClosesNothingByClosingItself) {
  auto nodes = hello();
  nodes[sender] = restarting(nodes[sender], RestartPlan::Policy::Always, 1);
  Scene scene(std::move(nodes));
  scene.start();
  EXPECT_TRUE(scene->on_outputs_closed(sender, {*DataId::parse("message")}, scene.now).empty());
  EXPECT_TRUE(scene->on_detached(sender, scene.now).empty());
  const Actions actions = scene->on_exited(sender, success, scene.now);
  EXPECT_TRUE(all<CloseInput>(actions).empty());
  EXPECT_TRUE(has(actions, SpawnNode{sender}));
}

TEST(RunState, AStopCancelsAPendingRestart) {
  auto nodes = restarting_sender();
  nodes[sender].restart.delay = std::chrono::seconds(60);
  Scene scene(std::move(nodes));
  scene.start();
  EXPECT_TRUE(all<SpawnNode>(scene->on_exited(sender, code_1, scene.now)).empty());
  EXPECT_EQ(scene->status(sender), NodeStatus::Restarting);
  scene->on_stop(10 * second, false, scene.now);
  EXPECT_TRUE(has(scene->on_exited(receiver, success, scene.now), FinishRun{}));
  EXPECT_EQ(scene->status(), RunStatus::Finished);
}

TEST(RunState, NoRestartDuringAStop) {
  Scene scene(restarting_sender());
  scene.start();
  scene->on_stop(10 * second, false, scene.now);
  EXPECT_TRUE(all<SpawnNode>(scene->on_exited(sender, code_1, scene.now)).empty());
}

TEST(RunState, NoRestartOnceAllInputsAreClosed) {
  auto nodes = hello();
  nodes[receiver] = restarting(nodes[receiver], RestartPlan::Policy::Always);
  Scene scene(std::move(nodes));
  scene.start();
  scene->on_exited(sender, success, scene.now);
  EXPECT_TRUE(has(scene->on_exited(receiver, success, scene.now), FinishRun{}));
}

TEST(RunState, APendingRestartEndsWithTheLastInput) {
  auto nodes = hello();
  nodes[receiver] = restarting(nodes[receiver], RestartPlan::Policy::OnFailure);
  nodes[receiver].restart.delay = std::chrono::seconds(60);
  Scene scene(std::move(nodes));
  scene.start();
  scene->on_exited(receiver, code_1, scene.now);
  EXPECT_TRUE(has(scene->on_exited(sender, success, scene.now), FinishRun{}));
  EXPECT_EQ(scene->results()[receiver].outcome, Outcome::Failed);
  EXPECT_EQ(scene->results()[receiver].cause, "exited with code 1");
}

TEST(RunState, ARestartBeforeTheStartDoesNotFailTheOthers) {
  Scene scene(restarting_sender());
  scene->begin(scene.now);
  scene->on_attached(receiver, scene.now);
  scene->on_ready(receiver, scene.now);
  const Actions actions = scene->on_exited(sender, code_1, scene.now);
  EXPECT_TRUE(all<RefuseNode>(actions).empty());
  EXPECT_TRUE(has(actions, SpawnNode{sender}));
  scene->on_attached(sender, scene.now);
  EXPECT_TRUE(has(scene->on_ready(sender, scene.now), StartNodes{{receiver, sender}}));
}

TEST(RunState, ARestartedConsumerHearsOfInputsThatClosedBefore) {
  auto nodes = hello();
  nodes[receiver] = restarting(nodes[receiver], RestartPlan::Policy::OnFailure);
  nodes[receiver].inputs.push_back(nodes[receiver].inputs[0]);
  nodes[receiver].inputs[1].id = *DataId::parse("second");
  nodes[receiver].inputs[1].producer = *NodeId::parse("other");
  nodes.push_back(node_plan("other", {"message"}));
  Scene scene(std::move(nodes));
  scene.start();
  scene->on_exited(sender, success, scene.now);
  scene->on_exited(receiver, code_1, scene.now);
  scene->on_attached(receiver, scene.now);
  const Actions actions = scene->on_ready(receiver, scene.now);
  EXPECT_EQ(all<CloseInput>(actions), std::vector{(CloseInput{receiver, 0})});
  EXPECT_LT(place<StartNodes>(actions), place<CloseInput>(actions));
}

TEST(RunState, WhatHappensWhileAConsumerRestartsIsToldWhenItRuns) {
  auto nodes = hello();
  nodes[receiver] = restarting(nodes[receiver], RestartPlan::Policy::OnFailure);
  nodes[receiver].timers.push_back(timer());
  Scene scene(std::move(nodes));
  scene.start();
  scene->on_exited(receiver, code_1, scene.now);
  EXPECT_TRUE(all<CloseInput>(scene->on_exited(sender, success, scene.now)).empty());
  scene->on_attached(receiver, scene.now);
  EXPECT_TRUE(has(scene->on_ready(receiver, scene.now), CloseInput{receiver, 0}));
}

// ---- Natural ends ----

TEST(RunState, ANodeThatDoesNotNoticeItsEndIsStopped) {
  auto nodes = hello();
  nodes[receiver].finish_grace = std::chrono::seconds(3);
  Scene scene(std::move(nodes));
  scene.start();
  const std::int64_t began = scene.now;
  scene->on_exited(sender, success, scene.now);
  const Actions actions = scene.wait();
  EXPECT_EQ(scene.now, began + 3 * second);
  EXPECT_TRUE(has(actions, TerminateNode{receiver}));
  scene->on_exited(receiver, by_sigterm, scene.now);
  EXPECT_EQ(scene->status(), RunStatus::Failed);
  EXPECT_NE(scene->results()[receiver].cause.find("3 s after all its inputs"), std::string::npos);
}

TEST(RunState, AStragglerIsLeftAloneWhileOthersWork) {
  auto nodes = hello();
  nodes[receiver].finish_grace = std::chrono::seconds(3);
  nodes.push_back(node_plan("worker", {"x"}));
  Scene scene(std::move(nodes));
  scene.start();
  scene->on_exited(sender, success, scene.now);
  EXPECT_FALSE(scene->next_deadline());
  scene.now += 100 * second;
  scene->on_exited(2, success, scene.now);
  EXPECT_EQ(scene->next_deadline(), scene.now + 3 * second);
}

TEST(RunState, WithoutAGraceAStragglerMayTakeForever) {
  auto nodes = hello();
  nodes[receiver].finish_grace.reset();
  Scene scene(std::move(nodes));
  scene.start();
  scene->on_exited(sender, success, scene.now);
  EXPECT_FALSE(scene->next_deadline());
}

TEST(RunState, TimersKeepANodeGoingUnlessToldOtherwise) {
  for (const bool exit_when_nodes_finish : {false, true}) {
    auto nodes = hello();
    nodes[receiver].timers.push_back(timer());
    Scene scene(std::move(nodes));
    scene.plan.exit_when_nodes_finish = exit_when_nodes_finish;
    scene.start();
    scene->on_exited(sender, success, scene.now);
    EXPECT_EQ(scene->next_deadline().has_value(), exit_when_nodes_finish);
  }
}

TEST(RunState, DynamicNodesAreNotWaitedFor) {
  auto nodes = hello();
  nodes[sender].program.kind = ProgramPlan::Kind::Dynamic;
  Scene scene(std::move(nodes));
  EXPECT_EQ(all<SpawnNode>(scene->begin(scene.now)).size(), 1U);
  scene->on_attached(receiver, scene.now);
  EXPECT_TRUE(has(scene->on_ready(receiver, scene.now), StartNodes{{receiver}}));
  EXPECT_TRUE(has(scene->on_exited(receiver, success, scene.now), FinishRun{}));
}

}  // namespace
}  // namespace dora::daemon

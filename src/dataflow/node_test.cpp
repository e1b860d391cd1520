// SPDX-License-Identifier: Apache-2.0
// What the keys of a node become.

#include "dataflow/node.hpp"

#include <gtest/gtest.h>

#include "dataflow/load.hpp"

namespace dora::dataflow {
namespace {

using namespace std::chrono_literals;

Dataflow read(std::string_view text) {
  EnvironmentLookup environment = [](const std::string& name) -> std::optional<std::string> {
    return name == "SET" ? std::optional<std::string>("value") : std::nullopt;
  };
  auto result = parse(text, {.environment = environment});
  EXPECT_TRUE(result.dataflow) << render(result.diagnostics);
  return result.dataflow.value_or(Dataflow{});
}

Node node(const std::string& keys) {
  auto dataflow = read("nodes:\n  - id: a\n" + keys);
  return dataflow.nodes.empty() ? Node{} : dataflow.nodes[0];
}

DataId id(std::string_view text) {
  return *DataId::parse(text);
}

TEST(Node, HasItsKindFromItsPath) {
  EXPECT_EQ(node("    path: a.py\n").kind, NodeKind::Program);
  EXPECT_EQ(node("    path: https://x/y\n").kind, NodeKind::Download);
  EXPECT_EQ(node("    path: HTTPS://x/y\n").kind, NodeKind::Program);
  EXPECT_EQ(node("    path: dynamic\n").kind, NodeKind::Dynamic);
  EXPECT_EQ(node("    path: shell\n").kind, NodeKind::Shell);
  EXPECT_EQ(node("    hub: x\n").kind, NodeKind::Hub);
  EXPECT_EQ(node("    operator: {python: a.py}\n").kind, NodeKind::Operators);
  Node timer = node("    path: dora/timer/hz/10\n    outputs: [tick]\n");
  EXPECT_EQ(timer.kind, NodeKind::Timer);
  EXPECT_EQ(timer.timer_interval, 100ms);
  EXPECT_FALSE(timer.is_spawned());
}

TEST(Node, HasDefaults) {
  Node plain = node("    path: a.py\n");
  EXPECT_EQ(plain.restart, RestartSettings{});
  EXPECT_EQ(plain.log, LogSettings{});
  EXPECT_EQ(plain.latency, Latency::Normal);
  EXPECT_TRUE(plain.tty);
  EXPECT_FALSE(plain.health_check_timeout);
  EXPECT_FALSE(plain.finish_grace);
  EXPECT_FALSE(plain.shared_memory_pool_size);
  EXPECT_TRUE(plain.is_spawned());
  EXPECT_FALSE(plain.has_node_inputs());
}

TEST(Node, KeepsRestartAndHealthSettings) {
  Node result = node(
      "    path: a\n    restart_policy: on-failure\n    max_restarts: 4\n    restart_delay: 0.25\n"
      "    max_restart_delay: 5\n    restart_window: 60\n    health_check_timeout: 1.5\n"
      "    finish_grace_secs: 30\n");
  EXPECT_EQ(result.restart.policy, RestartPolicy::OnFailure);
  EXPECT_EQ(result.restart.max_restarts, 4u);
  EXPECT_EQ(result.restart.delay, 250ms);
  EXPECT_EQ(result.restart.max_delay, 5s);
  EXPECT_EQ(result.restart.window, 60s);
  EXPECT_EQ(result.health_check_timeout, 1500ms);
  EXPECT_EQ(result.finish_grace, 30s);
}

TEST(Node, KeepsLogSettings) {
  Node result = node(
      "    path: a\n    outputs: [out, log]\n    send_stdout_as: out\n    send_logs_as: log\n"
      "    min_log_level: WARN\n    max_log_size: 64KB\n    max_rotated_files: 0\n");
  EXPECT_EQ(result.log.send_stdout_as, id("out"));
  EXPECT_EQ(result.log.send_logs_as, id("log"));
  EXPECT_EQ(result.log.min_log_level, LogLevel::Warn);
  EXPECT_EQ(result.log.max_log_size, 65'536u);
  EXPECT_EQ(result.log.max_rotated_files, 0u);
}

TEST(Node, KeepsTheRest) {
  Node result = node(
      "    path: a\n    name: N\n    description: D\n    args: -v\n    build: make\n"
      "    cpu_affinity: [2, 3]\n    shared_memory_pool_size: 8MB\n    latency: busy\n"
      "    tty: false\n    deploy: {machine: m, working_dir: w, labels: {gpu: x}}\n");
  EXPECT_EQ(result.name, "N");
  EXPECT_EQ(result.description, "D");
  EXPECT_EQ(result.args, "-v");
  EXPECT_EQ(result.build, "make");
  EXPECT_EQ(result.cpu_affinity, (std::vector<std::uint32_t>{2, 3}));
  EXPECT_EQ(result.shared_memory_pool_size, 8u << 20);
  EXPECT_EQ(result.latency, Latency::Busy);
  EXPECT_FALSE(result.tty);
  ASSERT_TRUE(result.deploy);
  EXPECT_EQ(result.deploy->machine, "m");
  EXPECT_EQ(result.deploy->labels.at("gpu"), "x");
}

TEST(Node, RendersItsEnvironment) {
  Node result = node(
      "    path: a\n    env: {B: true, I: 0x10, F: 1.0, S: \"007\", V: $SET, D: '${NO:-5}'}\n");
  EXPECT_EQ(result.env.at("B").text, "true");
  EXPECT_EQ(result.env.at("I").text, "16");
  EXPECT_EQ(result.env.at("F").text, "1");
  EXPECT_EQ(result.env.at("S").text, "007");
  EXPECT_EQ(result.env.at("S").kind, EnvironmentValue::Kind::String);
  EXPECT_EQ(result.env.at("V").text, "value");
  EXPECT_EQ(result.env.at("D").text, "5");
}

TEST(Dataflow, MergesEnvironmentsTheMoreSpecificFirst) {
  auto dataflow =
      read("env: {A: root, B: root, C: root}\nnodes:\n  - {id: a, path: a, env: {A: node}}\n");
  std::map<std::string, std::string> command_line{{"A", "cli"}, {"B", "cli"}};
  auto merged = merged_environment(dataflow, dataflow.nodes[0], command_line);
  EXPECT_EQ(merged,
            (std::map<std::string, std::string>{{"A", "node"}, {"B", "cli"}, {"C", "root"}}));
}

TEST(Dataflow, KeepsRootSettings) {
  auto dataflow = read(
      "strict_types: true\ntype_rules: [{from: a/v1/A, to: b/v1/B}]\nhealth_check_interval: 0.5\n"
      "exit_when_nodes_finish: false\ndebug: {enable_debug_inspection: true}\nnodes: []\n");
  EXPECT_TRUE(dataflow.strict_types);
  EXPECT_EQ(dataflow.type_rules.at(0).to.urn, "b/v1/B");
  EXPECT_EQ(dataflow.health_check_interval, 500ms);
  EXPECT_EQ(dataflow.exit_when_nodes_finish, false);
  EXPECT_TRUE(dataflow.enable_debug_inspection);
  EXPECT_EQ(dataflow.first_deploy(), nullptr);
}

TEST(Dataflow, FindsTheFirstDeploy) {
  EXPECT_NE(read("deploy: {machine: x}\nnodes: []\n").first_deploy(), nullptr);
  auto dataflow = read("nodes:\n  - {id: a, path: a}\n  - {id: b, path: b, deploy: {}}\n");
  EXPECT_EQ(dataflow.first_deploy(), &*dataflow.nodes[1].deploy);
}

TEST(Operators, HaveTheirOwnPortsAndShareTheNodes) {
  auto dataflow = read(
      "nodes:\n"
      "  - id: vision\n"
      "    operators:\n"
      "      - {id: a, python: {source: a.py, conda_env: c}, inputs: {t: dora/timer/secs/1},\n"
      "         outputs: [x], output_types: {x: T}}\n"
      "      - {id: b, shared-library: lib/b, inputs: {x: vision/a/x}, outputs: [y, log],\n"
      "         send_logs_as: log, build: make}\n");
  const Node& vision = dataflow.nodes.at(0);
  ASSERT_EQ(vision.operators.size(), 2u);
  EXPECT_EQ(vision.operators[0].conda_env, "c");
  EXPECT_EQ(vision.operators[1].language, OperatorLanguage::SharedLibrary);
  EXPECT_EQ(vision.operators[1].source, "lib/b");
  EXPECT_NE(vision.operators[0].ports.find_output(id("x")), nullptr);
  EXPECT_NE(vision.ports.find_output(id("a/x")), nullptr);
  EXPECT_EQ(vision.ports.output_types.at(id("a/x")).urn, "T");
  const Input* input = vision.ports.find_input(id("b/x"));
  ASSERT_NE(input, nullptr);
  EXPECT_EQ(source_text(input->source), "vision/a/x");
  EXPECT_EQ(vision.log.send_logs_as, id("b/log"));
}

TEST(Operators, SayWhenTheirProcessIsStartedAgain) {
  auto dataflow = read(
      "nodes:\n"
      "  - id: vision\n"
      "    operators:\n"
      "      - {id: a, python: a.py, restart_policy: on-failure, max_restarts: 3,\n"
      "         restart_delay: 0.5, max_restart_delay: 2, restart_window: 60}\n"
      "      - {id: b, python: b.py, restart_policy: never}\n");
  const RestartSettings& restart = dataflow.nodes.at(0).restart;
  EXPECT_EQ(restart.policy, RestartPolicy::OnFailure);
  EXPECT_EQ(restart.max_restarts, 3u);
  EXPECT_EQ(restart.delay, std::chrono::milliseconds(500));
  EXPECT_EQ(restart.max_delay, std::chrono::seconds(2));
  EXPECT_EQ(restart.window, std::chrono::seconds(60));
}

}  // namespace
}  // namespace dora::dataflow

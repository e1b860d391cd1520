// SPDX-License-Identifier: Apache-2.0
#include "dataflow/wiring.hpp"

#include <gtest/gtest.h>

#include "dataflow/load.hpp"

namespace dora::dataflow {
namespace {

DataId id(std::string_view text) {
  return *DataId::parse(text);
}

std::string source_of(const Dataflow& dataflow, std::string_view node, std::string_view input) {
  const Node* found = dataflow.find_node(node);
  const Input* port = found ? found->ports.find_input(id(input)) : nullptr;
  return port ? source_text(port->source) : "no such input";
}

TEST(Wiring, AddressesASingleOperatorWithAndWithoutItsId) {
  auto result = parse(
      "nodes:\n"
      "  - {id: cam, operator: {id: grab, python: a.py, outputs: [image]}}\n"
      "  - {id: r, path: r, inputs: {a: cam/image, b: cam/grab/image}}\n");
  ASSERT_TRUE(result.dataflow) << render(result.diagnostics);
  EXPECT_EQ(source_of(*result.dataflow, "r", "a"), "cam/grab/image");
  EXPECT_EQ(source_of(*result.dataflow, "r", "b"), "cam/grab/image");
}

TEST(Wiring, TurnsTimerNodesIntoTimersThatCount) {
  auto result = parse(
      "nodes:\n"
      "  - {id: clock, path: dora/timer/hz/10, outputs: [tick, tock]}\n"
      "  - {id: r, path: r, inputs: {a: {source: clock/tock, queue_size: 1}, b: "
      "dora/timer/hz/10}}\n");
  ASSERT_TRUE(result.dataflow) << render(result.diagnostics);
  const Node& reader = *result.dataflow->find_node("r");
  const Input& counted = *reader.ports.find_input(id("a"));
  const auto& timer = std::get<TimerSource>(counted.source);
  EXPECT_EQ(timer.interval, std::chrono::milliseconds(100));
  ASSERT_TRUE(timer.node_output);
  EXPECT_EQ(timer.node_output->output.text(), "tock");
  EXPECT_EQ(counted.queue_size, 1u);
  EXPECT_EQ(source_text(counted.source), "clock/tock");
  EXPECT_FALSE(std::get<TimerSource>(reader.ports.find_input(id("b"))->source).node_output);
  EXPECT_FALSE(reader.has_node_inputs());
}

TEST(Wiring, SortsInputsAndOutputs) {
  auto result =
      parse("nodes:\n  - {id: a, path: a, inputs: {z: a/x, b: a/y, m: a/x}, outputs: [y, x, y]}\n");
  ASSERT_TRUE(result.dataflow);
  const Ports& ports = result.dataflow->nodes[0].ports;
  ASSERT_EQ(ports.inputs.size(), 3u);
  EXPECT_EQ(ports.inputs[0].id.text(), "b");
  EXPECT_EQ(ports.inputs[2].id.text(), "z");
  ASSERT_EQ(ports.outputs.size(), 2u);
  EXPECT_EQ(ports.outputs[0].id.text(), "x");
}

TEST(Wiring, NamesTheInputWhenItsLineDoesNotShowIt) {
  auto result = parse(
      "nodes:\n  - id: a\n    path: a\n    inputs:\n      image:\n        source: nobody/x\n");
  ASSERT_EQ(result.diagnostics.size(), 1u);
  EXPECT_EQ(result.diagnostics[0].message,
            "node `a` (input `image`) reads `nobody/x`, but there is no node `nobody`");
}

TEST(Wiring, DoesNotJudgeReadersOfWhatIsWrongElsewhere) {
  // One mistake, one diagnostic: the outputs are misspelt, the id is wrong, the kind is missing.
  for (const char* sender : {"{id: s, path: s, ouputs: [x]}", "{id: s, path: s, outputs: x}",
                             "{id: s, pth: s}", "{id: s, operatr: {python: s}}"}) {
    auto result =
        parse(std::string("nodes:\n  - ") + sender + "\n  - {id: r, path: r, inputs: {x: s/x}}\n");
    EXPECT_EQ(result.diagnostics.size(), 1u) << sender << render(result.diagnostics);
  }
  auto result = parse("nodes:\n  - {id: s/t, path: s}\n  - {id: r, path: r, inputs: {x: s/t/x}}\n");
  EXPECT_EQ(result.diagnostics.size(), 2u);
}

TEST(Wiring, SuggestsNodesAndOutputs) {
  auto result = parse(
      "nodes:\n  - {id: camera, path: c, outputs: [image]}\n"
      "  - {id: r, path: r, inputs: {a: camra/image, b: camera/imgae, c: camera}}\n");
  ASSERT_EQ(result.diagnostics.size(), 3u);
  for (const Diagnostic& diagnostic : result.diagnostics) {
    EXPECT_EQ(diagnostic.help, "did you mean `camera/image`?") << diagnostic.message;
  }
}

TEST(Wiring, ManagesTenThousandNodes) {
  std::string text = "nodes:\n  - {id: n0, path: a, outputs: [x]}\n";
  for (int i = 1; i < 10'000; ++i) {
    text += "  - {id: n" + std::to_string(i) + ", path: a, inputs: {x: n" + std::to_string(i - 1) +
            "/x}, outputs: [x]}\n";
  }
  auto result = parse(text);
  ASSERT_TRUE(result.dataflow) << render(result.diagnostics);
  EXPECT_EQ(result.dataflow->nodes.size(), 10'000u);
}

TEST(Wiring, ManagesThousandsOfMistakes) {
  std::string text = "nodes:\n";
  for (int i = 0; i < 10'000; ++i) {
    text += "  - {id: n" + std::to_string(i) + ", path: a, inputs: {x: m" + std::to_string(i) +
            "/x}}\n";
  }
  auto result = parse(text);
  EXPECT_FALSE(result.dataflow);
  EXPECT_EQ(result.diagnostics.size(), 100u);
  EXPECT_EQ(result.omitted, 9'900u);
}

}  // namespace
}  // namespace dora::dataflow

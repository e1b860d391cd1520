// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "dataflow/fake_file_source.hpp"
#include "dataflow/load.hpp"
#include "dataflow/module_expansion.hpp"

namespace dora::dataflow {
namespace {

constexpr std::string_view camera =
    "module:\n"
    "  name: camera\n"
    "  inputs: [trigger]\n"
    "  inputs_optional: [settings]\n"
    "  outputs: [image, mask]\n"
    "build: pip install common\n"
    "nodes:\n"
    "  - id: grab\n"
    "    path: nodes/grab.py\n"
    "    args: --device $PARAM_DEVICE --name ${_param.name}\n"
    "    build: pip install grab\n"
    "    inputs:\n"
    "      trigger: {source: _mod/trigger, queue_size: 3}\n"
    "      settings: _mod/settings\n"
    "    outputs: [image]\n"
    "    env: {A: inner, PARAM_DEVICE: overridden}\n"
    "  - id: tool\n"
    "    path: some-command\n"
    "    inputs: {image: grab/image}\n"
    "  - id: segment\n"
    "    operators:\n"
    "      - {id: cut, python: cut.py, inputs: {image: grab/image}, outputs: [mask]}\n";

using Files = std::map<std::string, std::string>;

LoadResult read(std::string_view text, FakeFileSource& files) {
  return parse(text, {.base_directory = "/base", .files = &files});
}

LoadResult read_with_camera(std::string_view text) {
  FakeFileSource files(Files{{"/base/modules/camera.yml", std::string(camera)}});
  return read(text, files);
}

std::string source_of(const Dataflow& dataflow, std::string_view node, std::string_view input) {
  const Node* found = dataflow.find_node(node);
  if (!found) return "no such node";
  const Input* port = found->ports.find_input(*DataId::parse(input));
  return port ? source_text(port->source) : "no such input";
}

constexpr std::string_view use =
    "nodes:\n"
    "  - id: front\n"
    "    module: modules/camera.yml\n"
    "    inputs: {trigger: {source: clock/tick, queue_size: 7, input_timeout: 2}}\n"
    "    params: {device: 0, NAME: front cam}\n"
    "    env: {A: outer, B: outer}\n"
    "    build: pip install first\n"
    "    deploy: {machine: m}\n"
    "  - {id: clock, path: clock, outputs: [tick]}\n"
    "  - {id: show, path: show, inputs: {a: front/image, b: front/mask}}\n";

TEST(Module, PutsItsNodesInThePlaceOfItsUse) {
  auto result = read_with_camera(use);
  ASSERT_TRUE(result.dataflow) << render(result.diagnostics);
  std::vector<std::string> ids;
  for (const Node& node : result.dataflow->nodes)
    ids.push_back(node.id.text());
  EXPECT_EQ(ids, (std::vector<std::string>{"front.grab", "front.tool", "front.segment", "clock",
                                           "show"}));
}

TEST(Module, ConnectsItsPorts) {
  auto result = read_with_camera(use);
  ASSERT_TRUE(result.dataflow);
  const Dataflow& dataflow = *result.dataflow;
  EXPECT_EQ(source_of(dataflow, "front.grab", "trigger"), "clock/tick");
  EXPECT_EQ(source_of(dataflow, "front.grab", "settings"), "no such input");
  EXPECT_EQ(source_of(dataflow, "front.segment", "cut/image"), "front.grab/image");
  EXPECT_EQ(source_of(dataflow, "show", "a"), "front.grab/image");
  EXPECT_EQ(source_of(dataflow, "show", "b"), "front.segment/cut/mask");
}

TEST(Module, PrefersTheQueueOptionsOfTheInnerInput) {
  auto result = read_with_camera(use);
  ASSERT_TRUE(result.dataflow);
  const Node& grab = *result.dataflow->find_node("front.grab");
  const Input& trigger = *grab.ports.find_input(*DataId::parse("trigger"));
  EXPECT_EQ(trigger.queue_size, 3u);
  EXPECT_EQ(trigger.input_timeout, std::chrono::seconds(2));
}

TEST(Module, PassesOnParametersEnvironmentBuildAndDeploy) {
  auto result = read_with_camera(use);
  ASSERT_TRUE(result.dataflow);
  const Node& grab = *result.dataflow->find_node("front.grab");
  EXPECT_EQ(grab.args, "--device 0 --name front cam");
  EXPECT_EQ(grab.env.at("A").text, "inner");
  EXPECT_EQ(grab.env.at("B").text, "outer");
  EXPECT_EQ(grab.env.at("PARAM_DEVICE").text, "0");
  EXPECT_EQ(grab.env.at("PARAM_NAME").text, "front cam");
  EXPECT_EQ(grab.build, "pip install first\npip install common\npip install grab");
  EXPECT_EQ(grab.deploy->machine, "m");
}

TEST(Module, MakesPathsRelativeToTheDataflow) {
  auto result = read_with_camera(use);
  ASSERT_TRUE(result.dataflow);
  EXPECT_EQ(result.dataflow->find_node("front.grab")->path, "modules/nodes/grab.py");
  EXPECT_EQ(result.dataflow->find_node("front.tool")->path, "some-command");
  EXPECT_EQ(result.dataflow->find_node("front.segment")->operators[0].source, "modules/cut.py");

  FakeFileSource files(
      Files{{"/base/modules/camera.yml", std::string(camera)}, {"/base/modules/some-command", ""}});
  result = read(use, files);
  EXPECT_EQ(result.dataflow->find_node("front.tool")->path, "modules/some-command");
}

TEST(Module, MayContainModules) {
  FakeFileSource files(Files{
      {"/base/modules/camera.yml", std::string(camera)},
      {"/base/modules/pair.yml",
       "module: {name: pair, inputs: [clock], inputs_optional: [set], outputs: [image]}\n"
       "nodes:\n"
       "  - {id: left, module: camera.yml, inputs: {trigger: _mod/clock, settings: _mod/set}}\n"
       "  - {id: join, path: join.py, inputs: {image: left/image}}\n"}});
  auto result = read(
      "nodes:\n"
      "  - {id: eyes, module: modules/pair.yml, inputs: {clock: dora/timer/hz/10}}\n"
      "  - {id: more, module: modules/pair.yml, inputs: {clock: eyes/image, set: dora/logs}}\n"
      "  - {id: show, path: show, inputs: {a: eyes/image}}\n",
      files);
  ASSERT_TRUE(result.dataflow) << render(result.diagnostics);
  EXPECT_EQ(source_of(*result.dataflow, "eyes.left.grab", "trigger"), "dora/timer/millis/100");
  EXPECT_EQ(source_of(*result.dataflow, "eyes.left.grab", "settings"), "no such input");
  EXPECT_EQ(source_of(*result.dataflow, "more.left.grab", "trigger"), "eyes.left.grab/image");
  EXPECT_EQ(source_of(*result.dataflow, "more.left.grab", "settings"), "dora/logs");
  EXPECT_EQ(source_of(*result.dataflow, "eyes.join", "image"), "eyes.left.grab/image");
  EXPECT_EQ(source_of(*result.dataflow, "show", "a"), "eyes.left.grab/image");
  EXPECT_EQ(files.reads, 2) << "each file is read once";
}

TEST(Module, KeepsItsInsidePrivate) {
  const auto read_as = [](std::string_view source) {
    auto result = read_with_camera(std::string(use) +
                                   "  - {id: spy, path: spy, inputs: {x: " + std::string(source) +
                                   "}}\n  - {id: front.own, path: own, outputs: [y]}\n");
    return result.diagnostics.empty() ? "accepted" : render(result.diagnostics);
  };
  // Declared, but not by that name; an operator's; not declared; no such node at all.
  for (const auto& [source, help] : std::map<std::string, std::string>{
           {"front.grab/image", "read `front/image`"},
           {"front.segment/cut/mask", "read `front/mask`"},
           {"front.segment/mask", "read `front/mask`"},
           {"front.tool/word", "add `word` to `outputs` of the module"},
           {"front.grb/image", "its outputs: image, mask"}}) {
    const std::string answer = read_as(source);
    EXPECT_NE(answer.find("error[E033]"), std::string::npos) << answer;
    EXPECT_NE(answer.find(help), std::string::npos) << answer;
  }
  // A node of the dataflow itself that is only called so.
  EXPECT_EQ(read_as("front.own/y"), "accepted");
}

TEST(Module, PointsIntoItsOwnFile) {
  FakeFileSource files(Files{{"/base/m.yml", "module: {name: m}\nnodes:\n  - {id: a, pth: x}\n"}});
  auto result =
      parse("nodes: [{id: m, module: m.yml}]",
            {.file_name = "robot/dataflow.yml", .base_directory = "/base", .files = &files});
  ASSERT_EQ(result.diagnostics.size(), 1u) << render(result.diagnostics);
  EXPECT_EQ(result.diagnostics[0].file, "robot/m.yml");
  EXPECT_EQ(result.diagnostics[0].line, 3u);
}

TEST(Module, ThatContainsItselfIsShownWithTheWholeWay) {
  FakeFileSource files(
      Files{{"/base/a.yml", "module: {name: a}\nnodes: [{id: b, module: sub/b.yml}]\n"},
            {"/base/sub/b.yml", "module: {name: b}\nnodes: [{id: a, module: ../a.yml}]\n"}});
  auto result = read("nodes: [{id: m, module: a.yml}]", files);
  ASSERT_EQ(result.diagnostics.size(), 1u) << render(result.diagnostics);
  EXPECT_EQ(result.diagnostics[0].message,
            "the module `a.yml` contains itself: a.yml -> sub/b.yml -> a.yml");
}

TEST(Module, BombsAreDefused) {
  // Ten uses in each of eight levels would be a hundred million nodes.
  std::map<std::string, std::string> contents;
  for (int level = 0; level < 8; ++level) {
    std::string text = "module: {name: m}\nnodes:\n";
    for (int i = 0; i < 10; ++i) {
      std::string id = "  - {id: n" + std::to_string(i);
      text += level == 7 ? id + ", path: x}\n"
                         : id + ", module: m" + std::to_string(level + 1) + ".yml}\n";
    }
    contents["/base/m" + std::to_string(level) + ".yml"] = text;
  }
  FakeFileSource files(contents);
  auto result = read("nodes: [{id: m, module: m0.yml}]", files);
  ASSERT_EQ(result.diagnostics.size(), 1u) << render(result.diagnostics);
  EXPECT_EQ(result.diagnostics[0].code, "E019");
}

TEST(ReplaceParams, WorksInOnePass) {
  std::map<std::string, std::string> params{{"a", "$PARAM_B"}, {"B", "b"}, {"ab", "long"}};
  EXPECT_EQ(replace_params("$PARAM_A $PARAM_B ${_param.a}", params), "$PARAM_B b $PARAM_B");
  EXPECT_EQ(replace_params("$PARAM_AB$PARAM_B", params), "longb");
  EXPECT_EQ(replace_params("$PARAM_ABC $PARAM_b ${_param.x} ${_param.a $PARAM_", params),
            "$PARAM_ABC $PARAM_b ${_param.x} ${_param.a $PARAM_");
}

}  // namespace
}  // namespace dora::dataflow

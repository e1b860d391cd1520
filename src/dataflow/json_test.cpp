// SPDX-License-Identifier: Apache-2.0
#include "dataflow/json.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "dataflow/load.hpp"

namespace dora::dataflow {
namespace {

namespace json = boost::json;

Dataflow read(std::string_view text) {
  auto result = parse(text);
  EXPECT_TRUE(result.dataflow) << render(result.diagnostics);
  return result.dataflow.value_or(Dataflow{});
}

TEST(Descriptor, HasTheKeysThatProgramsExpect) {
  auto dataflow = read(
      "nodes:\n"
      "  - {id: a, path: a.py, outputs: [y, x],\n"
      "     inputs: {t: dora/timer/millis/2000, q: {source: a/x, queue_size: 3}},\n"
      "     env: {T: text, I: 5, F: 0.5, B: true}}\n");
  json::value root = json::parse(to_json(dataflow));
  for (const char* key : {"nodes", "deploy", "debug", "health_check_interval"}) {
    EXPECT_TRUE(root.as_object().contains(key)) << key;
  }
  EXPECT_EQ(root.at("health_check_interval").as_double(), 5.0);
  const json::object& node = root.at("nodes").at(0).as_object();
  for (const char* key : {"id", "name", "description", "env", "outputs", "inputs", "restart_policy",
                          "max_restarts", "deploy", "path"}) {
    EXPECT_TRUE(node.contains(key)) << key;
  }
  EXPECT_FALSE(node.contains("args"));
  EXPECT_TRUE(node.at("name").is_null());
  EXPECT_EQ(json::serialize(node.at("outputs")), R"(["x","y"])");
  EXPECT_EQ(json::serialize(node.at("inputs")),
            R"({"q":{"source":"a/x","queue_size":3},"t":"dora/timer/secs/2"})");
  EXPECT_EQ(node.at("env").at("T").as_string(), "text");
  EXPECT_EQ(node.at("env").at("I").as_int64(), 5);
  EXPECT_EQ(node.at("env").at("F").as_double(), 0.5);
  EXPECT_TRUE(node.at("env").at("B").as_bool());
}

TEST(NodeConfig, ListsInputsAndOutputs) {
  auto dataflow = read(
      "nodes:\n"
      "  - {id: a, path: a, outputs: [x], output_types: {x: T}, shared_memory_pool_size: 1MB}\n"
      "  - {id: b, operator: {python: b.py, inputs: {in: a/x}, outputs: [y]}}\n");
  EXPECT_EQ(node_config_json(dataflow.nodes[0]),
            R"({"inputs":{},"outputs":["x"],"output_types":{"x":"T"},)"
            R"("shared_memory_pool_size":1048576})");
  EXPECT_EQ(node_config_json(dataflow.nodes[1]),
            R"({"inputs":{"op/in":"a/x"},"outputs":["op/y"]})");
}

TEST(DiagnosticJson, HasEveryField) {
  auto result = parse("nodes: 5\n");
  ASSERT_EQ(result.diagnostics.size(), 1u);
  EXPECT_EQ(to_json(result.diagnostics[0]),
            R"({"severity":"error","code":"E006",)"
            R"("message":"`nodes` of the dataflow must be a list, not the number `5`",)"
            R"("file":"dataflow.yml","line":1,"column":8,"length":1,"source_line":"nodes: 5",)"
            R"("label":"","help":"write `nodes: [5]`"})");
}

}  // namespace
}  // namespace dora::dataflow

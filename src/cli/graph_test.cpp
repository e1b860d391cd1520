// SPDX-License-Identifier: Apache-2.0
#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/graph_layout.hpp"
#include "cli/graph_model.hpp"
#include "cli/yaml_text.hpp"
#include "dataflow/load.hpp"

namespace dora::cli {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

Graph graph_of(const std::string& text) {
  auto loaded = dataflow::parse(text);
  EXPECT_TRUE(loaded.dataflow) << render(loaded.diagnostics);
  return loaded.dataflow ? make_graph(*loaded.dataflow) : Graph{};
}

constexpr const char* camera = R"(nodes:
  - {id: camera, path: camera.py, inputs: {tick: dora/timer/millis/33}, outputs: [image],
     output_types: {image: std/media/v1/Image}}
  - {id: view, operators: [{id: a, python: a.py, inputs: {frame: camera/image}, outputs: [x]},
     {id: b, python: b.py, inputs: {x: {source: view/a/x, queue_size: 1}}}]}
)";

TEST(Graph, KnowsNodesOperatorsAndClocks) {
  EXPECT_EQ(to_mermaid(graph_of(camera)), R"(flowchart TB
  camera["**camera**"]
  subgraph view
    view/a["**a**"]
    view/b[/"**b**"\]
  end
  subgraph ___dora___ [dora]
    dora/timer/millis/33[\timer/millis/33\]
  end
  camera -- "image as frame [Image]" --> view/a
  view/a -- x --> view/b
  dora/timer/millis/33 -- tick --> camera
)");
}

TEST(Graph, IsShownInATerminalWithItsQueues) {
  EXPECT_THAT(to_ascii(graph_of(camera)),
              HasSubstr("view/a  (a.py)\n  └─ x ─► view/b  (queue 1)\n"));
}

TEST(Graph, ASourceAndASinkHaveShapesOfTheirOwn) {
  const std::string text = to_mermaid(
      graph_of("nodes: [{id: a, path: a, outputs: [x]}, {id: b, path: b, inputs: {x: a/x}}]"));
  EXPECT_THAT(text, HasSubstr("  a[\\\"**a**\"/]\n"));
  EXPECT_THAT(text, HasSubstr("  b[/\"**b**\"\\]\n"));
}

TEST(Graph, WhatIsMissingIsAFlag) {
  const auto loaded = dataflow::parse(
      "nodes: [{id: a, path: a, name: Front, outputs: [x]},\n"
      "        {id: b, path: b, inputs: {x: a/y, z: c/z, t: a/y}}]");
  EXPECT_FALSE(loaded.dataflow);
  ASSERT_TRUE(loaded.sketch);
  EXPECT_EQ(to_mermaid(make_graph(*loaded.sketch)), R"(flowchart TB
  a[\"**a**"/]
  b[/"**b**"\]
  missing/a/y>"**a/y**"]
  missing/c/z>"**c/z**"]
  missing/a/y -- y as t --> b
  missing/a/y -- y as x --> b
  missing/c/z -- z --> b
)");
  EXPECT_FALSE(dataflow::parse("nodes: [{id: a, path: a, inputs: {x: b/x, y: 5}}]").sketch);
}

TEST(Graph, LeadsFromLeftToRight) {
  const Graph graph = graph_of(camera);
  const Layout layout = lay_out(graph);
  ASSERT_EQ(layout.boxes.size(), graph.nodes.size());
  for (const GraphEdge& edge : graph.edges)
    EXPECT_LT(layout.boxes[edge.from].x, layout.boxes[edge.to].x);
  for (const Box& box : layout.boxes) {
    EXPECT_GE(box.x, 0);
    EXPECT_LE(box.x + box.width, layout.width);
    EXPECT_LE(box.y + box.height, layout.height);
  }
}

TEST(Graph, DrawsCirclesSelfLoopsAndNothing) {
  const Graph circle = graph_of(
      "nodes: [{id: a, path: a, outputs: [x], inputs: {y: b/y, own: a/x}},\n"
      "        {id: b, path: b, outputs: [y], inputs: {x: a/x}}]");
  EXPECT_EQ(lay_out(circle).routes.size(), 3u);
  EXPECT_THAT(to_svg(circle, "circle"), StartsWith("<svg "));
  EXPECT_THAT(to_html(Graph{}, "empty"), StartsWith("<!doctype html>"));
}

TEST(Graph, TextFromTheFileIsNoMarkup) {
  const std::string svg = to_svg(
      graph_of("nodes: [{id: a, path: 'a', name: '<script>alert(1)</script>', outputs: [x]}]"),
      "a & b");
  EXPECT_THAT(svg, HasSubstr("&lt;script&gt;"));
  EXPECT_THAT(svg, HasSubstr("a &amp; b"));
  EXPECT_THAT(svg, testing::Not(HasSubstr("<script")));
}

TEST(Graph, ALongChainIsLaidOut) {
  std::string text = "nodes:\n  - {id: n0, path: n, outputs: [x]}\n";
  for (int i = 1; i < 3000; ++i)
    text += "  - {id: n" + std::to_string(i) + ", path: n, outputs: [x], inputs: {x: n" +
            std::to_string(i - 1) + "/x}}\n";
  EXPECT_EQ(lay_out(graph_of(text)).boxes.size(), 3000u);
}

TEST(YamlText, QuotesWhatWouldBeReadAsSomethingElse) {
  const auto value = boost::json::parse(
      R"({"a":"yes","b":"1.10","c":["x","y"],"d":[{"e":1,"f":{"g":null}}],"h":"a: b","i":true})");
  EXPECT_EQ(yaml_text(value),
            "a: \"yes\"\nb: \"1.10\"\nc: [x, \"y\"]\nd:\n  - e: 1\n    f:\n      g: null\n"
            "h: \"a: b\"\ni: true\n");
}

TEST(GraphLayout, DoesNotGrowWithTheLengthOfArrows) {
  // A chain in which each node also reads the first: the arrows cross 180,000 columns together.
  Graph graph;
  constexpr std::size_t count = 600;
  for (std::size_t i = 0; i < count; ++i)
    graph.nodes.push_back({.id = "n", .short_id = "n", .title = "n"});
  for (std::size_t i = 1; i < count; ++i)
    graph.edges.push_back({.from = 0, .to = i, .output = "o", .input = "i"});
  for (std::size_t i = 1; i + 1 < count; ++i)
    graph.edges.push_back({.from = i, .to = i + 1, .output = "o", .input = "i"});
  const Layout layout = lay_out(graph);
  std::size_t points = 0;
  for (const auto& route : layout.routes) {
    ASSERT_GE(route.size(), 2u);
    points += route.size();
  }
  EXPECT_LT(points, 24'000u);
  EXPECT_GT(layout.straight, 400u);
  // Those that cross few columns still go around.
  EXPECT_GT(layout.routes[2].size(), 2u);
  for (std::size_t i = 1; i < count; ++i)
    EXPECT_GT(layout.boxes[i].x, layout.boxes[i - 1].x);
}

}  // namespace
}  // namespace dora::cli

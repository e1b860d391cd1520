#pragma once
// SPDX-License-Identifier: Apache-2.0
// A dataflow as a picture needs it: boxes and arrows with their labels. Values.

#include <cstddef>
#include <string>
#include <vector>

#include "dataflow/dataflow.hpp"

namespace dora::cli {

struct Layout;  // graph_layout.hpp: of large graphs worth making once

struct GraphNode {
  /// Missing: what an input reads, but nobody sends.
  enum class Kind { Source, Middle, Sink, Timer, Log, Missing };
  /// `camera`, `vision/detector` (an operator), `dora/timer/millis/33`, `dora/logs`,
  /// `missing/camra/image`.
  std::string id;
  /// `camera`, `detector` (an operator beside others); `vision` (the only operator of this node).
  std::string short_id;
  std::string title;
  /// Said below the title: what runs, e.g. `camera.py`.
  std::string subtitle;
  Kind kind = Kind::Middle;
  /// The node that an operator belongs to, when it has several; else empty.
  std::string group;
  bool operator==(const GraphNode&) const = default;
};

struct GraphEdge {
  std::size_t from = 0;
  std::size_t to = 0;
  std::string output;
  std::string input;
  /// The short name of the annotated type, e.g. `Image`; or empty.
  std::string type;
  /// "queue 1", "queue 20, backpressure"; or empty.
  std::string queue;
  bool operator==(const GraphEdge&) const = default;

  /// "image", "image as frame", "image [Image]".
  std::string label() const;
};

struct Graph {
  std::vector<GraphNode> nodes;
  /// Ordered by where they begin.
  std::vector<GraphEdge> edges;
};

Graph make_graph(const dataflow::Dataflow& dataflow);

/// For programs: `nodes` and `edges`, which name the ids of nodes.
std::string to_json_text(const Graph& graph);
/// For https://mermaid.live and Markdown.
std::string to_mermaid(const Graph& graph);
/// For terminals: each node with its arrows below it.
std::string to_ascii(const Graph& graph);
/// A picture of its own; nothing in it is loaded from elsewhere. `title` is for screen readers.
std::string to_svg(const Graph& graph, const std::string& title);
std::string to_svg(const Graph& graph, const std::string& title, const Layout& layout);
/// A page that holds the picture, and nothing that is loaded from elsewhere.
std::string to_html(const Graph& graph, const std::string& title);
std::string to_html(const Graph& graph, const std::string& title, const Layout& layout);

}  // namespace dora::cli

#pragma once
// SPDX-License-Identifier: Apache-2.0
// Where the boxes and arrows of a graph go: in columns from left to right, each arrow leading to a
// later column wherever the graph has no circle. Pure and deterministic.

#include <cstddef>
#include <vector>

#include "cli/graph_model.hpp"

namespace dora::cli {

struct Point {
  double x = 0;
  double y = 0;
};

struct Box {
  double x = 0;
  double y = 0;
  double width = 0;
  double height = 0;
};

struct Layout {
  /// By the index of the node.
  std::vector<Box> boxes;
  /// By the index of the edge: where it begins, the gaps it passes through, where it ends.
  std::vector<std::vector<Point>> routes;
  double width = 0;
  double height = 0;
  /// How many arrows go straight to their end, behind what stands between: the longest ones of a
  /// graph that has too many of them.
  std::size_t straight = 0;
};

Layout lay_out(const Graph& graph);

}  // namespace dora::cli

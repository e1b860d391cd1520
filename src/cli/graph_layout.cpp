// SPDX-License-Identifier: Apache-2.0
#include "cli/graph_layout.hpp"

#include <algorithm>

namespace dora::cli {
namespace {

constexpr double letter = 8;
constexpr double line_height = 22;
constexpr double box_padding = 14;
constexpr double row_gap = 26;
constexpr double margin = 24;
constexpr int sweeps = 12;
// Points that arrows pass through; with more of them the longest arrows go straight. The picture of
// a thousand arrows that each cross hundreds of columns would have gigabytes, and nobody reads it.
constexpr std::size_t most_passages = 10'000;

// A place in a column: a node, or the point where a long arrow passes through.
struct Cell {
  std::size_t column = 0;
  double height = 0;
  std::vector<std::size_t> before;
  std::vector<std::size_t> after;
  double y = 0;
};

class LayoutMaker {
 public:
  explicit LayoutMaker(const Graph& graph) : graph_(graph) {}

  Layout make() {
    assign_columns();
    make_cells();
    order_columns();
    place();
    return std::move(layout_);
  }

 private:
  // The longest way to each node, arrows that close a circle left out.
  void assign_columns() {
    const std::size_t count = graph_.nodes.size();
    column_.assign(count, 0);
    std::vector<std::vector<std::size_t>> leaving(count);
    for (std::size_t i = 0; i < graph_.edges.size(); ++i)
      leaving[graph_.edges[i].from].push_back(i);
    is_backward_.assign(graph_.edges.size(), false);
    enum class Mark : char { New, Open, Done };
    std::vector<Mark> marks(count, Mark::New);
    std::vector<std::size_t> finished;
    for (std::size_t start = 0; start < count; ++start) {
      if (marks[start] != Mark::New) continue;
      // A walk of our own: a chain of thousands of nodes must not use up the stack.
      std::vector<std::pair<std::size_t, std::size_t>> walk{{start, 0}};
      marks[start] = Mark::Open;
      while (!walk.empty()) {
        auto& [node, next] = walk.back();
        if (next == leaving[node].size()) {
          marks[node] = Mark::Done;
          finished.push_back(node);
          walk.pop_back();
          continue;
        }
        const std::size_t edge = leaving[node][next++];
        const std::size_t to = graph_.edges[edge].to;
        if (marks[to] == Mark::Open) is_backward_[edge] = true;
        if (marks[to] != Mark::New) continue;
        marks[to] = Mark::Open;
        walk.emplace_back(to, 0);
      }
    }
    for (auto node = finished.rbegin(); node != finished.rend(); ++node)
      for (const std::size_t edge : leaving[*node])
        if (!is_backward_[edge])
          column_[graph_.edges[edge].to] =
              std::max(column_[graph_.edges[edge].to], column_[*node] + 1);
  }

  static double height_of(const GraphNode& node) {
    return 2 * box_padding + line_height * (node.subtitle.empty() ? 1 : 2);
  }

  static double width_of(const GraphNode& node) {
    const auto letters = std::max(node.title.size(), node.subtitle.size());
    return std::clamp(static_cast<double>(letters) * letter + 2 * box_padding, 90.0, 320.0);
  }

  // How many columns an arrow may cross so that all of them together stay within most_passages.
  std::size_t longest_passage() const {
    std::vector<std::size_t> of_length(columns_count());
    for (std::size_t i = 0; i < graph_.edges.size(); ++i)
      if (!is_backward_[i]) ++of_length[passage(graph_.edges[i])];
    std::size_t total = 0;
    for (std::size_t length = 0; length < of_length.size(); ++length) {
      total += length * of_length[length];
      if (total > most_passages) return length - 1;
    }
    return of_length.size();
  }

  std::size_t columns_count() const {
    return column_.empty() ? 0 : *std::ranges::max_element(column_) + 1;
  }

  // Of an arrow that goes forward: the columns between its ends.
  std::size_t passage(const GraphEdge& edge) const {
    return column_[edge.to] - column_[edge.from] - 1;
  }

  void make_cells() {
    const std::size_t longest = longest_passage();
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i)
      cells_.push_back({.column = column_[i], .height = height_of(graph_.nodes[i])});
    for (std::size_t i = 0; i < graph_.edges.size(); ++i) {
      std::vector<std::size_t> path{graph_.edges[i].from};
      const bool is_straight = !is_backward_[i] && passage(graph_.edges[i]) > longest;
      if (is_straight) ++layout_.straight;
      if (!is_backward_[i] && !is_straight) {
        for (std::size_t column = column_[path[0]] + 1; column < column_[graph_.edges[i].to];
             ++column) {
          path.push_back(cells_.size());
          cells_.push_back({.column = column, .height = line_height});
        }
      }
      path.push_back(graph_.edges[i].to);
      if (!is_backward_[i] && !is_straight) {
        for (std::size_t step = 0; step + 1 < path.size(); ++step) {
          cells_[path[step]].after.push_back(path[step + 1]);
          cells_[path[step + 1]].before.push_back(path[step]);
        }
      }
      paths_.push_back(std::move(path));
    }
    for (std::size_t i = 0; i < cells_.size(); ++i) {
      if (columns_.size() <= cells_[i].column) columns_.resize(cells_[i].column + 1);
      columns_[cells_[i].column].push_back(i);
    }
  }

  // Moves each cell to the middle of its neighbours, to and fro, so that few arrows cross.
  void order_columns() {
    std::vector<double> rank(cells_.size());
    std::vector<double> middle(cells_.size());
    const auto number = [&](const std::vector<std::size_t>& column) {
      for (std::size_t i = 0; i < column.size(); ++i)
        rank[column[i]] = static_cast<double>(i);
    };
    std::ranges::for_each(columns_, number);
    const auto sort = [&](std::vector<std::size_t>& column, const auto& neighbours) {
      for (const std::size_t cell : column) {
        double sum = 0;
        for (const std::size_t other : neighbours(cell))
          sum += rank[other];
        const auto count = static_cast<double>(neighbours(cell).size());
        middle[cell] = count == 0 ? rank[cell] : sum / count;
      }
      std::ranges::stable_sort(column, {}, [&](std::size_t cell) { return middle[cell]; });
      number(column);
    };
    for (int sweep = 0; sweep < sweeps; ++sweep) {
      for (auto& column : columns_)
        sort(column, [&](std::size_t cell) -> auto& { return cells_[cell].before; });
      for (auto column = columns_.rbegin(); column != columns_.rend(); ++column)
        sort(*column, [&](std::size_t cell) -> auto& { return cells_[cell].after; });
    }
  }

  // The widest label behind a column decides how far the next one is away.
  std::vector<double> gaps() const {
    std::vector<std::size_t> letters(columns_.size(), 4);
    for (std::size_t i = 0; i < graph_.edges.size(); ++i) {
      std::size_t& widest = letters[column_[graph_.edges[i].from]];
      if (!is_backward_[i]) widest = std::max(widest, graph_.edges[i].label().size());
    }
    std::vector<double> result;
    for (const std::size_t count : letters)
      result.push_back(static_cast<double>(std::min<std::size_t>(count, 40)) * letter * 0.85 + 48);
    return result;
  }

  void place() {
    double tallest = 0;
    for (const auto& column : columns_) {
      double height = -row_gap;
      for (const std::size_t cell : column)
        height += cells_[cell].height + row_gap;
      tallest = std::max(tallest, height);
    }
    layout_.boxes.resize(graph_.nodes.size());
    std::vector<Box> all(cells_.size());
    const std::vector<double> gap = gaps();
    double x = margin;
    for (std::size_t number = 0; number < columns_.size(); ++number) {
      double height = -row_gap;
      double width = 0;
      for (const std::size_t cell : columns_[number]) {
        height += cells_[cell].height + row_gap;
        if (cell < graph_.nodes.size()) width = std::max(width, width_of(graph_.nodes[cell]));
      }
      double y = margin + (tallest - height) / 2;
      for (const std::size_t cell : columns_[number]) {
        all[cell] = {x, y, width, cells_[cell].height};
        y += cells_[cell].height + row_gap;
      }
      layout_.width = x + width + margin;
      x += width + gap[number];
    }
    layout_.height = tallest + 2 * margin;
    std::copy_n(all.begin(), graph_.nodes.size(), layout_.boxes.begin());
    route(all);
  }

  // Arrows of a node leave and reach it spread over its side.
  void route(const std::vector<Box>& all) {
    std::vector<std::size_t> leaving(graph_.nodes.size());
    std::vector<std::size_t> arriving(graph_.nodes.size());
    for (const GraphEdge& edge : graph_.edges) {
      ++leaving[edge.from];
      ++arriving[edge.to];
    }
    std::vector<std::size_t> left(graph_.nodes.size());
    std::vector<std::size_t> arrived(graph_.nodes.size());
    const auto spread = [](const Box& box, std::size_t number, std::size_t count) {
      return box.y + box.height * static_cast<double>(number) / static_cast<double>(count + 1);
    };
    for (std::size_t i = 0; i < graph_.edges.size(); ++i) {
      const auto [from, to] = std::pair(graph_.edges[i].from, graph_.edges[i].to);
      const Box& first = all[from];
      const Box& last = all[to];
      std::vector<Point> points{
          {first.x + first.width, spread(first, ++left[from], leaving[from])}};
      for (std::size_t step = 1; step + 1 < paths_[i].size(); ++step) {
        const Box& gap = all[paths_[i][step]];
        points.push_back({gap.x, gap.y + gap.height / 2});
        points.push_back({gap.x + gap.width, gap.y + gap.height / 2});
      }
      points.push_back({last.x, spread(last, ++arrived[to], arriving[to])});
      layout_.routes.push_back(std::move(points));
    }
  }

  const Graph& graph_;
  Layout layout_;
  std::vector<std::size_t> column_;
  std::vector<bool> is_backward_;
  std::vector<Cell> cells_;
  std::vector<std::vector<std::size_t>> paths_;
  std::vector<std::vector<std::size_t>> columns_;
};

}  // namespace

Layout lay_out(const Graph& graph) {
  return LayoutMaker(graph).make();
}

}  // namespace dora::cli

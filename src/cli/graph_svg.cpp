// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "cli/graph_layout.hpp"
#include "cli/graph_model.hpp"

namespace dora::cli {
namespace {

constexpr double corner = 8;

// Light and dark follow the system; the classes are told apart by shape and text, not by colour
// alone.
constexpr std::string_view style = R"(
.dora { font: 14px system-ui, sans-serif; }
.dora rect { fill: #eef4ff; stroke: #5b7db1; stroke-width: 1.5; }
.dora .source rect { fill: #eafaf0; stroke: #3f8f5f; }
.dora .sink rect { fill: #fff4e5; stroke: #b77a2b; }
.dora .timer rect, .dora .log rect { fill: #f4f4f4; stroke: #888; stroke-dasharray: 4 3; }
.dora .missing rect { fill: #fdecea; stroke: #c0392b; stroke-dasharray: 4 3; }
.dora text { fill: #1b1f24; text-anchor: middle; }
.dora .subtitle { fill: #5a6572; font-size: 12px; }
.dora path { fill: none; stroke: #7a8694; stroke-width: 1.5; }
.dora .label { fill: #36404a; font-size: 12px; paint-order: stroke; stroke: #fff;
  stroke-width: 4px; }
.dora marker path { fill: #7a8694; stroke: none; }
@media (prefers-color-scheme: dark) {
  .dora rect { fill: #1d2a3d; } .dora .source rect { fill: #16301f; }
  .dora .sink rect { fill: #38280f; } .dora .timer rect, .dora .log rect { fill: #26292d; }
  .dora .missing rect { fill: #40201c; }
  .dora text { fill: #e6e9ec; } .dora .subtitle { fill: #a3adb8; }
  .dora .label { fill: #cdd5dd; stroke: #14171a; }
}
)";

std::string escaped(std::string_view text) {
  std::string result;
  for (char c : text) {
    switch (c) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '"':
        result += "&quot;";
        break;
      default:
        result += c;
    }
  }
  return result;
}

std::string_view class_of(GraphNode::Kind kind) {
  switch (kind) {
    case GraphNode::Kind::Source:
      return "source";
    case GraphNode::Kind::Middle:
      return "middle";
    case GraphNode::Kind::Sink:
      return "sink";
    case GraphNode::Kind::Timer:
      return "timer";
    case GraphNode::Kind::Log:
      return "log";
    case GraphNode::Kind::Missing:
      return "missing";
  }
  return "";
}

std::string box_svg(const GraphNode& node, const Box& box) {
  const double middle = box.x + box.width / 2;
  const double line = box.y + box.height / 2;
  const bool has_subtitle = !node.subtitle.empty();
  std::string text = fmt::format(
      "<g class=\"{}\"><title>{}</title><rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" "
      "height=\"{:.1f}\" rx=\"{}\"/>"
      "<text x=\"{:.1f}\" y=\"{:.1f}\" font-weight=\"600\">{}</text>",
      class_of(node.kind), escaped(node.id), box.x, box.y, box.width, box.height, corner, middle,
      has_subtitle ? line - 5 : line + 5, escaped(node.title));
  if (has_subtitle)
    text += fmt::format("<text class=\"subtitle\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>", middle,
                        line + 15, escaped(node.subtitle));
  return text + "</g>\n";
}

std::string curve(const std::vector<Point>& points) {
  std::string text = fmt::format("M{:.1f} {:.1f}", points[0].x, points[0].y);
  for (std::size_t i = 1; i < points.size(); ++i) {
    const Point& from = points[i - 1];
    const Point& to = points[i];
    const double bend = to.x > from.x ? (to.x - from.x) / 2 : 60;
    text += fmt::format(" C{:.1f} {:.1f} {:.1f} {:.1f} {:.1f} {:.1f}", from.x + bend, from.y,
                        to.x - bend, to.y, to.x, to.y);
  }
  return text;
}

std::string edge_svg(const GraphEdge& edge, const std::vector<Point>& points) {
  const Point middle{(points[0].x + points[1].x) / 2, (points[0].y + points[1].y) / 2};
  std::string text = fmt::format("<g><path d=\"{}\" marker-end=\"url(#arrow)\"/>", curve(points));
  text += fmt::format("<text class=\"label\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>", middle.x,
                      middle.y - 4, escaped(edge.label()));
  if (!edge.queue.empty())
    text += fmt::format("<text class=\"label subtitle\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>",
                        middle.x, middle.y + 10, escaped(edge.queue));
  return text + "</g>\n";
}

}  // namespace

std::string to_svg(const Graph& graph, const std::string& title) {
  return to_svg(graph, title, lay_out(graph));
}

std::string to_svg(const Graph& graph, const std::string& title, const Layout& layout) {
  std::string text = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"dora\" role=\"img\" "
      "width=\"{0:.0f}\" height=\"{1:.0f}\" viewBox=\"0 0 {0:.0f} {1:.0f}\">\n<title>{2}</title>\n"
      "<style>{3}</style>\n"
      "<defs><marker id=\"arrow\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"8\" "
      "markerHeight=\"8\" orient=\"auto\"><path d=\"M0 0L8 4L0 8z\"/></marker></defs>\n",
      layout.width, layout.height, escaped(title), style);
  for (std::size_t i = 0; i < graph.edges.size(); ++i)
    text += edge_svg(graph.edges[i], layout.routes[i]);
  for (std::size_t i = 0; i < graph.nodes.size(); ++i)
    text += box_svg(graph.nodes[i], layout.boxes[i]);
  return text + "</svg>\n";
}

std::string to_html(const Graph& graph, const std::string& title) {
  return to_html(graph, title, lay_out(graph));
}

std::string to_html(const Graph& graph, const std::string& title, const Layout& layout) {
  return fmt::format(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<title>{0}</title>\n"
      "<style>\n:root {{ color-scheme: light dark; }}\n"
      "body {{ margin: 0; font: 14px system-ui, sans-serif; }}\nh1 {{ font-size: 16px; "
      "margin: 16px 24px 0; }}\nmain {{ overflow: auto; }}\n</style>\n</head>\n"
      "<body>\n<h1>{0}</h1>\n<main>\n{1}</main>\n</body>\n</html>\n",
      escaped(title), to_svg(graph, title, layout));
}

}  // namespace dora::cli

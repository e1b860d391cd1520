// SPDX-License-Identifier: Apache-2.0
#include "cli/graph_model.hpp"

#include <algorithm>
#include <map>
#include <numeric>

#include <boost/json.hpp>
#include <fmt/format.h>

namespace dora::cli {
namespace {

namespace json = boost::json;

using dataflow::Input;
using dataflow::Node;
using dataflow::NodeKind;

std::string short_type(const std::string& urn) {
  const std::string base = urn.substr(0, urn.find('['));
  const auto slash = base.rfind('/');
  return slash == std::string::npos ? base : base.substr(slash + 1);
}

std::string queue_text(const Input& input) {
  std::string text;
  if (input.queue_size) text = fmt::format("queue {}", *input.queue_size);
  if (input.queue_policy == dataflow::QueuePolicy::Backpressure)
    text += text.empty() ? "backpressure" : ", backpressure";
  return text;
}

class GraphMaker {
 public:
  explicit GraphMaker(const dataflow::Dataflow& dataflow) : dataflow_(dataflow) {}

  Graph make() {
    for (const Node& node : dataflow_.nodes)
      add_node(node);
    for (const Node& node : dataflow_.nodes)
      for (const Input& input : node.ports.inputs)
        add_edge(node, input);
    std::ranges::stable_sort(graph_.edges, {}, &GraphEdge::from);
    return std::move(graph_);
  }

 private:
  static GraphNode::Kind kind_of(const dataflow::Ports& ports, const Node& node) {
    if (node.kind == NodeKind::Timer) return GraphNode::Kind::Timer;
    if (ports.inputs.empty()) return GraphNode::Kind::Source;
    return ports.outputs.empty() ? GraphNode::Kind::Sink : GraphNode::Kind::Middle;
  }

  void add(GraphNode node) {
    index_.emplace(node.id, graph_.nodes.size());
    graph_.nodes.push_back(std::move(node));
  }

  void add_node(const Node& node) {
    const std::string id(node.id.text());
    const std::string title = node.name.value_or(id);
    if (node.kind != NodeKind::Operators) {
      add({.id = id,
           .short_id = id,
           .title = title,
           .subtitle = node.kind == NodeKind::Ros2 ? "ROS 2 bridge" : node.path,
           .kind = kind_of(node.ports, node)});
      return;
    }
    for (const dataflow::Operator& each : node.operators)
      add({.id = id + "/" + each.id,
           .short_id = node.is_single_operator ? id : each.id,
           .title = node.is_single_operator ? title : each.name.value_or(each.id),
           .subtitle = each.source,
           .kind = kind_of(each.ports, node),
           .group = node.is_single_operator ? "" : id});
  }

  // Where an output or input with this id of `node` is drawn, and what it is called there.
  std::size_t place(const Node& node, const std::string& port, std::string& name) const {
    std::string id(node.id.text());
    name = port;
    if (node.kind == NodeKind::Operators) {
      const auto slash = port.find('/');
      id += "/" + port.substr(0, slash);
      name = port.substr(slash + 1);
    }
    return index_.at(id);
  }

  std::size_t built_in(const std::string& source, GraphNode::Kind kind) {
    if (const auto found = index_.find(source); found != index_.end()) return found->second;
    const std::string title = source.substr(std::string_view("dora/").size());
    add({.id = source, .short_id = title, .title = title, .kind = kind});
    return graph_.nodes.size() - 1;
  }

  std::size_t missing(const std::string& source) {
    const std::string id = "missing/" + source;
    if (const auto found = index_.find(id); found != index_.end()) return found->second;
    add({.id = id,
         .short_id = source,
         .title = source,
         .subtitle = "is missing",
         .kind = GraphNode::Kind::Missing});
    return graph_.nodes.size() - 1;
  }

  void add_edge(const Node& node, const Input& input) {
    GraphEdge edge;
    edge.to = place(node, std::string(input.id.text()), edge.input);
    edge.queue = queue_text(input);
    const auto* output = std::get_if<dataflow::OutputSource>(&input.source);
    const auto* timer = std::get_if<dataflow::TimerSource>(&input.source);
    if (timer != nullptr && timer->node_output) output = &*timer->node_output;
    if (output == nullptr) {
      const std::string source = dataflow::source_text(input.source);
      edge.from =
          built_in(source, timer != nullptr ? GraphNode::Kind::Timer : GraphNode::Kind::Log);
      edge.output = edge.input;
    } else {
      const Node* from = dataflow_.find_node(output->node);
      if (from == nullptr || from->ports.find_output(output->output) == nullptr) {
        edge.from = missing(dataflow::source_text(input.source));
        edge.output = output->output.text();
        graph_.edges.push_back(std::move(edge));
        return;
      }
      edge.from = place(*from, std::string(output->output.text()), edge.output);
      if (const auto type = from->ports.output_types.find(output->output);
          type != from->ports.output_types.end())
        edge.type = short_type(type->second.urn);
    }
    graph_.edges.push_back(std::move(edge));
  }

  const dataflow::Dataflow& dataflow_;
  Graph graph_;
  std::map<std::string, std::size_t> index_;
};

// Mermaid ends a label at a quote.
std::string mermaid_text(std::string_view text) {
  std::string result;
  for (char c : text)
    result += c == '"' ? std::string("#quot;") : std::string(1, c);
  return result;
}

std::string mermaid_node(const GraphNode& node) {
  const std::string label = fmt::format("\"**{}**\"", mermaid_text(node.short_id));
  switch (node.kind) {
    case GraphNode::Kind::Source:
      return fmt::format("{}[\\{}/]", node.id, label);
    case GraphNode::Kind::Sink:
      return fmt::format("{}[/{}\\]", node.id, label);
    case GraphNode::Kind::Timer:
    case GraphNode::Kind::Log:
      return fmt::format("{}[\\{}\\]", node.id, mermaid_text(node.title));
    case GraphNode::Kind::Missing:
      return fmt::format("{}>{}]", node.id, label);
    case GraphNode::Kind::Middle:
      break;
  }
  return fmt::format("{}[{}]", node.id, label);
}

// Brackets need quotes.
std::string mermaid_label(const GraphEdge& edge) {
  const std::string label = mermaid_text(edge.label());
  return edge.type.empty() ? label : fmt::format("\"{}\"", label);
}

bool is_built_in(const GraphNode& node) {
  return node.id.starts_with("dora/");
}

}  // namespace

std::string GraphEdge::label() const {
  std::string text = output;
  if (input != output) text += " as " + input;
  if (!type.empty()) text += fmt::format(" [{}]", type);
  return text;
}

Graph make_graph(const dataflow::Dataflow& dataflow) {
  return GraphMaker(dataflow).make();
}

std::string to_mermaid(const Graph& graph) {
  std::string text = "flowchart TB\n";
  std::string group;
  const auto close_group = [&] {
    if (!group.empty()) text += "  end\n";
    group.clear();
  };
  for (const GraphNode& node : graph.nodes) {
    if (is_built_in(node)) continue;
    if (node.group != group) close_group();
    if (group.empty() && !node.group.empty()) text += fmt::format("  subgraph {}\n", node.group);
    group = node.group;
    text += fmt::format("  {}{}\n", group.empty() ? "" : "  ", mermaid_node(node));
  }
  close_group();
  if (std::ranges::any_of(graph.nodes, is_built_in)) {
    text += "  subgraph ___dora___ [dora]\n";
    for (const GraphNode& node : graph.nodes)
      if (is_built_in(node)) text += fmt::format("    {}\n", mermaid_node(node));
    text += "  end\n";
  }
  for (const GraphEdge& edge : graph.edges)
    text += fmt::format("  {} -- {} --> {}\n", graph.nodes[edge.from].id, mermaid_label(edge),
                        graph.nodes[edge.to].id);
  return text;
}

std::string to_ascii(const Graph& graph) {
  std::string text;
  // Clocks and the log first: things begin there.
  std::vector<std::size_t> order(graph.nodes.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_partition(order, [&](std::size_t i) { return is_built_in(graph.nodes[i]); });
  for (const std::size_t i : order) {
    const GraphNode& node = graph.nodes[i];
    text += node.id;
    if (!node.subtitle.empty() && node.subtitle != node.id)
      text += fmt::format("  ({})", node.subtitle);
    text += "\n";
    const auto leaving = std::ranges::equal_range(graph.edges, i, {}, &GraphEdge::from);
    for (const GraphEdge& edge : leaving)
      text += fmt::format("  {}─ {} ─► {}{}\n", &edge == &leaving.back() ? "└" : "├", edge.label(),
                          graph.nodes[edge.to].id,
                          edge.queue.empty() ? "" : fmt::format("  ({})", edge.queue));
  }
  return text;
}

std::string to_json_text(const Graph& graph) {
  constexpr std::string_view kinds[] = {"source", "middle", "sink", "timer", "log", "missing"};
  const auto or_null = [](const std::string& text) {
    return text.empty() ? json::value() : json::value(text);
  };
  json::array nodes;
  for (const GraphNode& node : graph.nodes)
    nodes.push_back({{"id", node.id},
                     {"title", node.title},
                     {"program", or_null(node.subtitle)},
                     {"kind", kinds[static_cast<std::size_t>(node.kind)]},
                     {"group", or_null(node.group)}});
  json::array edges;
  for (const GraphEdge& edge : graph.edges)
    edges.push_back({{"from", graph.nodes[edge.from].id},
                     {"to", graph.nodes[edge.to].id},
                     {"output", edge.output},
                     {"input", edge.input},
                     {"type", or_null(edge.type)},
                     {"queue", or_null(edge.queue)}});
  return json::serialize(json::value{
             {"schema_version", 1}, {"nodes", std::move(nodes)}, {"edges", std::move(edges)}}) +
         "\n";
}

}  // namespace dora::cli

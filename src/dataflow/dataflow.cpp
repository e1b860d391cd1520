// SPDX-License-Identifier: Apache-2.0
#include "dataflow/dataflow.hpp"

#include <algorithm>

namespace dora::dataflow {

const Node* Dataflow::find_node(std::string_view id) const {
  auto found = std::ranges::find_if(nodes, [&](const Node& node) { return node.id.text() == id; });
  return found == nodes.end() ? nullptr : &*found;
}

const Node* Dataflow::find_node(const NodeId& id) const {
  return find_node(id.text());
}

const Deploy* Dataflow::first_deploy() const {
  if (deploy) return &*deploy;
  auto found =
      std::ranges::find_if(nodes, [](const Node& node) { return node.deploy.has_value(); });
  return found == nodes.end() ? nullptr : &*found->deploy;
}

std::map<std::string, std::string> merged_environment(
    const Dataflow& dataflow, const Node& node,
    const std::map<std::string, std::string>& command_line) {
  std::map<std::string, std::string> merged;
  for (const auto& [name, value] : node.env)
    merged[name] = value.text;
  // insert() keeps what is there: the more specific comes first.
  merged.insert(command_line.begin(), command_line.end());
  for (const auto& [name, value] : dataflow.env)
    merged.try_emplace(name, value.text);
  return merged;
}

}  // namespace dora::dataflow

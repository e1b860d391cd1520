#pragma once
// SPDX-License-Identifier: Apache-2.0
// A dataflow: what a YAML file says, checked. A value; nobody changes it once load() or parse()
// (load.hpp) has made it.

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dataflow/node.hpp"
#include "dataflow/source_text.hpp"

namespace dora::dataflow {

/// "A value of type `from` may feed `to`."
struct TypeRule {
  TypeAnnotation from;
  TypeAnnotation to;
};

struct Dataflow {
  /// In the order of the file, modules replaced by their nodes.
  std::vector<Node> nodes;
  /// For every node. A node's own wins, then `--env`, then this, then what is inherited.
  Environment env;
  bool strict_types = false;
  std::vector<TypeRule> type_rules;
  std::chrono::nanoseconds health_check_interval = std::chrono::seconds(5);
  /// Clocks do not keep a node from finishing. Nothing: not written, off.
  std::optional<bool> exit_when_nodes_finish;
  std::optional<Deploy> deploy;
  bool enable_debug_inspection = false;

  /// Every relative path starts here: the directory of the file, symbolic links resolved.
  std::filesystem::path base_directory;
  /// The file and its modules, for the locations of all values above.
  SourceTexts sources;

  /// Nothing when there is no such node. Linear.
  const Node* find_node(const NodeId& id) const;
  const Node* find_node(std::string_view id) const;
  /// The first `deploy` of the root or of a node; such a dataflow is not for `dora run`.
  const Deploy* first_deploy() const;
};

/// The environment to set for `node` over what is inherited: `dataflow.env`, over it
/// `command_line`, over it the node's own.
std::map<std::string, std::string> merged_environment(
    const Dataflow& dataflow, const Node& node,
    const std::map<std::string, std::string>& command_line = {});

}  // namespace dora::dataflow

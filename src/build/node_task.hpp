#pragma once
// SPDX-License-Identifier: Apache-2.0
// What is to be done to build one node. Pure: decided from the dataflow alone.

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "dataflow/dataflow.hpp"

namespace dora::build {

struct NodeTask {
  std::string node;
  /// Of the node and its operators; blank ones are left out.
  std::vector<std::string> lines;
  /// The dataflow's variables and over them the node's own, without reserved ones.
  std::map<std::string, std::string> variables;
  /// Where the commands run.
  std::filesystem::path working_directory;
  /// Its environment is made and managed by dora, for it alone.
  bool has_environment = false;
  /// Its commands only install Python packages: with an environment of its own it disturbs nobody.
  bool only_installs = false;
  /// A script that says itself what it needs (PEP 723); empty: it does not.
  std::filesystem::path script;
  bool operator==(const NodeTask&) const = default;
};

/// Which nodes get a Python environment of their own.
enum class Managed {
  None,
  Scripts,  ///< those whose script says what it needs
  All,      ///< and every Python node that has something to build, as `--uv` asks
};

/// Of all nodes that have something to build, ordered by id. Which nodes get an environment
/// follows from `managed`. Looks into scripts.
std::vector<NodeTask> plan_tasks(const dataflow::Dataflow& dataflow, Managed managed);

/// Whether a word is the program pip.
bool is_pip(std::string_view word);

}  // namespace dora::build

#pragma once
// SPDX-License-Identifier: Apache-2.0
// What is to be done to build one node. Pure: decided from the dataflow alone.

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dataflow/dataflow.hpp"

namespace dora::build {

/// A program to be downloaded.
struct Download {
  std::string url;
  /// Lower case; empty: any content will do.
  std::string sha256;
  bool operator==(const Download&) const = default;
};

struct NodeTask {
  std::string node;
  /// Of the node and its operators; blank ones are left out.
  std::vector<std::string> lines;
  /// The dataflow's variables and over them the node's own, without reserved ones.
  std::map<std::string, std::string> variables;
  /// Where the commands run: the folder of the dataflow, until a repository has been cloned.
  std::filesystem::path working_directory;
  /// Its environment is made and managed by dora, for it alone.
  bool has_environment = false;
  /// Its commands only install Python packages: with an environment of its own it disturbs nobody.
  bool only_installs = false;
  /// A script that says itself what it needs (PEP 723); empty: it does not.
  std::filesystem::path script;
  /// Where its source is to be had, if it is not here; then the commands run where it is put.
  std::optional<dataflow::GitSource> git{};
  /// The script in the clone, which may say what it needs; empty: it will not be asked.
  std::filesystem::path script_in_clone{};
  std::optional<Download> download{};
  /// Of a package: the folder in its repository, and what it starts there or in its environment.
  std::string subfolder{};
  std::string entrypoint{};
  bool operator==(const NodeTask&) const = default;
};

/// Which nodes get a Python environment of their own.
enum class Managed {
  None,
  Scripts,  ///< those whose script says what it needs
  All,      ///< and every Python node that has something to build, as `--uv` asks
};

/// Of all nodes that have something to build, ordered by id. Which nodes get an environment
/// follows from `managed`; Python packages always do. Looks into scripts.
std::vector<NodeTask> plan_tasks(const dataflow::Dataflow& dataflow, Managed managed);

/// The task once its source is in `working_directory`. Looks into its script.
NodeTask placed(NodeTask task, const std::filesystem::path& working_directory);

/// Whether a word is the program pip.
bool is_pip(std::string_view word);

}  // namespace dora::build

#pragma once
// SPDX-License-Identifier: Apache-2.0
// Where nodes run whose build gave them a place of their own.

#include <filesystem>
#include <map>
#include <string>

#include "daemon/run_plan.hpp"

namespace dora::daemon {

/// Where a node runs whose build gave it a place of its own. Empty paths: as usual.
struct NodePlace {
  std::filesystem::path working_directory;
  std::filesystem::path python_environment;
  /// What was downloaded for a `path` that is a URL.
  std::filesystem::path program;
  bool operator==(const NodePlace&) const = default;
};
/// By node.
using NodePlaces = std::map<std::string, NodePlace>;

/// Lets the nodes run where they were built, each seeing its own Python environment alone.
/// `inherited` is what they inherit.
void use_places(const NodePlaces& places, const std::map<std::string, std::string>& inherited,
                RunPlan& plan);

}  // namespace dora::daemon

#pragma once
// SPDX-License-Identifier: Apache-2.0
// One node by itself, to be added to a dataflow that runs already.

#include <filesystem>
#include <vector>

#include "dataflow/load.hpp"

namespace dora::dataflow {

/// A node that runs already, whose outputs the new one may read.
struct KnownNode {
  NodeId id;
  std::vector<DataId> outputs;
};

/// Reads and checks the file at `path`: the definition of one node, or a dataflow with one node.
/// The result is a dataflow with that node alone; its files are looked for from `base_directory`.
LoadResult load_node(const std::filesystem::path& path, const std::filesystem::path& base_directory,
                     const std::vector<KnownNode>& known, const EnvironmentLookup& environment);

}  // namespace dora::dataflow

#pragma once
// SPDX-License-Identifier: Apache-2.0
// The plan of one more node for a dataflow that runs already.

#include <filesystem>
#include <string_view>

#include "base/result.hpp"
#include "daemon/run_plan.hpp"

namespace dora::daemon {

/// Reads the definition of a node at `file`, which may read the outputs of the nodes of `run`, and
/// looks for its program, for which it may wait for other programs. Fails with InvalidInput,
/// telling every mistake, or as find_command().
/// `replaced` is the id of a node that it takes the place of; empty: it is one more.
Result<NodePlan> plan_node(const RunPlan& run, const std::filesystem::path& file,
                           std::string_view replaced = {});

}  // namespace dora::daemon

#pragma once
// SPDX-License-Identifier: Apache-2.0
// Which nodes of a dataflow failed and why, for those who look afterwards from any terminal. Pure.

#include <string>
#include <vector>

#include "cli/control_client.hpp"

namespace dora::cli {

struct FailedNode {
  std::string node;  ///< empty: the whole dataflow
  std::string cause;
  bool operator==(const FailedNode&) const = default;
};

/// The roots of the failure, in the order in which they happened; without those that failed only
/// because another one did. Of a dataflow that runs, the nodes that have failed so far.
std::vector<FailedNode> failed_nodes(const RunningDataflow& dataflow);

/// One line for each: "[name] uuid: Node `x` failed: exited with code 1". Fit for a terminal.
std::string failure_lines(const RunningDataflow& dataflow);

}  // namespace dora::cli

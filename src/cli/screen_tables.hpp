#pragma once
// SPDX-License-Identifier: Apache-2.0
// What the keys of the attached screen show besides lines: texts out of what is known.

#include <string>
#include <vector>

#include "base/result.hpp"
#include "cli/control_client.hpp"
#include "cli/status_line.hpp"

namespace dora::cli {

/// The nodes with what they take of the machine, and the outputs with their rates and drops.
/// Without a line end.
std::string top_table(const std::vector<NodeLine>& nodes, const std::vector<OutputRate>& rates,
                      const std::vector<daemon::EdgeTotals>& edges);

/// Writes a page with the picture of the dataflow `file` beside its logs, and tells its address.
Result<std::string> write_graph_page(const std::string& file,
                                     const std::vector<std::string>& log_folders);

}  // namespace dora::cli

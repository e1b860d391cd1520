#pragma once
// SPDX-License-Identifier: Apache-2.0
// What the processes of a dataflow take of the machine.

#include <cstdint>
#include <span>
#include <vector>

#include "daemon/process_tree.hpp"
#include "daemon/run_result.hpp"

namespace dora::daemon {

struct ProcessUsage {
  double cpu_seconds = 0;  ///< since each process began
  std::uint64_t memory_bytes = 0;
};

/// Of these processes and everything below them, found in `all`; those that cannot be read count
/// nothing.
ProcessUsage usage_of(std::span<const pid_t> roots, const std::vector<ProcessEntry>& all);

/// Fills in what the processes of `node` take, and returns it.
ProcessUsage measure(NodeInfo& node, const std::vector<ProcessEntry>& all);

/// `since_ns` is monotonic.
double percent_of_a_core(double cpu_seconds, std::int64_t since_ns);

}  // namespace dora::daemon

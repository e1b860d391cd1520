#pragma once
// SPDX-License-Identifier: Apache-2.0
// What the processes of a dataflow take of the machine.

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <utility>
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

/// Measures many nodes, and not again what was measured a moment ago: whoever asks without end must
/// not keep the daemon busy.
class UsageMeter {
 public:
  /// To be called before each round of tell().
  void look_again();
  /// Fills in what the processes of `node` take, and returns it.
  ProcessUsage tell(NodeInfo& node);

 private:
  struct Measured {
    ProcessUsage usage;
    double cpu_percent = 0;
    std::uint64_t memory_bytes = 0;
  };
  std::int64_t looked_ns_ = 0;
  std::optional<std::vector<ProcessEntry>> all_;
  std::map<std::pair<std::int32_t, std::int64_t>, Measured> nodes_;  ///< by pid and start
};

/// `since_ns` is monotonic.
double percent_of_a_core(double cpu_seconds, std::int64_t since_ns);

}  // namespace dora::daemon

#pragma once
// SPDX-License-Identifier: Apache-2.0
// What the processes of a dataflow take of the machine.

#include <cstdint>

namespace dora::cli {

struct ProcessUsage {
  double cpu_seconds = 0;  ///< since each process began
  std::uint64_t memory_bytes = 0;
};

/// Of all processes below this one; those that cannot be read count nothing.
ProcessUsage usage_of_descendants();

}  // namespace dora::cli

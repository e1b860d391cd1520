#pragma once
// SPDX-License-Identifier: Apache-2.0
// Where the coordinator is: DORA_COORDINATOR_ADDR and DORA_COORDINATOR_PORT, else this machine.

#include <chrono>
#include <cstdint>
#include <string>

#include "base/result.hpp"
#include "cli/command_line.hpp"

namespace dora::cli {

struct CoordinatorAddress {
  std::string ip = "127.0.0.1";
  std::uint16_t port = 6013;

  /// "127.0.0.1:6013".
  std::string text() const;
};

/// Fails with InvalidInput when a variable is malformed, naming it.
Result<CoordinatorAddress> coordinator_address(const Environment& environment);

/// Whether something accepts connections there. Blocks for `patience` at most.
bool can_connect(const CoordinatorAddress& address, std::chrono::milliseconds patience);

}  // namespace dora::cli

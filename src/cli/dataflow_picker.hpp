#pragma once
// SPDX-License-Identifier: Apache-2.0
// Asks whoever sits at the terminal which of several dataflows is meant.

#include <vector>

#include "cli/control_client.hpp"

namespace dora::cli {

/// Whether somebody is there to ask: both keyboard and messages are at a terminal.
bool can_pick();

/// Shows them with numbers on stderr and waits for one. Fails with InvalidInput when the answer is
/// none of them.
Result<RunningDataflow> pick_dataflow(const std::vector<RunningDataflow>& dataflows);

}  // namespace dora::cli

#pragma once
// SPDX-License-Identifier: Apache-2.0
// From the counters of edges to what is told of a connection. Pure functions.

#include <optional>
#include <string>
#include <vector>

#include "daemon/run_result.hpp"
#include "shared_memory/edge.hpp"

namespace dora::daemon {

/// Adds what one edge of the connection counted. `is_over`: nobody will take anything from it any
/// more.
void add(EdgeTotals& totals, const shared_memory::EdgeCounters& counters, bool is_over);

/// Appends `more`; what has the names of a connection that is there is added to it.
void append(std::vector<EdgeTotals>& totals, std::vector<EdgeTotals> more);

/// What was dropped although somebody wanted it, in words.
struct Loss {
  std::uint64_t messages = 0;
  std::string reasons;  ///< "queue full 3, older than 100 ms 9"
};
/// Nothing when everything was delivered, flushed or sent to somebody who had ended.
std::optional<Loss> find_loss(const EdgeTotals& totals);

}  // namespace dora::daemon

#pragma once
// SPDX-License-Identifier: Apache-2.0
// What `dora run` says about a run besides the lines of its nodes. Pure: texts out of results.

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "daemon/run_result.hpp"

namespace dora::cli {

/// "hello ran 11.2 s · 112 messages · 0 dropped · logs: out/0190... · exit 0"
std::string run_summary(const daemon::RunResult& result, int exit_code);

/// "sender ok (12 ms), receiver ok (15 ms)": how long each node took to end after `since_ns`
/// (monotonic). Those that had ended before are left out.
std::string stop_summary(const daemon::RunResult& result, std::int64_t since_ns);

/// Says of each edge that lost messages how many, why, and what to change.
class DropReport {
 public:
  /// The edges that lost messages since the last call: a sentence for each. While a dataflow runs
  /// an edge is told again only after its number has doubled.
  std::vector<std::string> warnings(const std::vector<daemon::EdgeTotals>& edges, bool is_final);

 private:
  std::map<std::string, std::uint64_t> told_;
};

}  // namespace dora::cli

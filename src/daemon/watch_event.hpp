#pragma once
// SPDX-License-Identifier: Apache-2.0
// What whoever watches a dataflow is told, as JSON texts; docs/control-api.md describes them.
// Values.

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.hpp"
#include "daemon/log_entry.hpp"
#include "daemon/run_result.hpp"

namespace dora::daemon {

/// Lines that the watcher did not take in time.
struct LostLines {
  std::uint64_t count = 0;
};

struct RunFinished {
  RunResult result;
  /// As failure_summary() tells it.
  std::string summary;
  /// The UUID under which it starts again, or empty.
  std::string next;
};

using WatchEvent = std::variant<LogEntry, RunStatus, LostLines, RunFinished>;

std::string to_text(const LogEntry& entry);
std::string to_text(RunStatus status);
std::string to_text(const LostLines& lost);
std::string to_text(const RunFinished& finished);

/// Fails with InvalidInput. An event of a kind that came with a later version is no failure but
/// nothing to know: LostLines of 0.
Result<WatchEvent> parse_watch_event(std::string_view text);

}  // namespace dora::daemon

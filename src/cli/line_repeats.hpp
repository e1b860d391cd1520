#pragma once
// SPDX-License-Identifier: Apache-2.0
// Collapses lines that a node says over and over: the first one is shown, those that follow it
// closely are held back, and told as "… ×128 in 2 s". Pure; whoever owns it brings the time.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "daemon/log_entry.hpp"

namespace dora::cli {

class LineRepeats {
 public:
  /// What is to be shown now that `entry` came, in this order: perhaps what its node repeated
  /// before, and perhaps the entry.
  std::vector<daemon::LogEntry> take(const daemon::LogEntry& entry, std::int64_t now_ns);
  /// What has been held back for long enough.
  std::vector<daemon::LogEntry> take_due(std::int64_t now_ns);
  /// All that is held back. Nothing counts as said before afterwards.
  std::vector<daemon::LogEntry> take_all();

  /// When take_due() may have something next; nothing: not before another entry came.
  std::optional<std::int64_t> next_due_ns() const;

 private:
  /// What a node said last.
  struct Last {
    daemon::LogEntry entry;
    std::int64_t shown_ns = 0;  ///< since when lines are counted
    std::int64_t last_ns = 0;
    std::uint64_t count = 0;  ///< since then
    std::uint64_t held = 0;

    std::int64_t due_ns() const;
  };
  static void tell(Last& last, std::vector<daemon::LogEntry>& told);

  std::map<std::string, Last, std::less<>> nodes_;
};

}  // namespace dora::cli

#pragma once
// SPDX-License-Identifier: Apache-2.0
// Decides whether a node that ended is started again, and when. Pure; times are CLOCK_MONOTONIC.

#include <chrono>
#include <cstdint>
#include <optional>

#include "daemon/run_plan.hpp"

namespace dora::daemon {

class RestartCounter {
 public:
  explicit RestartCounter(const RestartPlan& plan = {}) : plan_(plan) {}

  /// Whether an exit at `now_ns` could still be answered by a restart, if it failed.
  bool may_restart(std::int64_t now_ns) const;
  /// Whether one more restart stays within `max_restarts`, whatever the policy says.
  bool is_within_limit(std::int64_t now_ns) const;

  /// The node, spawned at `spawned_ns`, ended at `now_ns`. The delay until it is to be started
  /// again, which then counts as a restart; nothing when it is over.
  std::optional<std::chrono::nanoseconds> on_exit(bool succeeded, std::int64_t spawned_ns,
                                                  std::int64_t now_ns);
  /// A restart that somebody asked for: it counts, but says nothing about the node's health.
  void count_by_hand(std::int64_t spawned_ns, std::int64_t now_ns);

 private:
  bool is_window_over(std::int64_t now_ns) const;
  void count(std::int64_t now_ns);
  std::chrono::nanoseconds delay_for(std::uint32_t restart) const;

  RestartPlan plan_;
  std::uint32_t restarts_in_window_ = 0;
  std::uint32_t quick_deaths_ = 0;
  std::optional<std::int64_t> window_began_ns_;
};

}  // namespace dora::daemon

#pragma once
// SPDX-License-Identifier: Apache-2.0
// A timer input: ticks on the grid epoch + k * interval, counted inside the receiving node, so that
// a tick costs no hop. A value: time is given to it.

#include <cstdint>
#include <limits>
#include <optional>

#include "message/daemon_to_node.hpp"

namespace dora::node {

/// One due tick.
struct Tick {
  std::int64_t time_ns = 0;  ///< its place on the grid (monotonic)
  std::uint64_t number = 0;  ///< k
  std::uint64_t missed = 0;  ///< grid ticks skipped since the last delivered one
};

class Timer {
 public:
  static constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();

  explicit Timer(message::TimerInput settings) : settings_(std::move(settings)) {}

  /// Nothing is due before this was called. Of the ticks before `from_ns` only the last one is, at
  /// once, and none of them was missed: they are not of this life.
  void start(std::int64_t epoch_ns, std::int64_t from_ns);

  const message::TimerInput& settings() const { return settings_; }

  /// When the oldest tick that would be delivered is, or will be, due. At most queue_size ticks
  /// wait; older ones count as missed.
  std::int64_t head_time(std::int64_t now_ns);

  /// Takes the oldest waiting tick, if one is due.
  std::optional<Tick> take(std::int64_t now_ns);

 private:
  /// Skips ticks beyond the queue.
  void trim(std::int64_t now_ns);

  message::TimerInput settings_;
  std::optional<std::int64_t> epoch_ns_;
  std::uint64_t next_ = 0;
  std::uint64_t missed_ = 0;
};

}  // namespace dora::node

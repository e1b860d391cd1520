// SPDX-License-Identifier: Apache-2.0
#include "node/timer.hpp"

namespace dora::node {

void Timer::start(std::int64_t epoch_ns, std::int64_t from_ns) {
  epoch_ns_ = epoch_ns;
  if (from_ns > epoch_ns)
    next_ = static_cast<std::uint64_t>((from_ns - epoch_ns) / settings_.interval_ns);
}

void Timer::trim(std::int64_t now_ns) {
  if (!epoch_ns_ || now_ns < *epoch_ns_) return;
  auto latest = static_cast<std::uint64_t>((now_ns - *epoch_ns_) / settings_.interval_ns);
  if (latest < next_) return;
  std::uint64_t waiting = latest - next_ + 1;
  if (waiting > settings_.queue_size) {
    std::uint64_t skipped = waiting - settings_.queue_size;
    next_ += skipped;
    missed_ += skipped;
  }
}

std::int64_t Timer::head_time(std::int64_t now_ns) {
  if (!epoch_ns_) return never;
  trim(now_ns);
  // Far beyond any run the grid would overflow; such a tick never comes.
  std::int64_t offset;
  std::int64_t time;
  if (__builtin_mul_overflow(static_cast<std::int64_t>(next_), settings_.interval_ns, &offset) ||
      __builtin_add_overflow(*epoch_ns_, offset, &time)) {
    return never;
  }
  return time;
}

std::optional<Tick> Timer::take(std::int64_t now_ns) {
  std::int64_t time = head_time(now_ns);
  if (time > now_ns) return std::nullopt;
  Tick tick{time, next_, missed_};
  ++next_;
  missed_ = 0;
  return tick;
}

}  // namespace dora::node

// SPDX-License-Identifier: Apache-2.0
#include "daemon/restart_counter.hpp"

#include <algorithm>

namespace dora::daemon {
namespace {

using namespace std::chrono_literals;

// A node that cannot live must not turn the machine into a heater.
constexpr std::chrono::nanoseconds healthy_life = 10s;
constexpr std::chrono::nanoseconds first_pause = 100ms;
constexpr std::chrono::nanoseconds longest_pause = 5s;
constexpr std::uint32_t largest_exponent = 16;

}  // namespace

bool RestartCounter::is_window_over(std::int64_t now_ns) const {
  return plan_.window && window_began_ns_ && now_ns - *window_began_ns_ > plan_.window->count();
}

bool RestartCounter::may_restart(std::int64_t now_ns) const {
  return plan_.policy != RestartPlan::Policy::Never && is_within_limit(now_ns);
}

bool RestartCounter::is_within_limit(std::int64_t now_ns) const {
  return plan_.max_restarts == 0 || restarts_in_window_ < plan_.max_restarts ||
         is_window_over(now_ns);
}

std::optional<std::chrono::nanoseconds> RestartCounter::on_exit(bool succeeded,
                                                                std::int64_t spawned_ns,
                                                                std::int64_t now_ns) {
  if (!window_began_ns_) window_began_ns_ = spawned_ns;
  if (plan_.policy == RestartPlan::Policy::OnFailure && succeeded) return std::nullopt;
  if (!may_restart(now_ns)) return std::nullopt;
  count(now_ns);
  if (now_ns - spawned_ns >= healthy_life.count()) quick_deaths_ = 0;
  const auto delay = delay_for(restarts_in_window_);
  ++quick_deaths_;
  return delay;
}

void RestartCounter::count_by_hand(std::int64_t spawned_ns, std::int64_t now_ns) {
  if (!window_began_ns_) window_began_ns_ = spawned_ns;
  count(now_ns);
}

void RestartCounter::count(std::int64_t now_ns) {
  if (is_window_over(now_ns)) {
    window_began_ns_ = now_ns;
    restarts_in_window_ = 0;
  }
  ++restarts_in_window_;
}

std::chrono::nanoseconds RestartCounter::delay_for(std::uint32_t restart) const {
  if (plan_.delay && *plan_.delay > 0ns) {
    const auto exponent = std::min(restart - 1, largest_exponent);
    const auto limit = plan_.max_delay.value_or(std::chrono::nanoseconds::max());
    // Compared before it is multiplied: a large delay must not overflow.
    if (*plan_.delay > limit / (1LL << exponent)) return limit;
    return *plan_.delay * (1LL << exponent);
  }
  if (quick_deaths_ == 0) return 0ns;
  return std::min<std::chrono::nanoseconds>(
      first_pause * (1LL << std::min(quick_deaths_ - 1, largest_exponent)), longest_pause);
}

}  // namespace dora::daemon

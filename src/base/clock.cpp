// SPDX-License-Identifier: Apache-2.0
#include "base/clock.hpp"

#include <cmath>

#include <fmt/format.h>
#include <time.h>

namespace dora {
namespace {

std::int64_t read_clock(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

}  // namespace

std::int64_t monotonic_ns() {
  return read_clock(CLOCK_MONOTONIC);
}
std::int64_t realtime_ns() {
  return read_clock(CLOCK_REALTIME);
}

std::string format_duration(std::chrono::nanoseconds duration) {
  const double seconds = static_cast<double>(duration.count()) / 1e9;
  if (seconds < 0.001) return fmt::format("{} µs", std::llround(seconds * 1e6));
  if (seconds < 0.9995) return fmt::format("{} ms", std::llround(seconds * 1e3));
  if (seconds < 99.95) return fmt::format("{:.1f} s", seconds);
  const long long whole = std::llround(seconds);
  if (whole < 3600) return fmt::format("{} min {} s", whole / 60, whole % 60);
  if (whole < 86400) return fmt::format("{} h {} min", whole / 3600, whole % 3600 / 60);
  return fmt::format("{} d {} h", whole / 86400, whole % 86400 / 3600);
}

}  // namespace dora

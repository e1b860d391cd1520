#pragma once
// SPDX-License-Identifier: Apache-2.0
// The two clocks, in nanoseconds, as they stand in shared memory and in messages.

#include <chrono>
#include <cstdint>
#include <string>

namespace dora {

/// Nanoseconds of CLOCK_MONOTONIC: the same clock in every process of the machine; it never jumps.
/// All waiting, ageing and deadlines use it.
std::int64_t monotonic_ns();

/// Nanoseconds since the Unix epoch (CLOCK_REALTIME): for humans; it may jump.
std::int64_t realtime_ns();

/// Three digits or so, in the unit that suits: "12 ms", "11.2 s", "3 min 20 s", "2 h 5 min".
std::string format_duration(std::chrono::nanoseconds duration);

}  // namespace dora

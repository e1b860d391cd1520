#pragma once
// SPDX-License-Identifier: Apache-2.0
// Times as people type and read them: "10s", "500ms", "1h30m".

#include <chrono>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace dora::cli {

/// Reads numbers with the units d, h, m, s, ms, us and ns, one after another; a bare number is
/// seconds. Fails with InvalidInput, saying what is expected, on anything else and on more than
/// a hundred years.
Result<std::chrono::nanoseconds> parse_duration(std::string_view text);

/// Three digits or so, in the unit that suits: "12 ms", "11.2 s", "3 min 20 s", "2 h 5 min".
std::string format_duration(std::chrono::nanoseconds duration);

}  // namespace dora::cli

#pragma once
// SPDX-License-Identifier: Apache-2.0
// Times as people type and read them: "10s", "500ms", "1h30m".

#include <chrono>
#include <string_view>

#include "base/result.hpp"

namespace dora::cli {

/// Reads numbers with the units d, h, m, s, ms, us and ns, one after another; a bare number is
/// seconds. Fails with InvalidInput, saying what is expected, on anything else and on more than
/// a hundred years.
Result<std::chrono::nanoseconds> parse_duration(std::string_view text);

}  // namespace dora::cli

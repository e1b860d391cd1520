#pragma once
// SPDX-License-Identifier: Apache-2.0

#include <cstdint>
#include <string_view>

namespace dora::cli {

/// The line of a node without the time at its beginning, when that is the time at which the line
/// came (`time_ns`, since the Unix epoch), in local time or UTC: it is shown already. Any other
/// line as it is.
std::string_view without_own_time(std::string_view line, std::int64_t time_ns);

}  // namespace dora::cli

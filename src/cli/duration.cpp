// SPDX-License-Identifier: Apache-2.0
#include "cli/duration.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>

#include <fmt/format.h>

namespace dora::cli {
namespace {

constexpr double longest_seconds = 100.0 * 366 * 24 * 3600;

// The longest names first: "ms" must not be read as "m".
constexpr std::array<std::pair<std::string_view, double>, 12> units{{
    {"min", 60.0},
    {"sec", 1.0},
    {"ms", 1e-3},
    {"us", 1e-6},
    {"µs", 1e-6},
    {"ns", 1e-9},
    {"day", 86400.0},
    {"hr", 3600.0},
    {"d", 86400.0},
    {"h", 3600.0},
    {"m", 60.0},
    {"s", 1.0},
}};

std::unexpected<Error> malformed(std::string_view text) {
  return fail(ErrorKind::InvalidInput,
              fmt::format("`{}` is not a duration: write e.g. 10s, 500ms, 2m, 1h30m, 2d, or a "
                          "number of seconds",
                          text));
}

}  // namespace

Result<std::chrono::nanoseconds> parse_duration(std::string_view text) {
  std::string_view rest = text;
  double seconds = 0;
  bool any = false;
  while (true) {
    if (rest.empty()) break;
    if (any) rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
    if (rest.empty()) return malformed(text);
    // from_chars would also take "inf" and a sign.
    if ((rest[0] < '0' || rest[0] > '9') && rest[0] != '.') return malformed(text);
    double number = 0;
    const auto [end, error] =
        std::from_chars(rest.data(), rest.data() + rest.size(), number, std::chars_format::fixed);
    if (error != std::errc()) return malformed(text);
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    if (rest.empty() && !any) return parse_duration(std::string(text) + "s");
    double unit = 0;
    for (const auto& [name, value] : units) {
      if (!rest.starts_with(name)) continue;
      rest.remove_prefix(name.size());
      unit = value;
      break;
    }
    if (unit == 0) return malformed(text);
    seconds += number * unit;
    any = true;
  }
  if (!any) return malformed(text);
  if (!(seconds <= longest_seconds))
    return fail(ErrorKind::InvalidInput, fmt::format("`{}` is longer than a hundred years", text));
  return std::chrono::nanoseconds(std::llround(seconds * 1e9));
}

}  // namespace dora::cli

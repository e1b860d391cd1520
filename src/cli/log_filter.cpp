// SPDX-License-Identifier: Apache-2.0
#include "cli/log_filter.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include <fmt/format.h>

#include "base/ids.hpp"
#include "base/spelling.hpp"

namespace dora::cli {
namespace {

constexpr std::array<std::string_view, 6> names{"error", "warn",  "info",
                                                "debug", "trace", "stdout"};

Result<LogLevel> parse_level(std::string_view text) {
  if (const auto level = daemon::find_log_level(text)) return *level;
  const std::vector<std::string> known(names.begin(), names.end());
  const auto near = closest_match(text, known);
  return fail(
      ErrorKind::InvalidInput,
      fmt::format("`{}` is not a log level{}: use error, warn, info, debug, trace or stdout", text,
                  near ? fmt::format(", did you mean `{}`?", *near) : ""));
}

}  // namespace

bool LogFilter::passes(std::string_view node, LogLevel level) const {
  if (const auto own = nodes.find(node); own != nodes.end())
    return daemon::passes(level, own->second);
  return (shows_output && level == LogLevel::Stdout) || daemon::passes(level, minimum);
}

Result<LogFilter> parse_log_filter(std::string_view level, std::string_view filter) {
  LogFilter result;
  result.minimum = TRY(parse_level(level));
  while (!filter.empty()) {
    const std::string_view pair = filter.substr(0, filter.find(','));
    filter.remove_prefix(std::min(filter.size(), pair.size() + 1));
    const auto equals = pair.find('=');
    if (equals == std::string_view::npos || equals == 0)
      return fail(ErrorKind::InvalidInput,
                  fmt::format("`{}` is not of the form node=level: write e.g. "
                              "--log-filter camera=warn,detector=debug",
                              pair));
    const std::string_view node = pair.substr(0, equals);
    TRY(NodeId::parse(node));
    result.nodes[std::string(node)] = TRY(parse_level(pair.substr(equals + 1)));
  }
  return result;
}

}  // namespace dora::cli

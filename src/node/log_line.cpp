// SPDX-License-Identifier: Apache-2.0
#include "node/log_line.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>
#include <ctime>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/clock.hpp"
#include "dora/node.h"
#include "node/c_handles.hpp"
#include "node/node.hpp"

namespace dora::node {
namespace {

std::string normal_level(std::string_view text) {
  constexpr std::array<std::string_view, 5> known = {"error", "warn", "info", "debug", "trace"};
  std::string level(text);
  std::ranges::transform(level, level.begin(), [](unsigned char c) { return std::tolower(c); });
  if (level == "warning") return "warn";
  return std::ranges::find(known, level) == known.end() ? "info" : level;
}

}  // namespace

std::string log_line(std::string_view node_id, std::string_view level, std::string_view text,
                     std::int64_t now_ns) {
  const std::time_t seconds = now_ns / 1'000'000'000;
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  char date[32];
  std::strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &utc);
  const boost::json::object line{
      {"timestamp", fmt::format("{}.{:06}Z", date, now_ns % 1'000'000'000 / 1000)},
      {"level", normal_level(level)},
      {"node_id", std::string(node_id)},
      {"message", std::string(text)}};
  return boost::json::serialize(line) + "\n";
}

void write_log(std::string_view node_id, std::string_view level, std::string_view text) {
  const std::string line = log_line(node_id, level, text, realtime_ns());
  std::fwrite(line.data(), 1, line.size(), stdout);
  std::fflush(stdout);
}

}  // namespace dora::node

extern "C" dora_status dora_node_log(const dora_node* node, const char* level, size_t level_length,
                                     const char* text, size_t length) {
  dora::node::write_log(node->node->id(), {level, level_length}, {text, length});
  return dora::node::set_ok();
}

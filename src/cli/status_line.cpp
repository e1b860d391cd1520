// SPDX-License-Identifier: Apache-2.0
#include "cli/status_line.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "base/clock.hpp"
#include "cli/console_text.hpp"

namespace dora::cli {
namespace {

constexpr std::string_view all_keys = "[w]eb [t]op [r]estart [/]filter [q]uit";
constexpr std::string_view few_keys = "[h]elp [q]uit";

std::string age_text(std::chrono::seconds age) {
  return age < std::chrono::seconds(100) ? fmt::format("{} s", age.count()) : format_duration(age);
}

std::string rates_text(const std::vector<OutputRate>& rates) {
  if (rates.empty()) return {};
  if (rates.size() == 1) {
    return fmt::format("{} {:.1f} Hz {}", rates.front().output, rates.front().hertz,
                       format_byte_rate(rates.front().bytes_per_second));
  }
  OutputRate sum;
  for (const OutputRate& rate : rates) {
    sum.hertz += rate.hertz;
    sum.bytes_per_second += rate.bytes_per_second;
  }
  return fmt::format("{} outputs {:.1f} Hz {}", rates.size(), sum.hertz,
                     format_byte_rate(sum.bytes_per_second));
}

// The parts that are there, most important first, as many of them as fit, in the order of `parts`.
std::string join_fitting(const std::vector<std::pair<int, std::string>>& parts,
                         std::size_t columns) {
  constexpr std::size_t frame = 4;      // "─ " and " ─"
  constexpr std::size_t separator = 3;  // " · "
  std::vector<int> ranks;
  for (const auto& [rank, text] : parts)
    ranks.push_back(rank);
  std::ranges::sort(ranks);
  std::size_t width = frame;
  int last = 0;
  for (const int rank : ranks) {
    const auto& text =
        std::ranges::find(parts, rank, [](auto& part) { return part.first; })->second;
    const std::size_t needed = display_width(text) + (width > frame ? separator : 0);
    if (width + needed > columns) break;
    width += needed;
    last = rank;
  }
  std::string line;
  for (const auto& [rank, text] : parts)
    if (rank <= last) line += (line.empty() ? "" : " · ") + text;
  return line.empty() ? line : "─ " + line + " ─";
}

}  // namespace

std::vector<OutputRate> RateMeter::update(const std::vector<daemon::EdgeTotals>& edges,
                                          std::chrono::steady_clock::time_point now) {
  std::map<std::string, Totals> totals;
  for (const daemon::EdgeTotals& edge : edges) {
    Totals& output = totals[edge.producer + "/" + edge.output];
    output.messages = std::max(output.messages, edge.sent);
    output.bytes = std::max(output.bytes, edge.bytes);
  }
  const double seconds = std::chrono::duration<double>(now - at_).count();
  std::vector<OutputRate> rates;
  for (const auto& [output, total] : totals) {
    const auto before = before_.find(output);
    if (before == before_.end() || seconds <= 0) continue;
    // A restarted dataflow begins anew.
    const auto since = [](std::uint64_t after, std::uint64_t at_first) {
      return static_cast<double>(after >= at_first ? after - at_first : after);
    };
    rates.push_back({output, since(total.messages, before->second.messages) / seconds,
                     since(total.bytes, before->second.bytes) / seconds});
  }
  std::ranges::stable_sort(rates, std::ranges::greater(), &OutputRate::hertz);
  before_ = std::move(totals);
  at_ = now;
  return rates;
}

std::string status_text(const StatusFacts& facts, std::size_t columns) {
  std::vector<std::pair<int, std::string>> parts;
  const auto add = [&](int rank, std::string text) {
    if (!text.empty()) parts.emplace_back(rank, std::move(text));
  };
  add(1, facts.name);
  add(4, facts.state);
  add(2, facts.nodes_up == facts.nodes ? fmt::format("{} up", facts.nodes_up)
                                       : fmt::format("{} of {} up", facts.nodes_up, facts.nodes));
  add(6, rates_text(facts.rates));
  add(7, facts.dropped > 0 ? fmt::format("{} dropped", facts.dropped) : "");
  add(8, age_text(facts.age));
  add(5, facts.filter);
  add(3, std::string(few_keys));
  const std::string line = join_fitting(parts, columns);
  parts.back().second = all_keys;
  const std::string full = join_fitting(parts, columns);
  // All keys, unless something else would have to go for them.
  return full.find(all_keys) != std::string::npos &&
                 std::ranges::count(full, '\xb7') >= std::ranges::count(line, '\xb7')
             ? full
             : line;
}

std::string format_byte_rate(double bytes_per_second) {
  constexpr std::array units = {"B/s", "kB/s", "MB/s", "GB/s"};
  std::size_t unit = 0;
  while (bytes_per_second >= 999.5 && unit + 1 < units.size()) {
    bytes_per_second /= 1000;
    ++unit;
  }
  return unit == 0 || bytes_per_second >= 99.95
             ? fmt::format("{:.0f} {}", bytes_per_second, units[unit])
             : fmt::format("{:.1f} {}", bytes_per_second, units[unit]);
}

}  // namespace dora::cli

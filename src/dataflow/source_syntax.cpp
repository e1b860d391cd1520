// SPDX-License-Identifier: Apache-2.0
#include "dataflow/source_syntax.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "base/spelling.hpp"
#include "dataflow/scalar.hpp"

namespace dora::dataflow {
namespace {

using namespace std::chrono_literals;

// Slower clocks are a slip of the pen.
constexpr std::chrono::nanoseconds longest_interval = 100h * 24 * 365;

constexpr std::string_view interval_help =
    "intervals are from 1 nanosecond to 100 years, e.g. dora/timer/millis/100 or dora/timer/hz/30";

struct Unit {
  std::string name;
  std::int64_t nanoseconds;
};
const Unit units[] = {
    {"secs", 1'000'000'000}, {"millis", 1'000'000}, {"micros", 1'000}, {"nanos", 1}};

std::unexpected<Remark> wrong_timer(std::string_view text, std::string_view reason,
                                    std::string help = std::string(interval_help)) {
  return std::unexpected(Remark{.code = "E015",
                                .message = fmt::format("the timer `{}` {}", shown(text), reason),
                                .help = std::move(help)});
}

// What was meant by `ms/100`, `100ms` or `100/millis`; empty when that cannot be told.
std::string likely_timer(std::string_view rest) {
  constexpr std::pair<std::string_view, std::string_view> short_names[] = {
      {"s", "secs"},
      {"sec", "secs"},
      {"second", "secs"},
      {"seconds", "secs"},
      {"ms", "millis"},
      {"msec", "millis"},
      {"milliseconds", "millis"},
      {"us", "micros"},
      {"µs", "micros"},
      {"microseconds", "micros"},
      {"ns", "nanos"},
      {"nanoseconds", "nanos"},
      {"Hz", "hz"},
      {"fps", "hz"},
      {"secs", "secs"},
      {"millis", "millis"},
      {"micros", "micros"},
      {"nanos", "nanos"},
      {"hz", "hz"}};
  const auto unit_of = [&](std::string_view word) -> std::string_view {
    const auto found =
        std::ranges::find(short_names, word, &std::pair<std::string_view, std::string_view>::first);
    return found == std::end(short_names) ? std::string_view() : found->second;
  };
  const auto is_number = [](std::string_view word) {
    return !word.empty() && std::ranges::all_of(word, [](char c) { return c >= '0' && c <= '9'; });
  };
  const auto form = [](std::string_view unit, std::string_view value) {
    return fmt::format("dora/timer/{}/{}", unit, value);
  };
  const std::size_t slash = rest.find('/');
  const std::string_view first = rest.substr(0, slash);
  if (slash != std::string_view::npos) {
    const std::string_view second = rest.substr(slash + 1);
    if (is_number(second) && !unit_of(first).empty()) return form(unit_of(first), second);
    if (is_number(first) && !unit_of(second).empty()) return form(unit_of(second), first);
  }
  // `30hz`, alone or behind a unit.
  const std::string_view last = rest.substr(slash == std::string_view::npos ? 0 : slash + 1);
  const std::size_t digits = std::min(last.find_first_not_of("0123456789"), last.size());
  const std::string_view unit = unit_of(last.substr(digits));
  return digits == 0 || unit.empty() ? "" : form(unit, last.substr(0, digits));
}

std::expected<InputSource, Remark> checked_timer(std::string_view text,
                                                 std::chrono::nanoseconds interval) {
  if (interval.count() == 0) return wrong_timer(text, "needs an interval above 0");
  TimerSource timer;
  timer.interval = interval;
  return timer;
}

std::string help_for(std::string_view rest, std::string_view otherwise) {
  const std::string meant = likely_timer(rest);
  return meant.empty() ? std::string(otherwise) : fmt::format("did you mean `{}`?", meant);
}

// `rest` is what stands behind `dora/timer/`.
std::expected<InputSource, Remark> parse_timer(std::string_view text, std::string_view rest) {
  std::size_t slash = rest.find('/');
  std::string_view unit = rest.substr(0, slash);
  bool has_value = slash != std::string_view::npos && slash + 1 < rest.size();
  std::string_view value = has_value ? rest.substr(slash + 1) : std::string_view();

  if (unit == "hz") {
    if (!has_value) return wrong_timer(text, "has no frequency");
    auto hertz = parse_decimal(value.starts_with('+') ? value.substr(1) : value);
    if (!hertz || *hertz == 0)
      return wrong_timer(text, "needs a positive number as frequency",
                         help_for(rest, interval_help));
    // Down to whole nanoseconds: 30 Hz is 33333333 ns.
    double nanoseconds = std::floor(1e9 / *hertz);
    if (nanoseconds > static_cast<double>(longest_interval.count())) {
      return wrong_timer(text, "ticks too seldom");
    }
    if (nanoseconds < 1) return wrong_timer(text, "ticks too fast");
    return checked_timer(text, std::chrono::nanoseconds(static_cast<std::int64_t>(nanoseconds)));
  }
  auto known = std::ranges::find(units, unit, &Unit::name);
  if (known == std::end(units)) {
    std::vector<std::string> names{"hz"};
    for (const Unit& each : units)
      names.push_back(each.name);
    auto meant = closest_match(unit, names);
    return wrong_timer(text, fmt::format("has the unknown unit `{}`", shown(unit)),
                       help_for(rest, meant ? fmt::format("did you mean `{}`?", *meant)
                                            : "the units are secs, millis, micros, nanos and hz"));
  }
  if (!has_value) return wrong_timer(text, "has no interval");
  std::uint64_t count = 0;
  auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), count);
  bool is_number = end == value.data() + value.size() && error != std::errc::invalid_argument;
  if (!is_number)
    return wrong_timer(text, "needs a whole number above 0 as interval",
                       help_for(rest, interval_help));
  auto longest = static_cast<std::uint64_t>(longest_interval.count() / known->nanoseconds);
  if (error == std::errc::result_out_of_range || count > longest) {
    return wrong_timer(text, "ticks too seldom");
  }
  return checked_timer(
      text, std::chrono::nanoseconds(static_cast<std::int64_t>(count) * known->nanoseconds));
}

// `rest` is what stands behind `dora/logs`: empty or beginning with `/`.
std::expected<InputSource, Remark> parse_logs(std::string_view text, std::string_view rest) {
  LogSource logs;
  if (rest.empty()) return logs;
  rest.remove_prefix(1);
  std::size_t slash = rest.find('/');
  auto level = parse_log_level(rest.substr(0, slash));
  if (!level) {
    return std::unexpected(Remark{
        .code = "E012",
        .message =
            fmt::format("`{}` names no log level: `{}`", shown(text), shown(rest.substr(0, slash))),
        .help = "the levels are stdout, trace, debug, info, warn and error"});
  }
  logs.min_level = *level;
  logs.has_level = true;
  if (slash == std::string_view::npos) return logs;
  auto node = NodeId::parse(rest.substr(slash + 1));
  if (!node) {
    return std::unexpected(Remark{
        .code = "E009",
        .message = fmt::format("`{}` names no node: {}", shown(text), node.error().message)});
  }
  logs.node = std::move(*node);
  return logs;
}

}  // namespace

bool is_builtin_source(std::string_view text) {
  return text == "dora" || text.starts_with("dora/");
}

std::expected<InputSource, Remark> parse_builtin_source(std::string_view text) {
  constexpr std::string_view timer = "dora/timer";
  constexpr std::string_view logs = "dora/logs";
  if (text == timer || text.starts_with("dora/timer/")) {
    std::string_view rest = text.substr(std::min(timer.size() + 1, text.size()));
    if (rest.empty()) return wrong_timer(text, "has no unit");
    return parse_timer(text, rest);
  }
  if (text == logs || text.starts_with("dora/logs/")) return parse_logs(text, text.substr(9));
  std::string_view word = text.substr(std::min<std::size_t>(5, text.size()));
  word = word.substr(0, word.find('/'));
  const std::vector<std::string> known{"timer", "logs"};
  auto meant = closest_match(word, known);
  return std::unexpected(
      Remark{.code = "E016",
             .message = fmt::format("`{}` is no built-in source", shown(text)),
             .help = meant ? fmt::format("did you mean `dora/{}`?", *meant)
                           : "built in are dora/timer/<unit>/<value> and dora/logs"});
}

std::optional<NodeAndOutput> split_source(std::string_view text) {
  std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  return NodeAndOutput{text.substr(0, slash), text.substr(slash + 1)};
}

std::optional<LogLevel> parse_log_level(std::string_view text) {
  constexpr LogLevel levels[] = {LogLevel::Stdout, LogLevel::Trace, LogLevel::Debug,
                                 LogLevel::Info,   LogLevel::Warn,  LogLevel::Error};
  auto equal = [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
  };
  for (LogLevel level : levels) {
    if (std::ranges::equal(text, to_text(level), equal)) return level;
  }
  return std::nullopt;
}

bool is_url(std::string_view text) {
  return text.starts_with("http://") || text.starts_with("https://");
}

bool is_python_module(std::string_view text) {
  const auto is_name = [](std::string_view name) {
    const auto is_letter = [](char each) {
      return (each >= 'a' && each <= 'z') || (each >= 'A' && each <= 'Z') || each == '_' ||
             static_cast<unsigned char>(each) >= 0x80;
    };
    const auto is_inside = [&](char each) {
      return is_letter(each) || (each >= '0' && each <= '9');
    };
    return !name.empty() && is_letter(name.front()) && std::ranges::all_of(name, is_inside);
  };
  const std::size_t colon = std::min(text.find(':'), text.size());
  std::string_view path = text.substr(0, colon);
  const bool has_class = colon < text.size();
  if (path.ends_with(".py") || (has_class && !is_name(text.substr(colon + 1)))) return false;
  if (!has_class && !path.contains('.')) return false;
  while (true) {
    const std::size_t dot = path.find('.');
    if (!is_name(path.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    path.remove_prefix(dot + 1);
  }
}

}  // namespace dora::dataflow

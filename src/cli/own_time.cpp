// SPDX-License-Identifier: Apache-2.0
#include "cli/own_time.hpp"

#include <cstdlib>
#include <ctime>
#include <optional>

namespace dora::cli {
namespace {

constexpr int seconds_of_a_day = 86'400;
/// A line may be made a little before it is written.
constexpr int tolerance_seconds = 2;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// Takes what `pattern` describes from the beginning of `text`: `9` is a digit, anything else
/// itself. Nothing is taken unless all is there.
bool take(std::string_view& text, std::string_view pattern) {
  if (text.size() < pattern.size()) return false;
  for (std::size_t i = 0; i < pattern.size(); ++i)
    if (pattern[i] == '9' ? !is_digit(text[i]) : text[i] != pattern[i]) return false;
  text.remove_prefix(pattern.size());
  return true;
}

void take_spaces(std::string_view& text) {
  const std::size_t first = text.find_first_not_of(" \t");
  text.remove_prefix(first == std::string_view::npos ? text.size() : first);
}

void take_fraction(std::string_view& text) {
  if (text.size() < 2 || (text[0] != '.' && text[0] != ',') || !is_digit(text[1])) return;
  std::size_t end = 1;
  while (end < text.size() && is_digit(text[end]))
    ++end;
  text.remove_prefix(end);
}

/// "12:03:04" as seconds of the day, with what may stand around it in a log.
std::optional<int> take_time(std::string_view& text) {
  const bool has_bracket = take(text, "[");
  for (const std::string_view date : {"9999-99-99", "9999/99/99"})
    if (take(text, date) && !take(text, " ") && !take(text, "T")) return std::nullopt;
  const std::string_view time = text;
  if (!take(text, "99:99:99")) return std::nullopt;
  const auto number = [&](std::size_t at) { return (time[at] - '0') * 10 + time[at + 1] - '0'; };
  take_fraction(text);
  (void)(take(text, "Z") || take(text, "+99:99") || take(text, "-99:99") || take(text, "+9999") ||
         take(text, "-9999"));
  if (has_bracket && !take(text, "]")) return std::nullopt;
  return number(0) * 3600 + number(3) * 60 + number(6);
}

bool is_near(int one, int other) {
  const int apart = std::abs(one - other) % seconds_of_a_day;
  return apart <= tolerance_seconds || apart >= seconds_of_a_day - tolerance_seconds;
}

}  // namespace

std::string_view without_own_time(std::string_view line, std::int64_t time_ns) {
  std::string_view rest = line;
  const auto said = take_time(rest);
  if (!said || rest.empty()) return line;
  const auto came = static_cast<std::time_t>(time_ns / 1'000'000'000);
  std::tm local{};
  std::tm utc{};
  ::localtime_r(&came, &local);
  ::gmtime_r(&came, &utc);
  const auto second_of = [](const std::tm& time) {
    return time.tm_hour * 3600 + time.tm_min * 60 + time.tm_sec;
  };
  if (!is_near(*said, second_of(local)) && !is_near(*said, second_of(utc))) return line;
  // What stands between the time and the text.
  const std::string_view behind = rest;
  take_spaces(rest);
  for (const std::string_view separator : {"- ", "| ", ": "})
    if (take(rest, separator)) break;
  take_spaces(rest);
  return rest.empty() || rest.size() == behind.size() ? line : rest;
}

}  // namespace dora::cli

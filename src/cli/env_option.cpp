// SPDX-License-Identifier: Apache-2.0
#include "cli/env_option.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string_view>

#include <fmt/format.h>

namespace dora::cli {
namespace {

bool is_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// The text that a plain YAML scalar stands for, when it is no string: the core schema of YAML 1.2.
std::optional<std::string> retyped(std::string_view text) {
  constexpr std::array<std::string_view, 4> nulls{"~", "null", "Null", "NULL"};
  if (std::ranges::find(nulls, text) != nulls.end()) return "";
  for (const std::string_view word : {"true", "false"}) {
    std::string capital(word);
    capital[0] = static_cast<char>(capital[0] - 'a' + 'A');
    std::string upper(word);
    for (char& c : upper)
      c = static_cast<char>(c - 'a' + 'A');
    if (text == word || text == capital || text == upper) return std::string(word);
  }
  std::string_view digits = text;
  const bool is_negative = digits.starts_with('-');
  if (digits.starts_with('-') || digits.starts_with('+')) digits.remove_prefix(1);
  for (const std::string_view special : {".inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN"})
    if (digits == special) return "a number";
  for (const auto& [prefix, base] : {std::pair<std::string_view, int>{"0x", 16}, {"0o", 8}}) {
    if (!text.starts_with(prefix)) continue;
    unsigned long long value = 0;
    const auto [end, error] =
        std::from_chars(text.data() + 2, text.data() + text.size(), value, base);
    if (error == std::errc() && end == text.data() + text.size()) return fmt::format("{}", value);
    return std::nullopt;
  }
  if (is_digits(digits)) {
    const auto first = digits.find_first_not_of('0');
    const std::string_view plain = first == std::string_view::npos ? "0" : digits.substr(first);
    return fmt::format("{}{}", is_negative && plain != "0" ? "-" : "", plain);
  }
  double value = 0;
  const char* last = digits.data() + digits.size();
  if (digits.empty() || (digits[0] != '.' && (digits[0] < '0' || digits[0] > '9')))
    return std::nullopt;
  const auto [end, error] = std::from_chars(digits.data(), last, value);
  if (end != last || error == std::errc::invalid_argument) return std::nullopt;
  return fmt::format("{}{}", is_negative ? "-" : "", value);
}

}  // namespace

Result<std::map<std::string, std::string>> parse_env_options(std::span<const std::string> options) {
  std::map<std::string, std::string> variables;
  for (const std::string& option : options) {
    const auto refuse = [&](std::string_view why) {
      return fail(ErrorKind::InvalidInput, fmt::format("--env {}: {}", option, why));
    };
    const auto equals = option.find('=');
    if (equals == std::string::npos) return refuse("write it as KEY=VALUE");
    const std::string key = option.substr(0, equals);
    const std::string value = option.substr(equals + 1);
    if (key.empty()) return refuse("there is no name before the `=`");
    if (value.find('$') != std::string::npos)
      return refuse(
          "`$` is not expanded here: let the shell expand it, or set the variable in the YAML");
    if (const auto other = retyped(value); other && *other != value)
      return refuse(fmt::format(
          "YAML reads `{}` as {}, not as this text: put it into the YAML in quotes, e.g. "
          "env: {{{}: \"{}\"}}",
          value, other->empty() ? "nothing" : fmt::format("`{}`", *other), key, value));
    variables[key] = value;
  }
  return variables;
}

}  // namespace dora::cli

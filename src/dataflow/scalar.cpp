// SPDX-License-Identifier: Apache-2.0
#include "dataflow/scalar.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

#include <fmt/format.h>

namespace dora::dataflow {
namespace {

// No number that means something is longer.
constexpr std::size_t number_limit = 400;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::size_t skip_digits(std::string_view text, std::size_t from) {
  while (from < text.size() && is_digit(text[from]))
    ++from;
  return from;
}

std::string_view without_sign(std::string_view text) {
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  return text;
}

bool is_decimal_integer(std::string_view text) {
  return !text.empty() && skip_digits(text, 0) == text.size();
}

bool is_based_integer(std::string_view text) {
  if (text.size() < 3 || text[0] != '0') return false;
  std::string_view digits = text.substr(2);
  if (text[1] == 'o')
    return std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '7'; });
  auto is_hex = [](char c) {
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
  };
  return text[1] == 'x' && std::ranges::all_of(digits, is_hex);
}

bool is_infinity(std::string_view text) {
  return text == ".inf" || text == ".Inf" || text == ".INF";
}

bool is_nan(std::string_view text) {
  return text == ".nan" || text == ".NaN" || text == ".NAN";
}

// digits with at most one point and an optional exponent; at least one digit before the exponent.
bool is_decimal(std::string_view text) {
  std::size_t whole = skip_digits(text, 0);
  std::size_t end = whole;
  std::size_t digits = whole;
  if (end < text.size() && text[end] == '.') {
    std::size_t fraction = skip_digits(text, end + 1);
    digits += fraction - end - 1;
    end = fraction;
  }
  if (digits == 0) return false;
  if (end < text.size() && (text[end] == 'e' || text[end] == 'E')) {
    ++end;
    if (end < text.size() && (text[end] == '-' || text[end] == '+')) ++end;
    std::size_t exponent = skip_digits(text, end);
    if (exponent == end) return false;
    end = exponent;
  }
  return end == text.size();
}

double to_double(std::string_view text) {
  double value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc::result_out_of_range) return value;
  // Out of range is too large or too small; the exponent's sign tells which.
  bool is_tiny =
      text.contains("e-") || text.contains("E-") || text.starts_with("0") || text.starts_with(".");
  return is_tiny ? 0 : std::numeric_limits<double>::infinity();
}

}  // namespace

ScalarKind scalar_kind(const YamlNode& node) {
  if (node.is_null()) return ScalarKind::Null;
  const std::string& text = node.text;
  if (!node.is_plain || text.size() > number_limit) return ScalarKind::String;
  if (text == "true" || text == "True" || text == "TRUE" || text == "false" || text == "False" ||
      text == "FALSE") {
    return ScalarKind::Bool;
  }
  std::string_view number = without_sign(text);
  if (is_decimal_integer(number) || is_based_integer(text)) return ScalarKind::Integer;
  if (is_decimal(number) || is_infinity(number) || is_nan(text)) return ScalarKind::Float;
  return ScalarKind::String;
}

bool bool_value(const YamlNode& node) {
  return node.text[0] == 't' || node.text[0] == 'T';
}

std::optional<std::uint64_t> unsigned_value(const YamlNode& node) {
  std::string_view text = node.text;
  if (text.starts_with('-')) {
    bool is_zero = text.find_first_not_of("-0") == std::string_view::npos;
    return is_zero ? std::optional<std::uint64_t>(0) : std::nullopt;
  }
  text = without_sign(text);
  int base = text.starts_with("0x") ? 16 : text.starts_with("0o") ? 8 : 10;
  if (base != 10) text.remove_prefix(2);
  std::uint64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::int64_t> integer_value(const YamlNode& node) {
  if (!node.text.starts_with('-')) {
    auto value = unsigned_value(node);
    if (!value || *value > std::numeric_limits<std::int64_t>::max()) return std::nullopt;
    return static_cast<std::int64_t>(*value);
  }
  std::int64_t value = 0;
  const char* end = node.text.data() + node.text.size();
  auto result = std::from_chars(node.text.data(), end, value);
  if (result.ec != std::errc() || result.ptr != end) return std::nullopt;
  return value;
}

double float_value(const YamlNode& node) {
  if (scalar_kind(node) == ScalarKind::Integer) {
    if (auto value = integer_value(node)) return static_cast<double>(*value);
    if (auto value = unsigned_value(node)) return static_cast<double>(*value);
  }
  std::string_view text = node.text;
  if (is_nan(text)) return std::numeric_limits<double>::quiet_NaN();
  bool is_negative = text.starts_with('-');
  text = without_sign(text);
  double value = is_infinity(text) ? std::numeric_limits<double>::infinity() : to_double(text);
  return is_negative ? -value : value;
}

std::string number_text(const YamlNode& node) {
  if (scalar_kind(node) == ScalarKind::Integer) {
    if (auto value = integer_value(node)) return std::to_string(*value);
  }
  double value = float_value(node);
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  // Enough for every double without an exponent: 309 digits before the point, or 1074 behind it.
  std::array<char, 1100> buffer;
  auto end =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::fixed);
  return end.ec == std::errc() ? std::string(buffer.data(), end.ptr) : node.text;
}

std::string describe(const YamlNode& node) {
  if (node.is_sequence()) return "a list";
  if (node.is_mapping()) return "a map";
  switch (scalar_kind(node)) {
    case ScalarKind::Null:
      return "nothing";
    case ScalarKind::Bool:
      return fmt::format("the truth value `{}`", node.text);
    case ScalarKind::Integer:
    case ScalarKind::Float:
      return fmt::format("the number `{}`", shown(node.text));
    case ScalarKind::String:
      break;
  }
  return fmt::format("the text `{}`", shown(node.text));
}

std::optional<double> parse_decimal(std::string_view text) {
  if (text.size() > number_limit || !is_decimal(text)) return std::nullopt;
  double value = to_double(text);
  return std::isfinite(value) ? std::optional(value) : std::nullopt;
}

Result<std::uint64_t> parse_size(std::string_view text) {
  constexpr std::string_view wanted =
      "a size is a number with B, KB, MB or GB behind it, e.g. `64MB`";
  std::size_t digits = std::min(text.find_first_not_of("0123456789."), text.size());
  auto number = parse_decimal(text.substr(0, digits));
  if (!number) return fail(ErrorKind::InvalidInput, std::string(wanted));
  std::string_view unit = text.substr(digits);
  unit.remove_prefix(std::min(unit.find_first_not_of(' '), unit.size()));
  std::string upper(unit.substr(0, 3));
  for (char& c : upper)
    c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  double factor = 0;
  if (upper.empty() || upper == "B") factor = 1;
  if (upper == "K" || upper == "KB") factor = 1024;
  if (upper == "M" || upper == "MB") factor = 1024.0 * 1024;
  if (upper == "G" || upper == "GB") factor = 1024.0 * 1024 * 1024;
  if (factor == 0) return fail(ErrorKind::InvalidInput, std::string(wanted));
  double bytes = *number * factor;
  // Sizes become file and memory offsets, which are signed.
  if (bytes >= 0x1p63) return fail(ErrorKind::InvalidInput, "the size is too large");
  return static_cast<std::uint64_t>(bytes);
}

std::optional<std::chrono::nanoseconds> to_duration(double seconds) {
  constexpr double century = 100.0 * 365.25 * 24 * 3600;
  if (!std::isfinite(seconds) || seconds < 0 || seconds > century) return std::nullopt;
  return std::chrono::nanoseconds(static_cast<std::int64_t>(std::llround(seconds * 1e9)));
}

}  // namespace dora::dataflow

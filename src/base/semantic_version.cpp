// SPDX-License-Identifier: Apache-2.0
#include "base/semantic_version.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace dora {
namespace {

constexpr std::size_t longest_version = 256;

std::string_view without_blanks(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") + 1 - begin);
}

bool is_numeric(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

std::optional<std::uint64_t> to_number(std::string_view text) {
  std::uint64_t number = 0;
  if (!is_numeric(text) || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  // Its successor is needed, too.
  if (error != std::errc() || number == std::numeric_limits<std::uint64_t>::max())
    return std::nullopt;
  return number;
}

std::vector<std::string> split(std::string_view text, char at) {
  std::vector<std::string> parts;
  for (;;) {
    const auto end = text.find(at);
    parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

bool are_identifiers(const std::vector<std::string>& parts, bool may_begin_with_zero) {
  return std::ranges::all_of(parts, [&](const std::string& part) {
    const bool has_zero = part.size() > 1 && part.front() == '0' && is_numeric(part);
    return !part.empty() && (may_begin_with_zero || !has_zero) &&
           std::ranges::all_of(part, [](char c) {
             return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                    c == '-';
           });
  });
}

std::strong_ordering compare_identifiers(const std::string& a, const std::string& b) {
  if (is_numeric(a) != is_numeric(b))
    return is_numeric(a) ? std::strong_ordering::less : std::strong_ordering::greater;
  // Numbers have no leading zeros: the longer one is greater.
  if (is_numeric(a) && a.size() != b.size()) return a.size() <=> b.size();
  return a.compare(b) <=> 0;
}

/// The numbers that are written, as far as they are: `1`, `1.2`, `1.*`.
struct Numbers {
  std::vector<std::uint64_t> values;
  bool has_wildcard = false;
  std::vector<std::string> prerelease;
};

std::optional<Numbers> parse_numbers(std::string_view text) {
  Numbers numbers;
  text = text.substr(0, text.find('+'));
  if (const auto dash = text.find('-'); dash != std::string_view::npos) {
    numbers.prerelease = split(text.substr(dash + 1), '.');
    if (!are_identifiers(numbers.prerelease, false)) return std::nullopt;
    text = text.substr(0, dash);
  }
  for (const std::string& part : split(text, '.')) {
    const bool is_wildcard = part == "*" || part == "x" || part == "X";
    const auto number = to_number(part);
    if (numbers.values.size() == 3 || (!is_wildcard && !number) ||
        (numbers.has_wildcard && !is_wildcard))
      return std::nullopt;
    numbers.has_wildcard = numbers.has_wildcard || is_wildcard;
    if (number) numbers.values.push_back(*number);
  }
  const bool is_whole = numbers.values.size() == 3;
  if (!numbers.prerelease.empty() && !is_whole) return std::nullopt;
  return numbers;
}

SemanticVersion filled(const Numbers& numbers) {
  SemanticVersion version;
  version.prerelease = numbers.prerelease;
  if (!numbers.values.empty()) version.major_number = numbers.values[0];
  if (numbers.values.size() > 1) version.minor_number = numbers.values[1];
  if (numbers.values.size() > 2) version.patch_number = numbers.values[2];
  return version;
}

/// The first version after all whose first `count` numbers are those of `version`.
SemanticVersion after(const SemanticVersion& version, std::size_t count) {
  if (count < 2) return {.major_number = version.major_number + 1};
  if (count == 2)
    return {.major_number = version.major_number, .minor_number = version.minor_number + 1};
  return {.major_number = version.major_number,
          .minor_number = version.minor_number,
          .patch_number = version.patch_number + 1};
}

/// How many of the numbers a compatible version shares: up to the first that is not 0.
std::size_t compatible_numbers(const Numbers& numbers) {
  for (std::size_t i = 0; i < numbers.values.size(); ++i)
    if (numbers.values[i] != 0) return i + 1;
  return numbers.values.size();
}

}  // namespace

Result<SemanticVersion> SemanticVersion::parse(std::string_view text) {
  const auto refuse = [&] {
    return fail(ErrorKind::InvalidInput,
                fmt::format("`{}` is no version such as `1.2.3`", text.substr(0, longest_version)));
  };
  if (text.size() > longest_version) return refuse();
  const auto numbers = parse_numbers(text);
  if (!numbers || numbers->has_wildcard || numbers->values.size() != 3) return refuse();
  SemanticVersion version = filled(*numbers);
  if (const auto plus = text.find('+'); plus != std::string_view::npos) {
    version.build = text.substr(plus + 1);
    if (!are_identifiers(split(version.build, '.'), true)) return refuse();
  }
  return version;
}

std::string SemanticVersion::text() const {
  return fmt::format("{}.{}.{}{}{}{}{}", major_number, minor_number, patch_number,
                     prerelease.empty() ? "" : "-", fmt::join(prerelease, "."),
                     build.empty() ? "" : "+", build);
}

std::strong_ordering SemanticVersion::operator<=>(const SemanticVersion& other) const {
  if (const auto order = major_number <=> other.major_number; order != 0) return order;
  if (const auto order = minor_number <=> other.minor_number; order != 0) return order;
  if (const auto order = patch_number <=> other.patch_number; order != 0) return order;
  if (prerelease.empty() || other.prerelease.empty())
    return prerelease.empty() <=> other.prerelease.empty();
  return std::lexicographical_compare_three_way(prerelease.begin(), prerelease.end(),
                                                other.prerelease.begin(), other.prerelease.end(),
                                                compare_identifiers);
}

Result<VersionRequirement> VersionRequirement::parse(std::string_view text) {
  VersionRequirement requirement;
  requirement.text_ = without_blanks(text);
  if (requirement.text_ == "*") return requirement;
  if (text.size() > longest_version)
    return fail(ErrorKind::InvalidInput, "the requirement is too long");
  for (const std::string& part : split(text, ','))
    requirement.ranges_.push_back(TRY(parse_part(without_blanks(part))));
  return requirement;
}

Result<VersionRequirement::Range> VersionRequirement::parse_part(std::string_view text) {
  const auto refuse = [&] {
    return fail(
        ErrorKind::InvalidInput,
        fmt::format("`{}` is no requirement such as `^1.2`, `~1.2`, `>=1.0, <2` or `=1.2.3`",
                    text));
  };
  const std::size_t begin = std::min(text.find_first_not_of("=<>~^"), text.size());
  const std::string_view sign = text.substr(0, begin);
  const auto numbers = parse_numbers(without_blanks(text.substr(begin)));
  if (!numbers) return refuse();
  Range range;
  range.low = filled(*numbers);
  range.names_prerelease = !numbers->prerelease.empty();
  range.named = range.low;
  const std::size_t count = numbers->values.size();
  const auto below = [&](const SemanticVersion& high) {
    range.has_high = true;
    range.high = high;
  };
  if (count == 0) return sign.empty() ? Result<Range>(range) : refuse();
  if (numbers->has_wildcard && !sign.empty() && sign != "=") return refuse();
  if (sign == "=" || numbers->has_wildcard) {
    if (count == 3) {
      below(range.low);
      range.includes_high = true;
    } else {
      below(after(range.low, count));
    }
  } else if (sign == "~") {
    below(after(range.low, std::min<std::size_t>(count, 2)));
  } else if (sign == "^" || sign.empty()) {
    below(after(range.low, compatible_numbers(*numbers)));
  } else if (sign == ">") {
    if (count == 3) {
      range.excludes_low = true;
    } else {
      range.low = after(range.low, count);
    }
  } else if (sign == "<") {
    below(range.low);
    range.low = {};
  } else if (sign == "<=") {
    below(count == 3 ? range.low : after(range.low, count));
    range.includes_high = count == 3;
    range.low = {};
  } else if (sign != ">=") {
    return refuse();
  }
  return range;
}

bool VersionRequirement::matches(const SemanticVersion& version) const {
  const bool fits = std::ranges::all_of(ranges_, [&](const Range& range) {
    if (version < range.low || (range.excludes_low && version == range.low)) return false;
    return !range.has_high || version < range.high ||
           (range.includes_high && version == range.high);
  });
  if (!fits || version.prerelease.empty()) return fits;
  return std::ranges::any_of(ranges_, [&](const Range& range) {
    return range.names_prerelease && range.named.major_number == version.major_number &&
           range.named.minor_number == version.minor_number &&
           range.named.patch_number == version.patch_number;
  });
}

}  // namespace dora

// SPDX-License-Identifier: Apache-2.0
#include "build/script_block.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <compare>
#include <fstream>

namespace dora::build {
namespace {

struct Version {
  std::array<unsigned, 3> numbers{};
  std::size_t count = 0;
  /// "3.11.*"
  bool is_prefix = false;
};

std::optional<Version> parse_version(std::string_view text) {
  Version version;
  while (!text.empty()) {
    const std::string_view part = text.substr(0, text.find('.'));
    text.remove_prefix(std::min(text.size(), part.size() + 1));
    if (part == "*" && text.empty() && version.count > 0) {
      version.is_prefix = true;
      return version;
    }
    if (version.count == version.numbers.size()) return std::nullopt;
    unsigned& number = version.numbers[version.count++];
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), number);
    if (error != std::errc() || end != part.data() + part.size()) return std::nullopt;
  }
  return version.count == 0 ? std::nullopt : std::optional(version);
}

bool begins_with(const Version& version, const Version& prefix, std::size_t count) {
  return std::equal(prefix.numbers.begin(), prefix.numbers.begin() + count,
                    version.numbers.begin());
}

bool fits_clause(const Version& version, std::string_view clause) {
  const std::size_t begin = clause.find_first_not_of("<>=!~");
  if (begin == std::string_view::npos) return false;
  const std::string_view operation = clause.substr(0, begin);
  const auto wanted = parse_version(trimmed(clause.substr(begin)));
  if (!wanted) return false;
  const auto order = version.numbers <=> wanted->numbers;
  const bool is_equal = wanted->is_prefix ? begins_with(version, *wanted, wanted->count)
                                          : order == std::strong_ordering::equal;
  if (operation == "==" || operation == "===") return is_equal;
  if (operation == "!=") return !is_equal;
  if (wanted->is_prefix) return false;
  if (operation == ">=") return order >= 0;
  if (operation == "<=") return order <= 0;
  if (operation == ">") return order > 0;
  if (operation == "<") return order < 0;
  if (operation == "~=")
    return wanted->count > 1 && order >= 0 && begins_with(version, *wanted, wanted->count - 1);
  return false;
}

}  // namespace

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r") + 1 - begin);
}

std::optional<std::string> read_script_block(const std::filesystem::path& script) {
  std::ifstream file(script);
  std::optional<std::string> block;
  for (std::string line; std::getline(file, line);) {
    if (line.ends_with('\r')) line.pop_back();
    if (!block) {
      if (line == "# /// script") block.emplace();
      continue;
    }
    if (line == "# ///") return block;
    if (!line.starts_with('#')) {
      block.reset();
      continue;
    }
    *block += line.size() > 2 ? line.substr(2) : "";
    *block += '\n';
  }
  return std::nullopt;
}

std::string required_python(std::string_view block) {
  while (!block.empty()) {
    std::string_view line = block.substr(0, block.find('\n'));
    block.remove_prefix(std::min(block.size(), line.size() + 1));
    line = trimmed(line);
    if (line.starts_with('[')) return {};  // of a tool
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos || trimmed(line.substr(0, equals)) != "requires-python")
      continue;
    const std::string_view value = trimmed(line.substr(equals + 1));
    if (value.empty() || (value[0] != '"' && value[0] != '\'')) return {};
    const std::size_t end = value.find(value[0], 1);
    return end == std::string_view::npos ? std::string() : std::string(value.substr(1, end - 1));
  }
  return {};
}

bool fits_version(std::string_view version, std::string_view specifier) {
  const auto parsed = parse_version(version);
  if (!parsed) return false;
  while (!specifier.empty()) {
    const std::string_view clause = specifier.substr(0, specifier.find(','));
    specifier.remove_prefix(std::min(specifier.size(), clause.size() + 1));
    if (!fits_clause(*parsed, trimmed(clause))) return false;
  }
  return true;
}

}  // namespace dora::build

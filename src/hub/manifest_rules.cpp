// SPDX-License-Identifier: Apache-2.0
// What a name, a program, a platform or a variable of a manifest may be.
#include "hub/manifest_rules.hpp"

#include <algorithm>
#include <array>

#include "base/spelling.hpp"
#include "hub/manifest.hpp"

namespace dora::hub {
namespace {

constexpr std::size_t longest_namespace = 39;
constexpr std::size_t longest_name = 64;

constexpr std::array<std::string_view, 10> forbidden_variables = {"path",
                                                                  "pythonpath",
                                                                  "pythonhome",
                                                                  "pythonstartup",
                                                                  "pythonexecutable",
                                                                  "pythonbreakpoint",
                                                                  "virtual_env",
                                                                  "bash_env",
                                                                  "env",
                                                                  "ifs"};
constexpr std::array<std::string_view, 3> forbidden_beginnings = {"ld_", "dyld_", "dora_"};

bool is_small_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool is_letter_or_digit(char c) {
  return is_small_or_digit(c) || (c >= 'A' && c <= 'Z');
}

bool consists_of(std::string_view text, bool (*is_basic)(char), std::string_view others) {
  return std::ranges::all_of(
      text, [&](char c) { return is_basic(c) || others.find(c) != std::string_view::npos; });
}

}  // namespace

bool is_namespace(std::string_view text) {
  return !text.empty() && text.size() <= longest_namespace &&
         consists_of(text, is_small_or_digit, "-") && !text.starts_with('-') &&
         !text.ends_with('-') && !text.contains("--") && text != "std";
}

bool is_package_name(std::string_view text) {
  return !text.empty() && text.size() <= longest_name &&
         consists_of(text, is_small_or_digit, "-_.") && is_small_or_digit(text.front()) &&
         is_small_or_digit(text.back());
}

bool is_confined_path(std::string_view text) {
  if (text.empty() || !consists_of(text, is_letter_or_digit, "._-/\\") ||
      text.find_first_of("/\\") == 0)
    return false;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of("/\\"), text.size());
    if (text.substr(0, end) == "..") return false;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return true;
}

bool is_entrypoint(std::string_view text) {
  return is_confined_path(text) && !text.starts_with('-') && text != "dynamic" && text != "shell";
}

bool is_platform(std::string_view text) {
  const auto dash = text.find('-');
  const std::string_view system = text.substr(0, dash);
  const std::string_view machine = dash == text.npos ? "" : text.substr(dash + 1);
  return (system == "linux" || system == "macos" || system == "windows") &&
         (machine == "x86_64" || machine == "aarch64" || machine == "armv7");
}

bool is_variable_name(std::string_view text) {
  return !text.empty() && consists_of(text, is_letter_or_digit, "_") &&
         !(text.front() >= '0' && text.front() <= '9');
}

bool is_harmless_variable(std::string_view text) {
  const std::string name = to_lower(text);
  return std::ranges::find(forbidden_variables, name) == forbidden_variables.end() &&
         std::ranges::none_of(forbidden_beginnings, [&](std::string_view beginning) {
           return name.starts_with(beginning);
         });
}

std::string_view own_platform() {
#if defined(__x86_64__)
  return "linux-x86_64";
#elif defined(__aarch64__)
  return "linux-aarch64";
#else
  return "linux-armv7";
#endif
}

}  // namespace dora::hub

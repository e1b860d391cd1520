// SPDX-License-Identifier: Apache-2.0
#include "cli/console_text.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include <fmt/format.h>

namespace dora::cli {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";

struct Character {
  std::uint32_t code = 0;
  std::size_t bytes = 1;
  bool is_valid = false;
};

// The first character of `text`, which is not empty.
Character decode(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return {first, 1, true};
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < length) return {};
  std::uint32_t code = first & (0x7FU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0U) != 0x80) return {};
    code = (code << 6) | (byte(i) & 0x3FU);
  }
  constexpr std::array<std::uint32_t, 5> smallest{0, 0, 0x80, 0x800, 0x10000};
  if (code < smallest[length] || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return {};
  return {code, length, true};
}

// Length of the sequence `ESC [ digits ; : m` at the start of `text`, or 0.
std::size_t color_sequence(std::string_view text) {
  if (!text.starts_with("\x1b[")) return 0;
  const auto end = text.find_first_not_of("0123456789;:", 2);
  if (end == std::string_view::npos || text[end] != 'm' || end > 40) return 0;
  return end + 1;
}

// Invisible characters that reorder the text around them.
bool is_bidirectional_control(std::uint32_t code) {
  return code == 0x061C || code == 0x200E || code == 0x200F || (code >= 0x202A && code <= 0x202E) ||
         (code >= 0x2066 && code <= 0x2069);
}

bool is_wide(std::uint32_t code) {
  constexpr std::array<std::pair<std::uint32_t, std::uint32_t>, 9> ranges{{{0x1100, 0x115F},
                                                                           {0x2E80, 0x303E},
                                                                           {0x3041, 0xA4CF},
                                                                           {0xAC00, 0xD7A3},
                                                                           {0xF900, 0xFAFF},
                                                                           {0xFE30, 0xFE6F},
                                                                           {0xFF00, 0xFF60},
                                                                           {0x1F300, 0x1FAFF},
                                                                           {0x20000, 0x3FFFD}}};
  return std::ranges::any_of(
      ranges, [&](const auto& range) { return code >= range.first && code <= range.second; });
}

}  // namespace

std::string terminal_safe(std::string_view text, bool keep_colors) {
  const auto is_plain = [](char c) { return c >= 0x20 && c < 0x7F; };
  if (std::ranges::all_of(text, is_plain)) return std::string(text);
  std::string safe;
  safe.reserve(text.size());
  bool is_colored = false;
  while (!text.empty()) {
    if (const std::size_t length = color_sequence(text); length > 0) {
      if (keep_colors) {
        safe += text.substr(0, length);
        is_colored = text.substr(0, length) != "\x1b[0m" && text.substr(0, length) != "\x1b[m";
      }
      text.remove_prefix(length);
      continue;
    }
    const Character character = decode(text);
    if (!character.is_valid) {
      safe += replacement;
    } else if (character.code == '\t') {
      safe += '\t';
    } else if (character.code == '\r' && text.size() == 1) {
      // The carriage return of a line that ended in CR LF.
    } else if (character.code < 0x20) {
      // U+2400 and following are pictures of the control characters.
      safe += fmt::format("\xE2\x90{}", static_cast<char>(0x80 + character.code));
    } else if (character.code == 0x7F) {
      safe += "\xE2\x90\xA1";
    } else if (character.code >= 0x80 && character.code < 0xA0) {
      safe += fmt::format("\\x{:02x}", character.code);
    } else if (is_bidirectional_control(character.code)) {
      safe += fmt::format("\\u{{{:04x}}}", character.code);
    } else {
      safe += text.substr(0, character.bytes);
    }
    text.remove_prefix(character.bytes);
  }
  if (is_colored) safe += "\x1b[0m";
  return safe;
}

std::string without_colors(std::string_view text) {
  std::string plain;
  plain.reserve(text.size());
  while (!text.empty()) {
    const std::size_t until = std::min(text.find('\x1b'), text.size());
    plain += text.substr(0, until);
    text.remove_prefix(until);
    if (text.empty()) break;
    const std::size_t length = color_sequence(text);
    if (length == 0) plain += text[0];
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return plain;
}

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    const Character character = decode(text);
    const bool is_combining = character.code >= 0x300 && character.code <= 0x36F;
    width += is_combining ? 0 : is_wide(character.code) ? 2 : 1;
    text.remove_prefix(character.bytes);
  }
  return width;
}

}  // namespace dora::cli

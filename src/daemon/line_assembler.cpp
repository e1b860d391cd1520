// SPDX-License-Identifier: Apache-2.0
#include "daemon/line_assembler.hpp"

#include <utility>

namespace dora::daemon {
namespace {

/// The length of the well-formed character at the head of `bytes`; 0 when there is none.
std::size_t character_length(std::string_view bytes) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  std::size_t length = 0;
  // The second byte's range excludes overlong forms, surrogates and what lies beyond U+10FFFF.
  unsigned char low = 0x80;
  unsigned char high = 0xbf;
  if (first >= 0xc2 && first <= 0xdf) {
    length = 2;
  } else if (first >= 0xe0 && first <= 0xef) {
    length = 3;
    if (first == 0xe0) low = 0xa0;
    if (first == 0xed) high = 0x9f;
  } else if (first >= 0xf0 && first <= 0xf4) {
    length = 4;
    if (first == 0xf0) low = 0x90;
    if (first == 0xf4) high = 0x8f;
  } else {
    return 0;
  }
  if (bytes.size() < length || byte(1) < low || byte(1) > high) return 0;
  for (std::size_t i = 2; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  return length;
}

}  // namespace

std::string to_utf8(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  while (!bytes.empty()) {
    const std::size_t length = character_length(bytes);
    if (length == 0) {
      text += "\xef\xbf\xbd";
    } else {
      text += bytes.substr(0, length);
    }
    bytes.remove_prefix(length == 0 ? 1 : length);
  }
  return text;
}

std::string without_escapes(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c == 0x1b && i + 1 < text.size() && text[i + 1] == '[') {
      // A control sequence ends with the first byte in @ to ~.
      for (i += 2; i < text.size() && (text[i] < 0x40 || text[i] > 0x7e);)
        ++i;
    } else if (c == 0x1b) {
      ++i;
    } else if (c >= 0x20 || c == '\t') {
      plain += text[i];
    }
  }
  return plain;
}

void LineAssembler::feed(std::string_view bytes, const OnLine& on_line) {
  while (!bytes.empty()) {
    const Return before = std::exchange(return_, Return::None);
    if (bytes.front() == '\n' && before == Return::EndedLine) {
      bytes.remove_prefix(1);
      continue;
    }
    const std::size_t end = bytes.find_first_of("\r\n");
    line_ += bytes.substr(0, end);
    while (line_.size() > max_line_bytes)
      cut(on_line);
    if (end == std::string_view::npos) return;
    if (bytes[end] == '\n') {
      emit(on_line);
    } else if (!line_.empty()) {
      emit(on_line);
      return_ = Return::EndedLine;
    } else {
      // Nothing was on the line: a progress bar begins with it, or "\r\n" is an empty line.
      return_ = Return::EndedNothing;
    }
    bytes.remove_prefix(end + 1);
  }
}

void LineAssembler::finish(const OnLine& on_line) {
  if (!line_.empty()) emit(on_line);
  return_ = Return::None;
}

void LineAssembler::emit(const OnLine& on_line) {
  on_line(to_utf8(std::exchange(line_, {})), false);
}

void LineAssembler::cut(const OnLine& on_line) {
  // Not inside a character: step back over its continuation bytes.
  std::size_t end = max_line_bytes;
  while (end > max_line_bytes - 4 && (static_cast<unsigned char>(line_[end]) & 0xc0) == 0x80)
    --end;
  on_line(to_utf8(std::string_view(line_).substr(0, end)), true);
  line_.erase(0, end);
}

}  // namespace dora::daemon

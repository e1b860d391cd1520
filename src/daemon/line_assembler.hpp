#pragma once
// SPDX-License-Identifier: Apache-2.0
// Makes lines of the bytes that a program writes.

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace dora::daemon {

/// Longer lines are cut into pieces of this many bytes, at most.
inline constexpr std::size_t max_line_bytes = 1 << 20;

/// A value with a memory: the line that has begun. "\n", "\r\n" and a "\r" alone end a line; what a
/// progress bar overwrites is thereby not lost.
class LineAssembler {
 public:
  /// `text` is well-formed UTF-8 (other bytes became U+FFFD), without its line end. `is_continued`:
  /// the line was cut here and goes on.
  using OnLine = std::function<void(std::string text, bool is_continued)>;

  void feed(std::string_view bytes, const OnLine& on_line);
  /// No more comes: what is left is a line.
  void finish(const OnLine& on_line);

 private:
  void emit(const OnLine& on_line);
  void cut(const OnLine& on_line);

  /// What a "\r" that came last did. A "\n" after it belongs to it.
  enum class Return { None, EndedLine, EndedNothing };

  std::string line_;
  Return return_ = Return::None;
};

/// Bytes that are no UTF-8 replaced by U+FFFD.
std::string to_utf8(std::string_view bytes);

/// Without escape sequences and other control characters, except tabs.
std::string without_escapes(std::string_view text);

}  // namespace dora::daemon

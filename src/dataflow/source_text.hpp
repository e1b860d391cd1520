#pragma once
// SPDX-License-Identifier: Apache-2.0
// The text of one YAML file and places in it. Values of a dataflow remember where they were
// written, so that a check made later can still point there.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace dora::dataflow {

/// A run of bytes in one of the files of a dataflow. The first file is the dataflow itself, others
/// are modules.
struct Location {
  std::uint32_t source = 0;
  std::uint32_t offset = 0;
  std::uint32_t length = 0;
  bool operator==(const Location&) const = default;
};

/// A file as it was read.
class SourceText {
 public:
  SourceText(std::string name, std::string text);

  /// The path to show, as the user gave it.
  const std::string& name() const { return name_; }
  const std::string& text() const { return text_; }

  /// The number of the line that holds the byte `offset`, from 1.
  std::size_t line_of(std::size_t offset) const;
  /// The bytes of line `number` (from 1) without its end.
  std::string_view line(std::size_t number) const;
  /// Where line `number` begins.
  std::size_t start_of_line(std::size_t number) const { return starts_[number - 1]; }

 private:
  std::string name_;
  std::string text_;
  std::vector<std::size_t> starts_;
};

using SourceTexts = std::vector<std::shared_ptr<const SourceText>>;

/// The number of characters in UTF-8 `text`; a stray byte counts as one.
std::size_t count_characters(std::string_view text);

/// The length of the UTF-8 character at the start of `text`, 0 when there is none.
std::size_t character_length(std::string_view text);

/// Text from outside as a terminal may get it: control characters and what is not UTF-8 become `?`.
std::string printable(std::string_view text);

/// The same for a message: in full up to `limit` characters, then cut with an ellipsis.
std::string shown(std::string_view text, std::size_t limit = 60);

}  // namespace dora::dataflow

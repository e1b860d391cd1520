#pragma once
// SPDX-License-Identifier: Apache-2.0
// Text for a terminal of 80 columns: wrapped lines, and rows of a label and its explanation.

#include <cstddef>
#include <string>
#include <string_view>

namespace dora::cli {

inline constexpr std::size_t text_width = 80;

/// Paragraphs, lists and indented lines of `text`, no line longer than `width` where words allow
/// it. A single line end inside a paragraph is a space; lines that begin with a space, and empty
/// ones, stay as they are. Ends with a line end.
std::string wrap(std::string_view text, std::size_t width = text_width);

/// "  label     explanation", the explanation wrapped behind `label_width`; a label that is longer
/// gets a line of its own.
std::string row(std::string_view label, std::size_t label_width, std::string_view explanation);

/// `lines` with `prefix` before each that is not empty.
std::string indented(std::string_view lines, std::string_view prefix = "  ");

}  // namespace dora::cli

#pragma once
// SPDX-License-Identifier: Apache-2.0
// Text of nodes made fit for a terminal: a node may colour its words, but it cannot move the
// cursor, set the title, switch the character set or fake another node's line.

#include <string>
#include <string_view>

namespace dora::cli {

/// The text with every control character and escape sequence shown as a picture such as ␀
/// or as `\x..`, except tabs and, when `keep_colors`, SGR sequences, which are closed by a reset at
/// the end. Without `keep_colors` SGR sequences are left out. Bytes that are no UTF-8 become
/// U+FFFD.
std::string terminal_safe(std::string_view text, bool keep_colors);

/// The text without SGR sequences, otherwise byte for byte.
std::string without_colors(std::string_view text);

/// Columns that well-formed text takes, counting combining marks as 0 and wide characters as 2.
std::size_t display_width(std::string_view text);

}  // namespace dora::cli

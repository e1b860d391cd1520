// SPDX-License-Identifier: Apache-2.0
#include "dataflow/text_check.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace dora::dataflow {
namespace {

// Directives (`%YAML 1.2`) are short; the parser takes quadratic time for long ones.
constexpr std::size_t directive_limit = 256;

// The parser keeps everything between the brackets of a flow collection that begins the file, a
// thousand bytes for each entry.
constexpr std::size_t flow_limit = 150'000;

// YAML has no control characters but these three.
bool is_forbidden(char c) {
  bool is_control = static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
  return is_control && c != '\t' && c != '\n' && c != '\r';
}

// By their byte order mark; nothing when it has none, or is UTF-8.
std::optional<std::string_view> other_unicode(std::string_view text) {
  using namespace std::string_view_literals;
  if (text.starts_with("\xFF\xFE\0\0"sv) || text.starts_with("\0\0\xFE\xFF"sv)) return "UTF-32";
  if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF")) return "UTF-16";
  return std::nullopt;
}

}  // namespace

std::optional<TextProblem> find_text_problem(const SourceText& source) {
  std::string_view text = source.text();
  std::size_t line_start = 0;
  std::size_t flow_entries = 0;
  if (const auto encoding = other_unicode(text)) {
    return TextProblem{0,
                       {.code = "E002",
                        .message = fmt::format("the file is {}, not UTF-8", *encoding),
                        .help = "save the file as UTF-8"}};
  }
  for (std::size_t i = 0; i < text.size();) {
    auto at = static_cast<std::uint32_t>(i);
    if (is_forbidden(text[i])) {
      std::string what = text[i] == '\0' ? "a NUL byte"
                                         : fmt::format("the control character 0x{:02X}",
                                                       static_cast<unsigned char>(text[i]));
      return TextProblem{at,
                         {.code = "E002",
                          .message = fmt::format("{} in line {}", what, source.line_of(i)),
                          .help = "a dataflow is YAML text in UTF-8; is this the right file?"}};
    }
    std::size_t length = character_length(text.substr(i));
    if (length == 0) {
      return TextProblem{
          at,
          {.code = "E002",
           .message = fmt::format("the byte 0x{:02X} in line {} is not UTF-8",
                                  static_cast<unsigned char>(text[i]), source.line_of(i)),
           .help = "save the file as UTF-8"}};
    }
    bool is_flow = text[i] == ',' || text[i] == '[' || text[i] == '{' || text[i] == '?';
    if (is_flow && ++flow_entries > flow_limit) {
      return TextProblem{
          at,
          {.code = "E019",
           .message = fmt::format("the file holds more than {} commas and brackets", flow_limit),
           .help = "write lists and maps as indented lines, or split the dataflow"}};
    }
    if (text[i] == '\n' || text[i] == '\r') line_start = i + 1;
    if (i > line_start + directive_limit && text[line_start] == '%') {
      return TextProblem{static_cast<std::uint32_t>(line_start),
                         {.code = "E003", .message = "the YAML directive is too long"}};
    }
    i += length;
  }
  return std::nullopt;
}

Remark explain_syntax_error(const SourceText& source, std::uint32_t offset,
                            std::string_view complaint) {
  Remark remark{.code = "E003",
                .message = fmt::format("the YAML cannot be parsed: {}", shown(complaint, 200))};
  std::string_view line = source.line(source.line_of(offset));
  std::string_view indentation =
      line.substr(0, std::min(line.find_first_not_of(" \t"), line.size()));
  if (indentation.contains('\t')) {
    remark.help = "indent with spaces; YAML allows no tabs there";
  } else if (complaint.contains("bracket") || complaint.contains("brace")) {
    remark.help = "close every `[` with `]` and every `{` with `}`";
  } else if (complaint.contains("escape")) {
    remark.help = "write `\\\\` for a backslash, or put the text into single quotes";
  } else if (complaint.contains("missing comma")) {
    remark.help = "is a `]`, a `}` or a comma missing before this place?";
  } else if (complaint.contains("cannot start with")) {
    remark.help = "put the text into quotes";
  } else if (complaint.contains("quote")) {
    remark.help = "close the quote on the same line";
  } else if (complaint.contains("multiline plain key") || complaint.contains("simple key") ||
             complaint.contains("indent") || complaint.contains("block mapping") ||
             complaint.contains("did not find expected")) {
    remark.help = "check the indentation here and in the line above, and the space after each `:`";
  }
  return remark;
}

}  // namespace dora::dataflow

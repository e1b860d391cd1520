// SPDX-License-Identifier: Apache-2.0
// The format strings of the Arrow C data interface.
#include <charconv>
#include <limits>
#include <optional>

#include <fmt/format.h>

#include "array/type.hpp"

namespace dora::array {
namespace {

std::optional<std::int64_t> parse_number(std::string_view text) {
  std::int64_t value = 0;
  auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// The text before the next comma, which is taken off `text` together with the comma.
std::string_view take_item(std::string_view& text) {
  auto comma = text.find(',');
  auto item = text.substr(0, comma);
  text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
  return item;
}

Column fixed_width(std::int64_t bit_width) {
  return {.layout = Layout::FixedWidth, .bit_width = bit_width};
}

/// A value of one primitive format letter.
std::optional<Column> parse_letter(char letter) {
  Column column = fixed_width(0);
  switch (letter) {
    case 'b':
      column.bit_width = 1;
      break;
    case 'c':
    case 'C':
      column.bit_width = 8;
      break;
    case 's':
    case 'S':
    case 'e':
      column.bit_width = 16;
      break;
    case 'i':
    case 'I':
    case 'f':
      column.bit_width = 32;
      break;
    case 'l':
    case 'L':
    case 'g':
      column.bit_width = 64;
      break;
    case 'n':
      column.layout = Layout::Null;
      return column;
    case 'z':
    case 'u':
    case 'Z':
    case 'U':
      column.layout = Layout::Binary;
      column.offset_bytes = letter == 'z' || letter == 'u' ? 4 : 8;
      column.is_utf8 = letter == 'u' || letter == 'U';
      return column;
    default:
      return std::nullopt;
  }
  column.letter = letter;
  column.is_primitive = true;
  return column;
}

/// Dates, times, timestamps, durations and intervals.
std::optional<Column> parse_temporal(std::string_view format) {
  Column column = fixed_width(64);
  column.is_primitive = true;
  if (format == "tdD" || format == "tts" || format == "ttm") {
    column.bit_width = 32;
  } else if (format == "tiM" || format == "tiD" || format == "tin") {
    column.bit_width = format == "tiM" ? 32 : format == "tiD" ? 64 : 128;
    column.is_primitive = false;  // not numbers: numpy has no such type
  } else if (format.starts_with("ts")) {
    if (format.size() < 4 || format[3] != ':') return std::nullopt;
    if (std::string_view("smun").find(format[2]) == std::string_view::npos) return std::nullopt;
  } else if (format != "tdm" && format != "ttu" && format != "ttn" && format != "tDs" &&
             format != "tDm" && format != "tDu" && format != "tDn") {
    return std::nullopt;
  }
  return column;
}

/// After "d:": precision,scale[,bits]
std::optional<Column> parse_decimal(std::string_view parameters) {
  auto precision = parse_number(take_item(parameters));
  auto scale_text = take_item(parameters);
  auto scale = parse_number(scale_text);
  auto bits = parameters.empty() ? 128 : parse_number(parameters);
  if (!precision || !scale || !bits) return std::nullopt;
  if (*scale < std::numeric_limits<std::int32_t>::min()) return std::nullopt;
  if (*scale > std::numeric_limits<std::int32_t>::max()) return std::nullopt;
  std::int64_t most_digits = *bits == 32    ? 9
                             : *bits == 64  ? 18
                             : *bits == 128 ? 38
                             : *bits == 256 ? 76
                                            : 0;
  if (*precision < 1 || *precision > most_digits) return std::nullopt;
  return fixed_width(*bits);
}

/// After "+u": the kind, a colon, and the type id of each child.
std::optional<Column> parse_union(std::string_view format, UnionChildren* union_children) {
  if (format.size() < 2 || format[1] != ':') return std::nullopt;
  Column column;
  if (format[0] == 's') {
    column.layout = Layout::SparseUnion;
  } else if (format[0] == 'd') {
    column.layout = Layout::DenseUnion;
  } else {
    return std::nullopt;
  }
  union_children->fill(-1);
  for (auto rest = format.substr(2); !rest.empty(); ++column.child_count) {
    auto id = parse_number(take_item(rest));
    if (!id || *id < 0 || *id > 127) return std::nullopt;
    auto& child = (*union_children)[static_cast<std::size_t>(*id)];
    if (child != -1) return std::nullopt;
    child = static_cast<std::int8_t>(column.child_count);
  }
  if (format.ends_with(',')) return std::nullopt;
  return column;
}

/// After "+": nested types.
std::optional<Column> parse_nested(std::string_view format, UnionChildren* union_children) {
  Column column;
  column.child_count = 1;
  if (format == "l" || format == "L" || format == "m") {
    column.layout = Layout::List;
    column.offset_bytes = format == "L" ? 8 : 4;
    column.is_map = format == "m";
  } else if (format == "vl" || format == "vL") {
    column.layout = Layout::ListView;
    column.offset_bytes = format == "vl" ? 4 : 8;
  } else if (format.starts_with("w:")) {
    auto size = parse_number(format.substr(2));
    if (!size || *size < 0 || *size > std::numeric_limits<std::int32_t>::max()) return std::nullopt;
    column.layout = Layout::FixedSizeList;
    column.list_size = *size;
  } else if (format == "s") {
    column.layout = Layout::Struct;
    column.child_count = 0;
  } else if (format == "r") {
    column.layout = Layout::RunEndEncoded;
    column.child_count = 2;
  } else if (format.starts_with("u")) {
    return parse_union(format.substr(1), union_children);
  } else {
    return std::nullopt;
  }
  return column;
}

std::optional<Column> parse_any(std::string_view format, UnionChildren* union_children) {
  if (format.size() == 1) return parse_letter(format[0]);
  if (format.starts_with('t')) return parse_temporal(format);
  if (format.starts_with('+')) return parse_nested(format.substr(1), union_children);
  if (format.starts_with("d:")) return parse_decimal(format.substr(2));
  if (format == "vz" || format == "vu") {
    return Column{.layout = Layout::View, .is_utf8 = format == "vu"};
  }
  if (format.starts_with("w:")) {
    auto size = parse_number(format.substr(2));
    if (!size || *size < 0 || *size > std::numeric_limits<std::int32_t>::max()) return std::nullopt;
    return fixed_width(*size * 8);
  }
  return std::nullopt;
}

}  // namespace

bool Column::is_integer() const {
  return letter != 0 && std::string_view("cCsSiIlL").find(letter) != std::string_view::npos;
}

int Column::buffer_count() const {
  switch (layout) {
    case Layout::Null:
    case Layout::RunEndEncoded:
      return 0;
    case Layout::FixedSizeList:
    case Layout::Struct:
    case Layout::SparseUnion:
      return 1;
    case Layout::FixedWidth:
    case Layout::List:
    case Layout::DenseUnion:
      return 2;
    case Layout::Binary:
    case Layout::View:
    case Layout::ListView:
      return 3;
  }
  return 0;
}

Result<Column> parse_format(std::string_view format, UnionChildren* union_children) {
  if (auto column = parse_any(format, union_children)) return *column;
  return fail(
      ErrorKind::Unsupported,
      fmt::format("Arrow format '{}' is unknown to this version of dora", format.substr(0, 100)));
}

}  // namespace dora::array

// SPDX-License-Identifier: Apache-2.0
#include "cli/pretty_json.hpp"

#include <boost/json.hpp>

#include "daemon/json_text.hpp"

namespace dora::cli {
namespace {

namespace json = boost::json;

constexpr std::size_t line_width = 80;

// A list or map without others inside, short enough to be read at a glance.
bool fits_on_a_line(const json::value& value, std::size_t indent) {
  const auto is_plain = [](const json::value& each) { return each.is_primitive(); };
  if (const auto* list = value.if_array()) {
    for (const json::value& each : *list)
      if (!is_plain(each)) return false;
  } else if (const auto* map = value.if_object()) {
    for (const auto& [key, each] : *map)
      if (!is_plain(each)) return false;
  }
  return daemon::to_json_text(value).size() + indent <= line_width;
}

void write(std::string& text, const json::value& value, std::size_t indent) {
  if (value.is_primitive() || fits_on_a_line(value, indent)) {
    text += daemon::to_json_text(value);
    return;
  }
  const std::string inner(indent + 2, ' ');
  std::string_view separator = "\n";
  if (const auto* list = value.if_array()) {
    text += '[';
    for (const json::value& each : *list) {
      text += separator;
      text += inner;
      write(text, each, indent + 2);
      separator = ",\n";
    }
  } else {
    text += '{';
    for (const auto& [key, each] : value.as_object()) {
      text += separator;
      text += inner + json::serialize(json::value(key)) + ": ";
      write(text, each, indent + 2);
      separator = ",\n";
    }
  }
  text += "\n" + std::string(indent, ' ') + (value.is_array() ? ']' : '}');
}

}  // namespace

std::string pretty_json(const json::value& value) {
  std::string text;
  write(text, value, 0);
  return text + "\n";
}

}  // namespace dora::cli

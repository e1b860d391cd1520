// SPDX-License-Identifier: Apache-2.0
#include "daemon/json_text.hpp"

#include <array>
#include <charconv>
#include <cmath>

#include <boost/json.hpp>

namespace dora::daemon {
namespace {

namespace json = boost::json;

void write_value(const json::value& value, std::string& text);

void write_number(double number, std::string& text) {
  if (!std::isfinite(number)) {
    text += "null";
    return;
  }
  std::array<char, 32> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  const std::string_view written(digits.data(), static_cast<std::size_t>(end - digits.data()));
  text += written;
  // So that it stays what it was for those who tell 1 from 1.0.
  if (written.find_first_of(".e") == std::string_view::npos) text += ".0";
}

void write_list(const json::array& list, std::string& text) {
  text += '[';
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (i > 0) text += ',';
    write_value(list[i], text);
  }
  text += ']';
}

void write_map(const json::object& map, std::string& text) {
  text += '{';
  bool is_first = true;
  for (const auto& [key, value] : map) {
    if (!is_first) text += ',';
    is_first = false;
    text += json::serialize(key);
    text += ':';
    write_value(value, text);
  }
  text += '}';
}

// Not deeper than what the parser lets through, which is 32 levels.
void write_value(const json::value& value, std::string& text) {
  if (const double* number = value.if_double()) {
    write_number(*number, text);
  } else if (const json::array* list = value.if_array()) {
    write_list(*list, text);
  } else if (const json::object* map = value.if_object()) {
    write_map(*map, text);
  } else {
    text += json::serialize(value);
  }
}

}  // namespace

std::string to_json_text(const json::value& value) {
  std::string text;
  write_value(value, text);
  return text;
}

}  // namespace dora::daemon

// SPDX-License-Identifier: Apache-2.0
#include "cli/yaml_text.hpp"

#include <algorithm>

#include <boost/json.hpp>

namespace dora::cli {
namespace {

namespace json = boost::json;

// Texts that YAML of any version reads as texts without quotes.
bool is_plain(std::string_view text) {
  constexpr std::string_view words[] = {"true", "false", "null", "yes", "no",  "on",
                                        "off",  "y",     "n",    "nan", "inf", "infinity"};
  if (text.empty()) return false;
  const bool starts_well = (text[0] >= 'a' && text[0] <= 'z') ||
                           (text[0] >= 'A' && text[0] <= 'Z') || text[0] == '_' || text[0] == '/';
  const auto is_good = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("_-./+=$").contains(c);
  };
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return starts_well && std::ranges::all_of(text, is_good) &&
         std::ranges::find(words, lower) == std::end(words);
}

std::string scalar(const json::value& value) {
  if (const auto* text = value.if_string(); text != nullptr && is_plain(*text))
    return std::string(*text);
  return json::serialize(value);
}

bool is_collection(const json::value& value) {
  return (value.is_array() && !value.get_array().empty()) ||
         (value.is_object() && !value.get_object().empty());
}

// Lists of a few words stand on one line.
bool is_short_list(const json::value& value) {
  const auto* list = value.if_array();
  return list != nullptr &&
         std::ranges::none_of(*list, [](const json::value& each) { return is_collection(each); }) &&
         json::serialize(value).size() < 70;
}

std::string flow_list(const json::array& list) {
  std::string text = "[";
  for (const json::value& each : list)
    text += (text.size() == 1 ? "" : ", ") + scalar(each);
  return text + "]";
}

// Appends `value` after what leads to it; `indent` is that of its own lines.
void write(std::string& text, const json::value& value, std::size_t indent, bool is_in_list) {
  const std::string blank(indent, ' ');
  if (const auto* map = value.if_object(); map != nullptr && !map->empty()) {
    bool is_first = true;
    for (const auto& [key, each] : *map) {
      // The first key of an item stands behind its dash.
      text += is_first && is_in_list ? "" : blank;
      is_first = false;
      text += scalar(json::value(key)) + ":";
      if (is_short_list(each)) {
        text += " " + flow_list(each.get_array()) + "\n";
      } else if (is_collection(each)) {
        text += "\n";
        write(text, each, indent + 2, false);
      } else {
        text += " " + scalar(each) + "\n";
      }
    }
    return;
  }
  if (const auto* list = value.if_array(); list != nullptr && !list->empty()) {
    for (const json::value& each : *list) {
      text += blank + "- ";
      write(text, each, indent + 2, true);
    }
    return;
  }
  text += (is_in_list ? "" : blank) + scalar(value) + "\n";
}

}  // namespace

std::string yaml_text(const json::value& value) {
  std::string text;
  write(text, value, 0, false);
  return text;
}

}  // namespace dora::cli

// SPDX-License-Identifier: Apache-2.0
#include "dataflow/schema.hpp"

#include <algorithm>
#include <array>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/check.hpp"
#include "dataflow/keys.hpp"

namespace dora::dataflow {
namespace {

namespace json = boost::json;

constexpr std::string_view data_id = "^[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$";
constexpr std::string_view node_id = "^(?!dora$)[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$";
constexpr std::string_view size = "^[0-9.]+ ?([kKmMgG]?[bB]?)$";

json::object text() {
  return {{"type", "string"}};
}

json::object text_like(std::string_view pattern) {
  return {{"type", "string"}, {"pattern", pattern}};
}

json::object id() {
  return {{"type", "string"}, {"pattern", data_id}, {"maxLength", 128}};
}

json::object reference(std::string_view table) {
  return {{"$ref", fmt::format("#/definitions/{}", table)}};
}

json::object list_of(json::object item) {
  return {{"type", "array"}, {"items", std::move(item)}};
}

json::object map_of(json::object value) {
  return {{"type", "object"}, {"additionalProperties", std::move(value)}};
}

json::object any_of(std::initializer_list<json::value_ref> alternatives) {
  return {{"anyOf", json::array(alternatives)}};
}

json::object whole_number(std::int64_t minimum, std::optional<std::int64_t> maximum = {}) {
  json::object result{{"type", "integer"}, {"minimum", minimum}};
  if (maximum) result["maximum"] = *maximum;
  return result;
}

// The words in backticks of "`never`, `on-failure` or `always`"; empty when `type` is no choice.
json::array choices_of(std::string_view type) {
  json::array words;
  if (!type.starts_with('`') || type.contains('<')) return words;
  while (!type.empty()) {
    const auto end = type.find('`', 1);
    CHECK(end != std::string_view::npos);
    words.emplace_back(type.substr(1, end - 1));
    const auto next = type.find('`', end + 1);
    type = next == std::string_view::npos ? "" : type.substr(next);
  }
  return words;
}

// "0 to 100".
std::optional<json::object> range_of(std::string_view type) {
  const auto middle = type.find(" to ");
  if (middle == std::string_view::npos) return std::nullopt;
  return whole_number(std::stoll(std::string(type.substr(0, middle))),
                      std::stoll(std::string(type.substr(middle + 4))));
}

json::object environment_value() {
  return any_of({{{"type", json::array{"string", "number", "boolean"}}},
                 {{"type", "object"},
                  {"properties", {{"__dora_env", text()}}},
                  {"required", json::array{"__dora_env"}},
                  {"additionalProperties", false}}});
}

// What a value of the kind `type` looks like; the kinds are those of the key tables.
json::object shape(std::string_view type, std::string_view key) {
  if (type == "map") return reference(key);
  if (type == "list of nodes") return list_of(reference("node"));
  if (type == "list of operators") return list_of(reference("operator"));
  if (type == "list of rules") return list_of(reference("type_rules"));
  if (type == "list of topics") return list_of(reference("topics"));
  if (type == "list of ids") return list_of(id());
  if (type == "list of numbers") return list_of(whole_number(0));
  if (type == "map of inputs") return map_of(any_of({reference("source"), reference("input")}));
  if (type == "map of values") return map_of(environment_value());
  if (type == "map of texts") return map_of({{"type", json::array{"string", "number", "boolean"}}});
  if (type == "map of types") return map_of(text());
  if (type == "map of lists") return map_of({{"type", json::array{"array", "null"}}});
  if (type == "map of `raw` or `arrow-ipc`")
    return map_of({{"enum", json::array{"raw", "arrow-ipc"}}});
  if (type == "text or map") return any_of({text(), reference(key)});
  if (type == "node id") return text_like(node_id);
  if (type == "output id" || type == "input id") return id();
  if (type == "source") return reference("source");
  if (type == "true or false") return {{"type", "boolean"}};
  if (type == "seconds") return {{"type", "number"}, {"minimum", 0}};
  if (type == "number") return whole_number(0);
  if (type == "size") return any_of({{{"type", "number"}, {"minimum", 0}}, text_like(size)});
  if (type == "level")
    return {{"enum", json::array{"error", "warn", "info", "debug", "trace", "stdout"}}};
  if (auto choices = choices_of(type); !choices.empty()) return {{"enum", std::move(choices)}};
  if (auto range = range_of(type)) return std::move(*range);
  constexpr std::array texts = {"text", "URL", "path", "type", "ROS name", "`<package>/<Type>`"};
  CHECK(std::ranges::find(texts, type) != texts.end());
  return text();
}

// An empty value (`inputs:` with nothing behind it) is as good as none.
json::object nullable(json::object shape) {
  if (auto* words = shape.if_contains("enum")) {
    words->as_array().emplace_back(nullptr);
  } else if (auto* alternatives = shape.if_contains("anyOf")) {
    alternatives->as_array().push_back(json::object{{"type", "null"}});
  } else if (shape.contains("$ref")) {
    return any_of({std::move(shape), json::object{{"type", "null"}}});
  } else {
    json::value& type = shape["type"];
    type = json::array{type, "null"};
  }
  return shape;
}

json::object property(const Key& key) {
  json::object result = shape(key.type, key.name);
  if (key.fallback != "required" || key.name == "nodes") result = nullable(std::move(result));
  std::string description(key.doc);
  if (!key.fallback.contains("required") && key.fallback != "none")
    description += fmt::format(" Default: {}.", key.fallback);
  result["description"] = description;
  return result;
}

json::object definition(const KeyTable& table) {
  json::object properties;
  json::array required;
  for (const Key& key : table.keys) {
    properties[key.name] = property(key);
    if (key.fallback == "required") required.emplace_back(key.name);
  }
  json::object result{{"type", "object"},
                      {"description", table.title},
                      {"properties", std::move(properties)},
                      {"additionalProperties", false}};
  if (!required.empty()) result["required"] = std::move(required);
  return result;
}

}  // namespace

std::string json_schema(SchemaOf what) {
  const KeyTable& root = what == SchemaOf::Dataflow ? root_keys : module_file_keys;
  json::object schema{{"$schema", "http://json-schema.org/draft-07/schema#"},
                      {"title", what == SchemaOf::Dataflow ? "dora dataflow" : "dora module file"}};
  for (auto& [key, value] : definition(root))
    schema[key] = std::move(value);
  json::object definitions;
  for (const KeyTable* table : all_key_tables()) {
    const bool is_root = table == &root_keys || table == &module_file_keys;
    const bool is_of_module_files = table == &module_header_keys || table == &type_rule_keys;
    if (is_root || (is_of_module_files && root.find(table->name) == nullptr)) continue;
    definitions[table->name] = definition(*table);
  }
  definitions["source"] = {
      {"type", "string"},
      {"pattern", "^[A-Za-z0-9_][A-Za-z0-9_.-]*(/[^/\\s]+)+$"},
      {"description",
       "`<node>/<output>`, `dora/timer/<unit>/<value>` or `dora/logs[/<level>[/<node>]]`."}};
  schema["definitions"] = std::move(definitions);
  return json::serialize(schema);
}

}  // namespace dora::dataflow

// SPDX-License-Identifier: Apache-2.0
#include "dataflow/fields.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/check.hpp"
#include "base/spelling.hpp"
#include "dataflow/scalar.hpp"

namespace dora::dataflow {
namespace {

// Where keys belong that stand in a node by mistake; `{}` is the key.
std::string_view home_of(std::string_view key) {
  if (key == "source") return "a node has `path` instead";
  if (input_keys.find(key)) return "it belongs to an input: `{{source: ..., {}: ...}}`";
  if (key == "python" || key == "shared-library" || key == "wasm" || key == "conda_env")
    return "it belongs to an operator: `operator: {{{}: ...}}`";
  if (deploy_keys.find(key)) return "it belongs to `deploy`: `deploy: {{{}: ...}}`";
  if (ros2_keys.find(key)) return "it belongs to a ROS 2 bridge: `ros2: {{{}: ...}}`";
  return {};
}

// What other tools call a key.
std::optional<std::string> synonym_of(std::string_view word, const KeyTable& known) {
  constexpr std::pair<std::string_view, std::string_view> synonyms[] = {
      {"argument", "args"},
      {"arguments", "args"},
      {"command", "path"},
      {"cmd", "path"},
      {"commit", "rev"},
      {"cpu", "cpu_affinity"},
      {"cpus", "cpu_affinity"},
      {"environment", "env"},
      {"enviroment", "env"},
      {"exec", "path"},
      {"executable", "path"},
      {"file", "path"},
      {"parameters", "params"},
      {"program", "path"},
      {"repo", "git"},
      {"repository", "git"},
      {"restart", "restart_policy"},
      {"script", "path"},
      {"sha256", "path_sha256"},
      {"variables", "env"},
      {"working_directory", "working_dir"},
  };
  const auto found = std::ranges::find(synonyms, word, [](const auto& each) { return each.first; });
  if (found == std::end(synonyms) || !known.find(found->second)) return std::nullopt;
  return std::string(found->second);
}

}  // namespace

Fields::Fields(const Decoder& decoder, const YamlNode& mapping, const KeyTable& table,
               std::string where)
    : decoder_(decoder), mapping_(mapping), table_(table), where_(std::move(where)) {
  check_keys();
}

void Fields::check_keys() {
  for (std::size_t i = 0; i + 1 < mapping_.children.size(); i += 2) {
    const YamlNode& key = *mapping_.children[i];
    if (table_.find(key.text)) continue;
    bool is_error = table_.unknown == KeyTable::Unknown::Error;
    auto meant = decoder_.report.closest(key.text, table_.names());
    Remark remark;
    remark.code = is_error ? "E004" : "W002";
    remark.message = fmt::format("{} `{}` in {}", is_error ? "unknown key" : "ignored unknown key",
                                 shown(key.text), where_);
    std::string spelled = key.text;
    std::string_view home = table_.name == "node" ? home_of(spelled) : std::string_view();
    if (home.empty() && table_.name == "node") {
      std::ranges::replace(spelled, '-', '_');
      home = home_of(spelled);
    }
    if (!meant) meant = synonym_of(key.text, table_);
    if (key.text == "<<") {
      remark.help = "merge keys are not applied; write the keys out";
    } else if (!home.empty()) {
      remark.help = fmt::format(fmt::runtime(home), shown(spelled));
    } else if (meant) {
      remark.help = fmt::format("did you mean `{}`?", *meant);
      meant_.push_back(*meant);
    } else if (table_.keys.size() <= 13) {
      remark.help = fmt::format("the keys here are: {}", fmt::join(table_.names(), ", "));
    }
    if (is_error && table_.keys.size() > 13) {
      remark.help += fmt::format("{}(all {} keys: dora explain E004)",
                                 remark.help.empty() ? "" : "  ", table_.name);
    }
    decoder_.report.add(key.at, std::move(remark));
  }
}

const YamlNode* Fields::find(std::string_view key) const {
  CHECK(table_.find(key));
  for (std::size_t i = 0; i + 1 < mapping_.children.size(); i += 2) {
    if (mapping_.children[i]->text != key) continue;
    const YamlNode* value = mapping_.children[i + 1];
    return value->is_null() ? nullptr : value;
  }
  return nullptr;
}

bool Fields::is_written(std::string_view key) const {
  return std::ranges::any_of(entries_of(mapping_),
                             [&](const auto& entry) { return entry.first->text == key; });
}

Location Fields::key_location(std::string_view key) const {
  for (std::size_t i = 0; i + 1 < mapping_.children.size(); i += 2) {
    if (mapping_.children[i]->text == key) return mapping_.children[i]->at;
  }
  return mapping_.at;
}

bool Fields::probably_has(std::string_view key) const {
  return std::ranges::find(meant_, key) != meant_.end();
}

void Fields::require(std::string_view key) const {
  if (probably_has(key)) return;
  const Key* known = table_.find(key);
  decoder_.report.add(key_location(key), {.code = "E005",
                                          .message = fmt::format("{} has no `{}`", where_, key),
                                          .help = fmt::format("add `{}: <{}>`", key, known->type)});
}

namespace {

// How a value of the wrong kind was probably meant: "5" in quotes, or a word for a truth value.
std::string likely_form(const YamlNode& value) {
  if (!value.is_scalar() || scalar_kind(value) != ScalarKind::String) return "";
  YamlNode bare = value;
  bare.is_plain = true;
  const ScalarKind kind = scalar_kind(bare);
  const bool is_quoted = kind != ScalarKind::String && kind != ScalarKind::Null;
  if (is_quoted) return fmt::format("write it without quotes: {}", value.text);
  const std::string word = to_lower(value.text);
  if (word == "yes" || word == "on" || word == "y") return "write `true`";
  if (word == "no" || word == "off" || word == "n") return "write `false`";
  return "";
}

}  // namespace

void Fields::wrong_kind(std::string_view key, const YamlNode& value, std::string_view wanted,
                        std::string help) const {
  if (help.empty()) help = likely_form(value);
  decoder_.report.add(value.at, {.code = "E006",
                                 .message = fmt::format("`{}` of {} must be {}, not {}", key,
                                                        where_, wanted, describe(value)),
                                 .help = std::move(help)});
}

void Fields::bad_value(std::string_view key, const YamlNode& value, std::string_view rule,
                       std::string help) const {
  decoder_.report.add(value.at, {.code = "E007",
                                 .message = fmt::format("`{}` of {} must be {}, but is `{}`", key,
                                                        where_, rule, shown(value.text)),
                                 .help = std::move(help)});
}

std::optional<std::string> Fields::text(std::string_view key) const {
  const YamlNode* value = find(key);
  if (!value) return std::nullopt;
  return text_of(decoder_, *value, fmt::format("`{}` of {}", key, where_));
}

std::optional<bool> Fields::boolean(std::string_view key) const {
  const YamlNode* value = find(key);
  if (!value) return std::nullopt;
  if (value->is_scalar() && scalar_kind(*value) == ScalarKind::Bool) return bool_value(*value);
  wrong_kind(key, *value, "`true` or `false`");
  return std::nullopt;
}

std::optional<std::uint32_t> Fields::number(std::string_view key, std::uint32_t minimum,
                                            std::uint32_t maximum) const {
  const YamlNode* value = find(key);
  if (!value) return std::nullopt;
  if (!value->is_scalar() ||
      (scalar_kind(*value) != ScalarKind::Integer && scalar_kind(*value) != ScalarKind::Float)) {
    wrong_kind(key, *value, "a whole number");
    return std::nullopt;
  }
  auto number = scalar_kind(*value) == ScalarKind::Integer ? unsigned_value(*value) : std::nullopt;
  if (number && *number >= minimum && *number <= maximum) {
    return static_cast<std::uint32_t>(*number);
  }
  bad_value(key, *value, fmt::format("a whole number from {} to {}", minimum, maximum));
  return std::nullopt;
}

std::optional<std::chrono::nanoseconds> Fields::duration(std::string_view key, Zero zero) const {
  const YamlNode* value = find(key);
  if (!value) return std::nullopt;
  if (!value->is_scalar() ||
      (scalar_kind(*value) != ScalarKind::Integer && scalar_kind(*value) != ScalarKind::Float)) {
    wrong_kind(key, *value, "a number of seconds");
    return std::nullopt;
  }
  double seconds = float_value(*value);
  auto duration = to_duration(seconds);
  if (zero == Zero::Refused && duration && duration->count() == 0) duration.reset();
  if (!duration) {
    bad_value(key, *value,
              zero == Zero::Refused ? "positive and finite, in seconds and at most a century"
                                    : "at least 0 and finite, in seconds and at most a century",
              seconds == 0 ? "leave the key out to switch it off" : "");
  }
  return duration;
}

std::optional<std::uint64_t> Fields::size(std::string_view key) const {
  const YamlNode* value = find(key);
  if (!value) return std::nullopt;
  ScalarKind kind = value->is_scalar() ? scalar_kind(*value) : ScalarKind::Null;
  if (kind == ScalarKind::Integer) {
    auto bytes = unsigned_value(*value);
    if (bytes && *bytes <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
      return bytes;
    }
    bad_value(key, *value, "a number of bytes that is not negative and not huge");
    return std::nullopt;
  }
  if (kind != ScalarKind::String && kind != ScalarKind::Float) {
    wrong_kind(key, *value, "a size such as `64MB`");
    return std::nullopt;
  }
  auto bytes = parse_size(value->text);
  if (bytes) return *bytes;
  bad_value(key, *value, "a size such as `64MB`", bytes.error().message);
  return std::nullopt;
}

std::optional<DataId> Fields::data_id(std::string_view key) const {
  const YamlNode* value = find(key);
  if (!value) return std::nullopt;
  return data_id_of(decoder_, *value, fmt::format("`{}` of {}", key, where_));
}

std::vector<const YamlNode*> Fields::list(std::string_view key) const {
  const YamlNode* value = find(key);
  if (!value) return {};
  if (value->is_sequence()) return value->children;
  wrong_kind(key, *value, "a list",
             value->is_scalar() ? fmt::format("write `{}: [{}]`", key, shown(value->text))
                                : "begin each of its items with `- `");
  return {};
}

std::vector<std::string> Fields::texts(std::string_view key) const {
  std::vector<std::string> result;
  for (const YamlNode* item : list(key)) {
    auto text = text_of(decoder_, *item, fmt::format("an item of `{}` of {}", key, where_));
    if (text) result.push_back(std::move(*text));
  }
  return result;
}

std::vector<DataId> Fields::data_ids(std::string_view key) const {
  std::vector<DataId> result;
  for (const YamlNode* item : list(key)) {
    auto id = data_id_of(decoder_, *item, fmt::format("an item of `{}` of {}", key, where_));
    if (id) result.push_back(std::move(*id));
  }
  std::ranges::sort(result);
  auto repeated = std::ranges::unique(result);
  result.erase(repeated.begin(), repeated.end());
  return result;
}

const YamlNode* Fields::map(std::string_view key) const {
  const YamlNode* value = find(key);
  if (!value || value->is_mapping()) return value;
  const bool is_script = key == "operator" && value->is_scalar() && value->text.ends_with(".py");
  wrong_kind(key, *value, "a map",
             is_script ? fmt::format("write `operator: {{python: {}}}`", shown(value->text))
                       : "write `key: value` lines below it");
  return nullptr;
}

std::optional<std::size_t> Fields::word_index(std::string_view key,
                                              std::span<const std::string> names) const {
  const YamlNode* value = find(key);
  if (!value) return std::nullopt;
  std::string choice = fmt::format("`{}`", fmt::join(names, "`, `"));
  if (!value->is_scalar() || scalar_kind(*value) != ScalarKind::String) {
    wrong_kind(key, *value, fmt::format("one of {}", choice));
    return std::nullopt;
  }
  auto found = std::ranges::find(names, value->text);
  if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
  auto meant = decoder_.report.closest(value->text, names);
  bad_value(key, *value, fmt::format("one of {}", choice),
            meant ? fmt::format("did you mean `{}`?", *meant) : "");
  return std::nullopt;
}

std::optional<std::string> text_of(const Decoder& decoder, const YamlNode& node,
                                   std::string_view what) {
  if (node.is_scalar() && scalar_kind(node) == ScalarKind::String) return node.text;
  std::string help;
  if (node.is_scalar() && !node.is_null())
    help = fmt::format("write it in quotes: \"{}\"", shown(node.text));
  if (node.is_sequence() && node.children.size() == 1 && node.children[0]->is_scalar())
    help = fmt::format("write it without brackets: {}", shown(node.children[0]->text));
  decoder.report.add(node.at,
                     {.code = "E006",
                      .message = fmt::format("{} must be a text, not {}", what, describe(node)),
                      .help = std::move(help)});
  return std::nullopt;
}

std::optional<DataId> data_id_of(const Decoder& decoder, const YamlNode& node,
                                 std::string_view what) {
  auto text = text_of(decoder, node, what);
  if (!text) return std::nullopt;
  auto id = DataId::parse(*text);
  if (id) return std::move(*id);
  decoder.report.add(node.at, {.code = "E009",
                               .message = fmt::format("{}: `{}` is not allowed: {}", what,
                                                      shown(*text), id.error().message)});
  return std::nullopt;
}

std::vector<std::pair<const YamlNode*, const YamlNode*>> entries_of(const YamlNode& mapping) {
  std::vector<std::pair<const YamlNode*, const YamlNode*>> entries;
  for (std::size_t i = 0; i + 1 < mapping.children.size(); i += 2) {
    entries.emplace_back(mapping.children[i], mapping.children[i + 1]);
  }
  return entries;
}

}  // namespace dora::dataflow

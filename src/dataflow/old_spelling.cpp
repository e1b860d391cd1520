// SPDX-License-Identifier: Apache-2.0
#include "dataflow/old_spelling.hpp"

#include <algorithm>
#include <unordered_set>

#include <fmt/format.h>

#include "dataflow/scalar.hpp"

namespace dora::dataflow {
namespace {

constexpr OldSpelling of_root[] = {
    {"_unstable_deploy", "deploy"}, {"_unstable_debug", "debug"}, {"communication", ""}};
constexpr OldSpelling of_node[] = {{"_unstable_deploy", "deploy"}, {"custom", "custom"}};
constexpr OldSpelling of_debug[] = {{"publish_all_messages_to_zenoh", "enable_debug_inspection"}};
constexpr OldSpelling in_custom[] = {{"source", "path"}, {"envs", "env"}};

const OldSpelling* find(std::span<const OldSpelling> spellings, std::string_view key) {
  auto found = std::ranges::find(spellings, key, &OldSpelling::old);
  return found == spellings.end() ? nullptr : &*found;
}

bool has_key(const YamlNode& mapping, std::string_view key) {
  return std::ranges::any_of(entries_of(mapping),
                             [&](const auto& entry) { return entry.first->text == key; });
}

const YamlNode* renamed(const Decoder& decoder, const YamlNode& key, std::string_view name) {
  YamlNode copy = key;
  copy.text = name;
  return &decoder.document.make(std::move(copy));
}

// A mapping that is being rewritten.
struct Rewritten {
  YamlNode node;
  std::unordered_set<std::string_view> keys;
};

// Adds an entry to `result`, unless its key is already there.
void add(const Decoder& decoder, Rewritten& result, const YamlNode* key, const YamlNode* value) {
  if (!result.keys.insert(key->text).second) {
    decoder.report.add(key->at,
                       {.code = "E008",
                        .message = fmt::format("the key `{}` is given twice", shown(key->text)),
                        .label = "it has this meaning after old spellings are replaced",
                        .help = "remove one of the two"});
    return;
  }
  result.node.children.push_back(key);
  result.node.children.push_back(value);
}

void hoist_custom(const Decoder& decoder, Rewritten& result, const YamlNode& key,
                  const YamlNode& value) {
  if (value.is_null()) return;
  if (!value.is_mapping()) {
    decoder.report.add(value.at,
                       {.code = "E006",
                        .message = fmt::format("`custom` must be a map, not {}", describe(value))});
    return;
  }
  decoder.report.add(key.at,
                     {.code = "W001",
                      .message = "`custom:` is an old spelling: its keys now stand in the node",
                      .help = "remove the line `custom:` and its indentation; `source` is now "
                              "`path`, `envs` is `env`"});
  for (auto [name, inner] : entries_of(value)) {
    const OldSpelling* old = find(in_custom, name->text);
    add(decoder, result, old ? renamed(decoder, *name, old->now) : name, inner);
  }
}

}  // namespace

const std::span<const OldSpelling> root_spelling = of_root;
const std::span<const OldSpelling> node_spelling = of_node;
const std::span<const OldSpelling> debug_spelling = of_debug;

const YamlNode& with_new_spelling(const Decoder& decoder, const YamlNode& mapping,
                                  std::span<const OldSpelling> spellings) {
  bool is_old = std::ranges::any_of(
      spellings, [&](const OldSpelling& each) { return has_key(mapping, each.old); });
  // The document owns every mapping that comes here.
  if (!is_old) return mapping;  // NOLINT(bugprone-return-const-ref-from-parameter)
  Rewritten result{mapping, {}};
  result.node.children.clear();
  for (auto [key, value] : entries_of(mapping)) {
    const OldSpelling* old = find(spellings, key->text);
    if (!old) {
      add(decoder, result, key, value);
      continue;
    }
    if (old->old == "custom") {
      hoist_custom(decoder, result, *key, *value);
      continue;
    }
    Remark remark{.code = "W001",
                  .message = fmt::format("`{}` is an old spelling of `{}`", old->old, old->now),
                  .help = fmt::format("write `{}`", old->now)};
    if (old->now.empty()) {
      remark.message = fmt::format("`{}` has no effect any more", old->old);
      remark.help = "remove it";
    }
    decoder.report.add(key->at, std::move(remark));
    if (!old->now.empty()) add(decoder, result, renamed(decoder, *key, old->now), value);
  }
  return decoder.document.make(std::move(result.node));
}

}  // namespace dora::dataflow

#pragma once
// SPDX-License-Identifier: Apache-2.0
// Reads the keys of one YAML map by its key table. Every mistake goes to the report; what is
// missing or wrong reads as nothing, and so does null.

#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ids.hpp"
#include "dataflow/keys.hpp"
#include "dataflow/load.hpp"
#include "dataflow/report.hpp"
#include "dataflow/yaml_document.hpp"

namespace dora::dataflow {

/// What every part of the parser needs. `document` gets the nodes that the parser makes itself.
struct Decoder {
  Report& report;
  YamlDocument& document;
  const EnvironmentLookup& environment;
};

class Fields {
 public:
  /// `mapping` is a map and lives as long as the result. `where` says whose keys these are, e.g.
  /// "node `camera`". Unknown keys are reported.
  Fields(const Decoder& decoder, const YamlNode& mapping, const KeyTable& table, std::string where);

  const std::string& where() const { return where_; }
  /// The value of a key of the table; nothing when it is missing or null.
  const YamlNode* find(std::string_view key) const;
  bool has(std::string_view key) const { return find(key) != nullptr; }
  /// Whether the key stands there, if only with null.
  bool is_written(std::string_view key) const;
  /// Of the key, or of the map when the key is missing.
  Location key_location(std::string_view key) const;
  Location location() const { return mapping_.at; }
  /// Whether an unknown key was reported that is probably a misspelt `key`. Then nobody needs to be
  /// told that `key` is missing.
  bool probably_has(std::string_view key) const;

  std::optional<std::string> text(std::string_view key) const;
  std::optional<bool> boolean(std::string_view key) const;
  std::optional<std::uint32_t> number(
      std::string_view key, std::uint32_t minimum = 0,
      std::uint32_t maximum = std::numeric_limits<std::uint32_t>::max()) const;
  enum class Zero { Allowed, Refused };
  std::optional<std::chrono::nanoseconds> duration(std::string_view key, Zero zero) const;
  /// A number of bytes, or text such as `64MB`.
  std::optional<std::uint64_t> size(std::string_view key) const;
  std::optional<DataId> data_id(std::string_view key) const;
  /// The items; empty when it is missing or no list.
  std::vector<const YamlNode*> list(std::string_view key) const;
  std::vector<std::string> texts(std::string_view key) const;
  /// Each once, in order.
  std::vector<DataId> data_ids(std::string_view key) const;
  /// Nothing when it is missing or no map.
  const YamlNode* map(std::string_view key) const;

  template <typename Enum, std::size_t count>
  std::optional<Enum> word(std::string_view key,
                           const std::pair<std::string_view, Enum> (&words)[count]) const {
    std::vector<std::string> names;
    for (const auto& [name, value] : words)
      names.emplace_back(name);
    auto index = word_index(key, names);
    return index ? std::optional(words[*index].second) : std::nullopt;
  }

  /// Reports that `key` is missing, unless a misspelling of it was reported.
  void require(std::string_view key) const;
  /// Reports that the value of `key` is not `wanted`, e.g. "a text".
  void wrong_kind(std::string_view key, const YamlNode& value, std::string_view wanted,
                  std::string help = {}) const;
  void bad_value(std::string_view key, const YamlNode& value, std::string_view rule,
                 std::string help = {}) const;

 private:
  std::optional<std::size_t> word_index(std::string_view key,
                                        std::span<const std::string> names) const;
  void check_keys();

  const Decoder& decoder_;
  const YamlNode& mapping_;
  const KeyTable& table_;
  std::string where_;
  std::vector<std::string> meant_;
};

/// The text of `node`, which is called `what` in messages, e.g. "an item of `outputs`". Nothing,
/// and a report, when it is no text.
std::optional<std::string> text_of(const Decoder& decoder, const YamlNode& node,
                                   std::string_view what);

/// The id that `node` holds; nothing, and a report, when it is none.
std::optional<DataId> data_id_of(const Decoder& decoder, const YamlNode& node,
                                 std::string_view what);

/// Keys and values of a map.
std::vector<std::pair<const YamlNode*, const YamlNode*>> entries_of(const YamlNode& mapping);

}  // namespace dora::dataflow

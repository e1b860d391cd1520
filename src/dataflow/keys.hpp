#pragma once
// SPDX-License-Identifier: Apache-2.0
// Every key of a dataflow file, with what it takes and does. The parser knows no other keys, and
// docs/dataflow-yaml.md is checked against these tables.

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dora::dataflow {

/// The kinds of nodes that a key is for, as bits.
enum KeyScope : unsigned {
  ForProgram = 1,
  ForOperators = 2,
  ForRos2 = 4,
  ForModule = 8,
  ForTimer = 16,
  ForEveryNode = 31,
};

struct Key {
  std::string_view name;
  /// What the value is, for people: "text", "list of ids", ...
  std::string_view type;
  /// What holds without the key: "required", "none", "`5.0`", ...
  std::string_view fallback;
  /// One sentence.
  std::string_view doc;
  /// For keys of a node.
  unsigned scope = ForEveryNode;
};

/// A map with known keys: the root, a node, a long-form input, ...
struct KeyTable {
  std::string_view name;
  /// Where it stands, for the heading in the documentation.
  std::string_view title;
  std::span<const Key> keys;
  enum class Unknown { Error, Warning } unknown = Unknown::Error;

  const Key* find(std::string_view key) const;
  std::vector<std::string> names() const;
};

extern const KeyTable root_keys;
extern const KeyTable node_keys;
extern const KeyTable input_keys;
extern const KeyTable operator_keys;
extern const KeyTable python_operator_keys;
extern const KeyTable deploy_keys;
extern const KeyTable debug_keys;
extern const KeyTable type_rule_keys;
extern const KeyTable module_file_keys;
extern const KeyTable module_header_keys;
extern const KeyTable ros2_keys;
extern const KeyTable ros2_topic_keys;
extern const KeyTable ros2_qos_keys;
extern const KeyTable ros2_transport_keys;

/// In the order of the documentation.
std::span<const KeyTable* const> all_key_tables();

}  // namespace dora::dataflow

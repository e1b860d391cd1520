#pragma once
// SPDX-License-Identifier: Apache-2.0
// A YAML text as a tree, with the place of every value. The one file that calls libfyaml is
// yaml_document.cpp; nothing in the text can make it recurse deeply or use much memory.

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "dataflow/report.hpp"
#include "dataflow/source_text.hpp"

namespace dora::dataflow {

struct YamlNode {
  enum class Kind : std::uint8_t { Scalar, Sequence, Mapping };
  Kind kind = Kind::Scalar;
  /// A scalar without quotes, which may be a number, a truth value or null.
  bool is_plain = false;
  /// Levels of collections below and including this one.
  std::uint16_t height = 0;
  /// Values in it, aliases replaced, itself included; and the bytes of their texts.
  std::uint32_t values = 1;
  std::uint64_t bytes = 0;
  Location at;
  std::string text;
  /// Items of a sequence; key, value, key, value, ... of a mapping, whose keys are scalars.
  std::vector<const YamlNode*> children;

  bool is_scalar() const { return kind == Kind::Scalar; }
  bool is_sequence() const { return kind == Kind::Sequence; }
  bool is_mapping() const { return kind == Kind::Mapping; }
  bool is_null() const;
  /// The value of a key; nothing when there is none, or this is no mapping.
  const YamlNode* find(std::string_view key) const;
  /// The text of that value; empty when it is no scalar.
  std::string text_of(std::string_view key) const;
};

/// Owns the tree. Nodes stay where they are for as long as the document lives.
class YamlDocument {
 public:
  /// What is wrong goes to `report`, which knows the text as its source number `source`; then the
  /// document may have no root.
  static YamlDocument parse(std::uint32_t source, Report& report);

  /// Nothing when the text is not one YAML document.
  const YamlNode* root() const { return root_; }
  /// Adds a node of our own making, e.g. a mapping with an old spelling replaced.
  YamlNode& make(YamlNode node) { return nodes_.emplace_back(std::move(node)); }

 private:
  friend class YamlBuilder;
  std::deque<YamlNode> nodes_;
  const YamlNode* root_ = nullptr;
};

}  // namespace dora::dataflow

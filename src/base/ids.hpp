#pragma once
// SPDX-License-Identifier: Apache-2.0
// Names inside a dataflow, as types: a NodeId is not an OutputId, and neither is any string.
// The rules of the alphabets are spec'd once, here; docs/dataflow-yaml.md tells them to users.

#include <compare>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace dora {

/// A checked name. `Rules` supplies `static Result<> check(std::string_view)`.
template <typename Rules>
class Name {
 public:
  /// Empty: the name of nothing. Only `parse` makes others.
  Name() = default;

  /// Fails with InvalidInput, saying which rule is broken.
  static Result<Name> parse(std::string_view text) {
    if (auto checked = Rules::check(text); !checked) return std::unexpected(checked.error());
    Name name;
    name.text_ = text;
    return name;
  }

  const std::string& text() const { return text_; }
  bool is_empty() const { return text_.empty(); }
  auto operator<=>(const Name&) const = default;

 private:
  std::string text_;
};

/// `[A-Za-z0-9_.-]+`, at most 64 characters, not starting with `.` or `-`, not `dora`.
struct NodeIdRules {
  static Result<> check(std::string_view text);
};
/// Inputs and outputs: `[A-Za-z0-9_./-]+`, at most 128 characters, `/` neither first, last nor
/// doubled.
struct DataIdRules {
  static Result<> check(std::string_view text);
};

using NodeId = Name<NodeIdRules>;
using DataId = Name<DataIdRules>;

}  // namespace dora

template <typename Rules>
struct std::hash<dora::Name<Rules>> {
  std::size_t operator()(const dora::Name<Rules>& name) const {
    return std::hash<std::string>{}(name.text());
  }
};

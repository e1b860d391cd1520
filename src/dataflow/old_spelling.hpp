#pragma once
// SPDX-License-Identifier: Apache-2.0
// Spellings of dora 0.x: replaced by today's before anything reads them, with one warning each.

#include <span>
#include <string_view>

#include "dataflow/fields.hpp"

namespace dora::dataflow {

struct OldSpelling {
  std::string_view old;
  /// Empty: the key has no meaning any more.
  std::string_view now;
};

extern const std::span<const OldSpelling> root_spelling;
extern const std::span<const OldSpelling> node_spelling;
extern const std::span<const OldSpelling> debug_spelling;

/// `mapping`, or a copy of it (owned by the document) with old keys replaced. The keys of `custom`
/// in a node move into the node.
const YamlNode& with_new_spelling(const Decoder& decoder, const YamlNode& mapping,
                                  std::span<const OldSpelling> spellings);

}  // namespace dora::dataflow

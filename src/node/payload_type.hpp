#pragma once
// SPDX-License-Identifier: Apache-2.0
// The Arrow types a process has met, each once and for ever, so that a message names its type by a
// pointer and a binding can keep one type object per type.

#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>

#include "array/type.hpp"
#include "base/result.hpp"

namespace dora::node {

/// A type with the number under which this process knows it (never 0).
struct PayloadType {
  array::Type type;
  std::string format;  ///< of the outermost column
  std::uint64_t key = 0;
};

/// Lives as long as the process: arrays may outlive every node.
using PayloadTypePointer = const PayloadType*;

/// Finds types without asking the whole process each time. Equal types get the same PayloadType.
/// Not thread-safe: its owner's mutex guards it.
class PayloadTypes {
 public:
  /// The type whose encoding is `encoded`; decodes it the first time. Fails with InvalidInput when
  /// the bytes are no type.
  Result<PayloadTypePointer> find(std::span<const std::byte> encoded);
  PayloadTypePointer find(const array::Type& type);
  /// A type that is known to exist: `format` is a constant of ours.
  PayloadTypePointer primitive(const char* format);

 private:
  std::unordered_map<std::string, PayloadTypePointer> known_;  // by encoding
};

}  // namespace dora::node

#pragma once
// SPDX-License-Identifier: Apache-2.0
// The Arrow types a node sends, each found in a few nanoseconds the second time.

#include <array>
#include <cstdint>
#include <deque>
#include <optional>

#include "array/type.hpp"
#include "base/result.hpp"
#include "node/payload.hpp"
#include "shared_memory/arena.hpp"

namespace dora::node {

struct OutgoingType {
  array::Type type;
  /// Where consumers find it; nothing when it must travel in each block.
  std::optional<std::uint64_t> table_offset;
};

/// Not thread-safe: the outbox's mutex guards it.
class OutgoingTypes {
 public:
  /// The type of `payload`. Valid until the next call. Fails with InvalidInput or Unsupported when
  /// an Arrow schema is none that can be sent.
  Result<const OutgoingType*> find(const Payload& payload, shared_memory::Arena& arena);

 private:
  const OutgoingType* keep(array::Type type, shared_memory::Arena& arena);

  std::deque<OutgoingType> types_;
  std::array<const OutgoingType*, 128> by_letter_{};  ///< formats of one letter
  const OutgoingType* last_schema_ = nullptr;
  std::optional<OutgoingType> passing_;  ///< a type beyond those that are kept
};

}  // namespace dora::node

#pragma once
// SPDX-License-Identifier: Apache-2.0
// How a message's block is laid out (docs/shared-memory.md):
//
//   metadata | shape: rank x i64 | [type: u64 length, bytes, padding] | padding | body
//
// The body begins at a multiple of 8 when the block is inline, else of 64.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/result.hpp"
#include "node/event.hpp"
#include "node/payload_type.hpp"
#include "shared_memory/layout.hpp"

namespace dora::node {

/// The sizes of the parts, and where they begin.
struct BlockPlan {
  std::size_t metadata_bytes = 0;
  std::size_t rank = 0;
  std::size_t type_bytes = 0;  ///< of a type that travels in the block; 0 = it does not
  std::size_t alignment = 8;

  std::size_t shape_offset() const { return metadata_bytes; }
  std::size_t type_offset() const { return shape_offset() + rank * sizeof(std::int64_t); }
  std::size_t body_offset() const;
};

/// Writes shape and, when planned, the encoded type. The metadata and the body are their owners' to
/// write.
void write_block_head(const BlockPlan& plan, std::span<const std::int64_t> shape,
                      std::span<const std::byte> type, std::byte* block);

/// What a received slot said about its block.
struct BlockHead {
  std::uint32_t metadata_length = 0;
  std::uint16_t flags = 0;
  std::uint16_t rank = 0;
  bool is_inline = false;  ///< decides the alignment
};

/// Finds the parts of a received block. It comes from another process: fails with InvalidInput when
/// they do not fit into it. `parts.type` is the type its slot named; one in the block replaces it.
Result<> split_block(const BlockHead& head, std::span<const std::byte> block, PayloadTypes& types,
                     MessageParts& parts);

}  // namespace dora::node

// SPDX-License-Identifier: Apache-2.0
#include "node/message_block.hpp"

#include <cstring>

#include "shared_memory/region.hpp"

namespace dora::node {
namespace {

std::size_t padded(std::size_t size) {
  return shared_memory::round_up(size, 8);
}

}  // namespace

std::size_t BlockPlan::body_offset() const {
  std::size_t end = type_offset();
  if (type_bytes > 0) end += sizeof(std::uint64_t) + padded(type_bytes);
  return shared_memory::round_up(end, alignment);
}

[[gnu::hot]] void write_block_head(const BlockPlan& plan, std::span<const std::int64_t> shape,
                                   std::span<const std::byte> type, std::byte* block) {
  if (!shape.empty()) std::memcpy(block + plan.shape_offset(), shape.data(), shape.size_bytes());
  if (plan.type_bytes == 0) return;
  auto length = static_cast<std::uint64_t>(type.size());
  std::memcpy(block + plan.type_offset(), &length, sizeof length);
  std::memcpy(block + plan.type_offset() + sizeof length, type.data(), type.size());
}

[[gnu::hot]] Result<> split_block(const BlockHead& head, std::span<const std::byte> block,
                                  PayloadTypes& types, MessageParts& parts) {
  BlockPlan plan{.metadata_bytes = head.metadata_length,
                 .rank = head.rank,
                 .alignment = head.is_inline ? 8u : shared_memory::block_alignment};
  parts.is_ndarray = (head.flags & shared_memory::message_ndarray) != 0;
  if (plan.type_offset() > block.size()) {
    return fail(ErrorKind::InvalidInput, "a message is shorter than its head says");
  }
  parts.metadata = block.first(plan.metadata_bytes);
  if (plan.rank > 0) {
    parts.shape.resize(plan.rank);
    std::memcpy(parts.shape.data(), block.data() + plan.shape_offset(),
                plan.rank * sizeof(std::int64_t));
  }
  if ((head.flags & shared_memory::message_type_in_block) != 0) {
    std::uint64_t length = 0;
    std::size_t rest = block.size() - plan.type_offset();
    if (rest >= sizeof length) {
      std::memcpy(&length, block.data() + plan.type_offset(), sizeof length);
    }
    if (length == 0 || length > rest - sizeof length) {
      return fail(ErrorKind::InvalidInput, "a message is shorter than its type");
    }
    plan.type_bytes = length;
    parts.type = TRY(types.find(block.subspan(plan.type_offset() + sizeof length, length)));
  }
  if (parts.type == nullptr) return fail(ErrorKind::InvalidInput, "a message without a type");
  if (plan.body_offset() > block.size()) {
    return fail(ErrorKind::InvalidInput, "a message is shorter than its head says");
  }
  parts.body = block.subspan(plan.body_offset());
  return {};
}

}  // namespace dora::node

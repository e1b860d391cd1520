// SPDX-License-Identifier: Apache-2.0
#include "node/payload.hpp"

#include <cstring>
#include <optional>

#include <fmt/format.h>

#include "array/primitive.hpp"

namespace dora::node {
namespace {

/// Kept for its memory. One per thread, as a thread sends one payload at a time.
array::Encoder& encoder() {
  thread_local array::Encoder kept;
  return kept;
}

/// Bytes of `length` items; nothing when that is no possible number.
std::optional<std::int64_t> data_bytes(std::int64_t length, std::uint32_t item_bits) {
  std::int64_t bits;
  if (__builtin_mul_overflow(length, static_cast<std::int64_t>(item_bits), &bits)) {
    return std::nullopt;
  }
  std::int64_t bytes;
  if (__builtin_add_overflow(bits, std::int64_t{7}, &bytes)) return std::nullopt;
  return bytes / 8;
}

}  // namespace

[[gnu::hot]] Payload Payload::bytes(const void* data, std::size_t size) {
  Payload payload;
  payload.format_ = "C";
  payload.data_ = data;
  payload.length_ = static_cast<std::int64_t>(size);
  return payload;
}

Payload Payload::tensor(const dora_tensor& tensor) {
  Payload payload;
  payload.format_ = tensor.arrow_format != nullptr ? std::string_view(tensor.arrow_format)
                                                   : std::string_view(&tensor.format, 1);
  payload.data_ = tensor.data;
  payload.item_bits_ = tensor.item_bits;
  payload.is_ndarray_ = tensor.is_ndarray;
  payload.shape_ = {tensor.shape, static_cast<std::size_t>(tensor.rank < 0 ? 0 : tensor.rank)};
  payload.length_ = -1;
  return payload;
}

Payload Payload::arrow(const ArrowArray& array, const ArrowSchema& schema) {
  Payload payload;
  payload.array_ = &array;
  payload.schema_ = &schema;
  return payload;
}

Result<> Payload::measure() {
  if (shape_.size() > 64) {
    return fail(ErrorKind::InvalidInput,
                fmt::format("an array of {} dimensions; at most 64 can be sent", shape_.size()));
  }
  std::int64_t length = 1;
  for (std::int64_t extent : shape_) {
    if (extent < 0 || __builtin_mul_overflow(length, extent, &length)) {
      return fail(ErrorKind::InvalidInput, "an array whose shape is not possible");
    }
  }
  if (!data_bytes(length, item_bits_)) {
    return fail(ErrorKind::InvalidInput, "an array whose size is not possible");
  }
  length_ = length;
  return {};
}

[[gnu::hot]] Result<std::size_t> Payload::body_size(const array::Type& type,
                                                    std::size_t alignment) {
  alignment_ = alignment;
  if (array_ == nullptr) {
    return array::primitive_body_size(item_bits_, static_cast<std::size_t>(length_), alignment);
  }
  if (!is_encoded_) TRY(encoder().prepare(type, *array_));
  is_encoded_ = true;
  return encoder().size_bytes(alignment);
}

[[gnu::hot]] void Payload::write_body(std::byte* destination) const {
  if (array_ != nullptr) {
    encoder().write(destination, alignment_);
    return;
  }
  std::byte* data =
      array::write_primitive_head(destination, static_cast<std::size_t>(length_), alignment_);
  auto size = array::primitive_data_size(item_bits_, static_cast<std::size_t>(length_));
  // An empty array may have no address.
  if (size > 0) std::memcpy(data, data_, size);
}

}  // namespace dora::node

#pragma once
// SPDX-License-Identifier: Apache-2.0
// Bodies of one primitive column without nulls, without the detour over an ArrowArray. They are the
// same bytes as Encoder writes.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "array/body.hpp"
#include "array/type.hpp"

namespace dora::array {

/// Where the values begin in a body whose buffers are aligned to `alignment` (8 to 64).
constexpr std::size_t primitive_data_offset(std::size_t alignment) {
  return align_up(sizeof(Preamble) + 2 * sizeof(std::int64_t), alignment);
}

/// Bytes of `length` values. `bit_width` is 1 or a multiple of 8.
constexpr std::size_t primitive_data_size(std::size_t bit_width, std::size_t length) {
  return bit_width == 1 ? (length + 7) / 8 : bit_width / 8 * length;
}

/// Size of the body of `length` values. An empty body has no room for values.
constexpr std::size_t primitive_body_size(std::size_t bit_width, std::size_t length,
                                          std::size_t alignment) {
  std::size_t size = primitive_data_size(bit_width, length);
  return size == 0 ? sizeof(Preamble) + 2 * sizeof(std::int64_t)
                   : primitive_data_offset(alignment) + size;
}

/// Writes all of the body but the values, and yields where those go.
std::byte* write_primitive_head(std::byte* destination, std::size_t length, std::size_t alignment);

struct PrimitiveView {
  const void* data = nullptr;  ///< never null; aligned as the body was written, at least to 8
  std::int64_t length = 0;
};

/// The values of a body of one primitive column without nulls. Nothing if `type` is not primitive,
/// if there are nulls, or if the body is malformed: then decode() tells.
std::optional<PrimitiveView> primitive_view(const Type& type, std::span<const std::byte> body);

}  // namespace dora::array

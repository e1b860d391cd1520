// SPDX-License-Identifier: Apache-2.0
#include "array/primitive.hpp"

#include <cstring>

namespace dora::array {

[[gnu::hot]] std::byte* write_primitive_head(std::byte* destination, std::size_t length,
                                             std::size_t alignment) {
  Preamble preamble{.alignment_log2 = static_cast<std::uint8_t>(std::countr_zero(alignment)),
                    .head_words = 2};
  auto values = static_cast<std::int64_t>(length);
  std::int64_t head[2] = {values, 0};
  constexpr std::size_t end = sizeof(preamble) + sizeof(head);
  std::memcpy(destination, &preamble, sizeof(preamble));
  std::memcpy(destination + sizeof(preamble), head, sizeof(head));
  if (length == 0) return destination + end;
  std::size_t begin = primitive_data_offset(alignment);
  std::memset(destination + end, 0, begin - end);
  return destination + begin;
}

[[gnu::hot]] std::optional<PrimitiveView> primitive_view(const Type& type,
                                                         std::span<const std::byte> body) {
  if (!type.is_primitive() || body.size() < sizeof(Preamble) + 2 * sizeof(std::int64_t) ||
      reinterpret_cast<std::uintptr_t>(body.data()) % 8 != 0) {
    return std::nullopt;
  }
  // Each word is read once: what was checked must be what is used.
  const auto* words = reinterpret_cast<const std::uint64_t*>(body.data());
  auto preamble = std::bit_cast<Preamble>(__atomic_load_n(words, __ATOMIC_RELAXED));
  std::uint64_t length = __atomic_load_n(words + 1, __ATOMIC_RELAXED);
  std::uint64_t null_count = __atomic_load_n(words + 2, __ATOMIC_RELAXED);
  if (preamble.version != body_version || preamble.reserved != 0 || preamble.head_words != 2 ||
      preamble.alignment_log2 < 3 || preamble.alignment_log2 > 6 || null_count != 0 ||
      length > static_cast<std::uint64_t>(max_length)) {
    return std::nullopt;
  }
  std::size_t alignment = std::size_t{1} << preamble.alignment_log2;
  if (primitive_body_size(type.bit_width(), length, alignment) > body.size()) return std::nullopt;
  std::size_t begin = length == 0 ? 0 : primitive_data_offset(alignment);
  return PrimitiveView{.data = body.data() + begin, .length = static_cast<std::int64_t>(length)};
}

}  // namespace dora::array

#pragma once
// SPDX-License-Identifier: Apache-2.0
// The constants of an array body; docs/array-body.md describes it to the byte.

#include <bit>
#include <cstddef>
#include <cstdint>

namespace dora::array {

static_assert(std::endian::native == std::endian::little, "bodies are little-endian");

inline constexpr std::uint8_t body_version = 1;

/// Longer columns, which only those that take no room could be, are refused: no sum or product of
/// lengths and sizes of values below overflows.
inline constexpr std::int64_t max_length = std::int64_t{1} << 56;

/// Begins every body.
struct Preamble {
  std::uint8_t version = body_version;
  std::uint8_t alignment_log2 = 0;  ///< of the buffers: 3 to 6
  std::uint16_t reserved = 0;
  std::uint32_t head_words = 0;  ///< 8-byte words between the preamble and the buffers
};
static_assert(sizeof(Preamble) == 8);

constexpr std::size_t align_up(std::size_t value, std::size_t alignment) {
  return (value + alignment - 1) & ~(alignment - 1);
}

/// Buffers begin at multiples of 8 to 64 bytes.
constexpr bool is_alignment(std::size_t value) {
  return value == 8 || value == 16 || value == 32 || value == 64;
}

}  // namespace dora::array

#pragma once
// SPDX-License-Identifier: Apache-2.0
// Bitmaps as Arrow lays them out, least significant bit first, and numbers at any address.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace dora::array {

/// The number at `index` of numbers that may be unaligned.
template <typename T>
T load(const std::byte* numbers, std::int64_t index) {
  T value;
  std::memcpy(&value, numbers + index * static_cast<std::int64_t>(sizeof(T)), sizeof(T));
  return value;
}

template <typename T>
void store(std::byte* numbers, std::int64_t index, T value) {
  std::memcpy(numbers + index * static_cast<std::int64_t>(sizeof(T)), &value, sizeof(T));
}

/// Offsets, sizes and run ends: signed numbers of 2, 4 or 8 bytes.
inline std::int64_t load_number(const std::byte* numbers, int value_bytes, std::int64_t index) {
  if (value_bytes == 4) return load<std::int32_t>(numbers, index);
  if (value_bytes == 8) return load<std::int64_t>(numbers, index);
  return load<std::int16_t>(numbers, index);
}

inline void store_number(std::byte* numbers, int value_bytes, std::int64_t index,
                         std::int64_t value) {
  if (value_bytes == 4) return store(numbers, index, static_cast<std::int32_t>(value));
  if (value_bytes == 8) return store(numbers, index, value);
  store(numbers, index, static_cast<std::int16_t>(value));
}

inline bool is_bit_set(const std::byte* bits, std::int64_t index) {
  return (std::to_integer<unsigned>(bits[index / 8]) >> (index % 8) & 1U) != 0;
}

/// Copies `count` bits beginning at bit `begin` to the begin of `destination`. Bits of its last
/// byte beyond them become 0. Reads no byte that holds none of them.
inline void copy_bits(std::byte* destination, const std::byte* bits, std::int64_t begin,
                      std::int64_t count) {
  if (count == 0) return;
  bits += begin / 8;
  const int shift = static_cast<int>(begin % 8);
  const std::int64_t bytes = (count + 7) / 8;
  if (shift == 0) {
    std::memcpy(destination, bits, static_cast<std::size_t>(bytes));
  } else {
    const std::int64_t source_bytes = (shift + count + 7) / 8;
    std::int64_t i = 0;
    for (; i + 9 <= source_bytes; i += 8) {
      std::uint64_t low;
      std::memcpy(&low, bits + i, sizeof(low));
      std::uint64_t word = low >> shift | std::to_integer<std::uint64_t>(bits[i + 8])
                                              << (64 - shift);
      std::memcpy(destination + i, &word, sizeof(word));
    }
    for (; i < bytes; ++i) {
      unsigned low = std::to_integer<unsigned>(bits[i]) >> shift;
      unsigned high = i + 1 < source_bytes ? std::to_integer<unsigned>(bits[i + 1]) : 0;
      destination[i] = static_cast<std::byte>(low | high << (8 - shift));
    }
  }
  if (count % 8 != 0) destination[bytes - 1] &= static_cast<std::byte>((1 << count % 8) - 1);
}

/// How many of the `count` bits beginning at bit `begin` are 1.
inline std::int64_t count_ones(const std::byte* bits, std::int64_t begin, std::int64_t count) {
  std::int64_t ones = 0;
  const std::int64_t end = begin + count;
  for (; begin < end && begin % 8 != 0; ++begin)
    ones += is_bit_set(bits, begin);
  for (; begin + 64 <= end; begin += 64)
    ones += std::popcount(load<std::uint64_t>(bits + begin / 8, 0));
  for (; begin + 8 <= end; begin += 8)
    ones += std::popcount(std::to_integer<unsigned>(bits[begin / 8]));
  for (; begin < end; ++begin)
    ones += is_bit_set(bits, begin);
  return ones;
}

}  // namespace dora::array

#pragma once
// SPDX-License-Identifier: Apache-2.0
// Writes an Arrow array as one flat run of bytes, its body (docs/array-body.md). Of a slice only
// what it shows travels.
//
//   encoder.prepare(type, array)  ->  encoder.size_bytes(64)  ->  encoder.write(destination, 64)
//
// Meant to be kept and used again: after the first arrays it does not allocate.

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include <dora/arrow.h>

#include "array/type.hpp"
#include "base/result.hpp"

namespace dora::array {

class Encoder {
 public:
  /// Decides what is to be written. `type` and `array` must stay as they are until after write():
  /// nothing is copied yet.
  ///
  /// Fails with InvalidInput if `array` is not an array of `type`.
  Result<> prepare(const Type& type, const ArrowArray& array);

  /// Size of the body when its buffers are aligned to `alignment` (8, 16, 32 or 64).
  std::size_t size_bytes(std::size_t alignment) const;

  /// Writes size_bytes(alignment) bytes. `destination` must itself be aligned to `alignment`, and
  /// so must be what it is copied to. Never writes more, even if another thread changes the array
  /// meanwhile.
  void write(std::byte* destination, std::size_t alignment) const;

 private:
  enum class Fill : std::uint8_t {
    Bytes,
    Bits,
    Offsets,
    Views,
    ListViewOffsets,
    ListViewSizes,
    UnionOffsets,
    RunEnds,
  };

  /// One buffer of the body and where it comes from. All sources may be unaligned.
  struct Buffer {
    Fill fill = Fill::Bytes;
    std::uint8_t value_bytes = 0;         ///< of an offset or run end
    std::size_t size = 0;                 ///< bytes in the body, never 0
    const std::byte* source = nullptr;    ///< of the first value, for Bits of the first bit
    const std::byte* second = nullptr;    ///< list view: sizes; union: type ids
    const std::byte* validity = nullptr;  ///< may be null: all valid
    std::int64_t begin = 0;               ///< bit of source or validity; RunEnds: logical offset
    std::int64_t count = 0;               ///< values; RunEnds: logical length
    std::int64_t base = 0;                ///< what is subtracted
    std::size_t table = 0;                ///< Views, UnionOffsets: index into tables_
    std::size_t table_size = 0;           ///< Views: entries of three; UnionOffsets: children
    const UnionChildren* children = nullptr;
  };

  /// The part of an array that is being added; `begin` counts from its buffers' begin.
  struct Range {
    const ArrowArray& array;
    std::int64_t begin = 0;
    std::int64_t length = 0;
    std::int64_t null_count = 0;
  };

  Result<> add(std::uint32_t index, const ArrowArray& array, std::int64_t start,
               std::int64_t length);
  Result<> add_fixed_width(const Column& column, const Range& range);
  Result<> add_binary(const Column& column, const Range& range);
  Result<> add_views(const Column& column, const Range& range);
  Result<> add_list(std::uint32_t index, const Range& range);
  Result<> add_list_view(std::uint32_t index, const Range& range);
  Result<> add_children(std::uint32_t index, const Range& range, std::int64_t factor);
  Result<> add_dense_union(std::uint32_t index, const Range& range);
  Result<> add_runs(std::uint32_t index, const Range& range);
  Result<> add_bytes(const Column& column, const void* source, std::int64_t skip,
                     std::int64_t count, std::int64_t value_bytes);
  Result<> check(const Column& column, const ArrowArray& array, std::int64_t start,
                 std::int64_t length) const;
  std::int64_t add_head(const Column& column, const Range& range);
  void add_buffer(const Buffer& buffer);
  std::unexpected<Error> refuse(const Column& column, std::string_view problem) const;

  static void fill_buffer(const Buffer& buffer, const std::int64_t* table, std::byte* destination);

  const Type* type_ = nullptr;
  std::vector<std::int64_t> head_;
  std::vector<Buffer> buffers_;
  std::vector<std::int64_t> tables_;
};

}  // namespace dora::array

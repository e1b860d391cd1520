// SPDX-License-Identifier: Apache-2.0
// What of an array is to be written: columns with one buffer of values, and the bookkeeping. The
// nested layouts are in encode_nested.cpp.
#include "array/encoder.hpp"

#include <limits>

#include <fmt/format.h>

#include "array/bits.hpp"
#include "array/body.hpp"

namespace dora::array {

std::unexpected<Error> Encoder::refuse(const Column& column, std::string_view problem) const {
  return fail(ErrorKind::InvalidInput,
              fmt::format("a malformed Arrow array: {}: {}", type_->describe(column), problem));
}

Result<> Encoder::prepare(const Type& type, const ArrowArray& array) {
  type_ = &type;
  head_.clear();
  buffers_.clear();
  tables_.clear();
  if (!array.release) {
    return fail(ErrorKind::InvalidInput, "an Arrow array was released before it was used");
  }
  return add(0, array, 0, array.length);
}

Result<> Encoder::check(const Column& column, const ArrowArray& array, std::int64_t start,
                        std::int64_t length) const {
  if (array.length < 0 || array.offset < 0 || array.length > max_length ||
      array.offset > max_length) {
    return refuse(column, fmt::format("length {} and offset {}", array.length, array.offset));
  }
  if (start < 0 || length < 0 || start > array.length || length > array.length - start) {
    return refuse(column, fmt::format("length {}, where values {} to {} are needed", array.length,
                                      start, start + length));
  }
  bool is_view = column.layout == Layout::View;
  int buffers = column.buffer_count();
  if (is_view ? array.n_buffers < buffers : array.n_buffers != buffers) {
    return refuse(column, fmt::format("{} buffers instead of {}", array.n_buffers, buffers));
  }
  if (buffers > 0 && !array.buffers) return refuse(column, "no buffers");
  if (array.n_children != column.child_count || (column.child_count > 0 && !array.children)) {
    return refuse(column,
                  fmt::format("{} children instead of {}", array.n_children, column.child_count));
  }
  for (std::uint32_t i = 0; i < column.child_count; ++i) {
    if (!array.children[i]) return refuse(column, fmt::format("child {} is missing", i));
  }
  if (column.has_dictionary != (array.dictionary != nullptr)) {
    return refuse(column, column.has_dictionary ? "no dictionary" : "an unexpected dictionary");
  }
  return {};
}

Result<> Encoder::add(std::uint32_t index, const ArrowArray& array, std::int64_t start,
                      std::int64_t length) {
  const Column& column = type_->columns()[index];
  TRY(check(column, array, start, length));
  Range range{.array = array, .begin = array.offset + start, .length = length};
  switch (column.layout) {
    case Layout::Null:
      head_.insert(head_.end(), {length, length});
      return {};
    case Layout::FixedWidth:
      range.null_count = add_head(column, range);
      TRY(add_fixed_width(column, range));
      if (column.has_dictionary) {
        return add(index + 1, *array.dictionary, 0, array.dictionary->length);
      }
      return {};
    case Layout::Binary:
      range.null_count = add_head(column, range);
      return add_binary(column, range);
    case Layout::View:
      range.null_count = add_head(column, range);
      return add_views(column, range);
    case Layout::List:
      range.null_count = add_head(column, range);
      return add_list(index, range);
    case Layout::ListView:
      range.null_count = add_head(column, range);
      return add_list_view(index, range);
    case Layout::FixedSizeList:
      range.null_count = add_head(column, range);
      return add_children(index, range, column.list_size);
    case Layout::Struct:
      range.null_count = add_head(column, range);
      return add_children(index, range, 1);
    case Layout::SparseUnion:
      head_.insert(head_.end(), {length, 0});
      TRY(add_bytes(column, array.buffers[0], range.begin, length, 1));
      return add_children(index, range, 1);
    case Layout::DenseUnion:
      head_.insert(head_.end(), {length, 0});
      return add_dense_union(index, range);
    case Layout::RunEndEncoded:
      head_.insert(head_.end(), {length, 0});
      return add_runs(index, range);
  }
  return {};
}

/// Adds the column's words of the head and its validity, if it has nulls. Yields their number,
/// which is counted: that of the array may be unknown, or be that of more than the range.
std::int64_t Encoder::add_head(const Column&, const Range& range) {
  const auto* validity = static_cast<const std::byte*>(range.array.buffers[0]);
  std::int64_t null_count = 0;
  if (validity && range.array.null_count != 0) {
    null_count = range.length - count_ones(validity, range.begin, range.length);
  }
  head_.insert(head_.end(), {range.length, null_count});
  if (null_count > 0) {
    add_buffer({.fill = Fill::Bits,
                .size = static_cast<std::size_t>((range.length + 7) / 8),
                .source = validity,
                .begin = range.begin,
                .count = range.length});
  }
  return null_count;
}

void Encoder::add_buffer(const Buffer& buffer) {
  if (buffer.size > 0) buffers_.push_back(buffer);
}

/// Adds `count` values of `value_bytes` each, after `skip` of them.
Result<> Encoder::add_bytes(const Column& column, const void* source, std::int64_t skip,
                            std::int64_t count, std::int64_t value_bytes) {
  std::int64_t size = 0;
  std::int64_t begin = 0;
  if (__builtin_mul_overflow(count, value_bytes, &size) ||
      __builtin_mul_overflow(skip, value_bytes, &begin)) {
    return refuse(column, fmt::format("{} values of {} bytes", count, value_bytes));
  }
  if (size == 0) return {};
  if (!source) return refuse(column, "a buffer is missing");
  add_buffer({.fill = Fill::Bytes,
              .size = static_cast<std::size_t>(size),
              .source = static_cast<const std::byte*>(source) + begin});
  return {};
}

Result<> Encoder::add_fixed_width(const Column& column, const Range& range) {
  const void* source = range.array.buffers[1];
  if (column.bit_width != 1) {
    return add_bytes(column, source, range.begin, range.length, column.bit_width / 8);
  }
  if (range.length > 0 && !source) return refuse(column, "a buffer is missing");
  add_buffer({.fill = Fill::Bits,
              .size = static_cast<std::size_t>((range.length + 7) / 8),
              .source = static_cast<const std::byte*>(source),
              .begin = range.begin,
              .count = range.length});
  return {};
}

Result<> Encoder::add_binary(const Column& column, const Range& range) {
  const auto* offsets = static_cast<const std::byte*>(range.array.buffers[1]);
  int width = column.offset_bytes;
  std::int64_t first = 0;
  std::int64_t last = 0;
  if (range.length > 0) {  // else the buffer may be empty or missing
    if (!offsets) return refuse(column, "the offsets are missing");
    first = load_number(offsets, width, range.begin);
    last = load_number(offsets, width, range.begin + range.length);
  }
  if (first < 0 || last < first) {
    return refuse(column, fmt::format("offsets from {} to {}", first, last));
  }
  head_.push_back(last - first);
  add_buffer({.fill = Fill::Offsets,
              .value_bytes = column.offset_bytes,
              .size = static_cast<std::size_t>((range.length + 1) * width),
              .source = range.length > 0 ? offsets + range.begin * width : nullptr,
              .count = range.length + 1,
              .base = first});
  return add_bytes(column, range.array.buffers[2], first, last - first, 1);
}

/// Of each data buffer, the part between the first and the last byte that a view of the range
/// points to travels; buffers that no view points to do not. tables_ gets, for each data buffer,
/// that part's begin and end, and its new index.
Result<> Encoder::add_views(const Column& column, const Range& range) {
  constexpr std::int64_t untouched = std::numeric_limits<std::int64_t>::max();
  const ArrowArray& array = range.array;
  const auto* views = static_cast<const std::byte*>(array.buffers[1]);
  const auto data_count = array.n_buffers - 3;
  const auto* sizes = static_cast<const std::byte*>(array.buffers[array.n_buffers - 1]);
  if (data_count > 0 && !sizes) return refuse(column, "the sizes of its data buffers are missing");
  if (range.length > 0 && !views) return refuse(column, "a buffer is missing");
  const auto* validity =
      range.null_count > 0 ? static_cast<const std::byte*>(array.buffers[0]) : nullptr;

  const std::size_t table = tables_.size();
  for (std::int64_t i = 0; i < data_count; ++i)
    tables_.insert(tables_.end(), {untouched, 0, 0});
  for (std::int64_t i = range.begin; i < range.begin + range.length; ++i) {
    if (validity && !is_bit_set(validity, i)) continue;
    auto size = load<std::int32_t>(views, 4 * i);
    if (size >= 0 && size <= 12) continue;
    auto buffer = load<std::int32_t>(views, 4 * i + 2);
    auto offset = load<std::int32_t>(views, 4 * i + 3);
    if (size < 0 || offset < 0 || buffer < 0 || buffer >= data_count ||
        std::int64_t{offset} + size > load<std::int64_t>(sizes, buffer)) {
      return refuse(
          column, fmt::format("a view of {} bytes at {} of data buffer {}", size, offset, buffer));
    }
    std::int64_t* part = &tables_[table + 3 * static_cast<std::size_t>(buffer)];
    part[0] = std::min<std::int64_t>(part[0], offset);
    part[1] = std::max<std::int64_t>(part[1], std::int64_t{offset} + size);
  }

  const std::size_t count_word = head_.size();
  head_.push_back(0);
  add_buffer({.fill = Fill::Views,
              .size = static_cast<std::size_t>(range.length * 16),
              .source = range.length > 0 ? views + range.begin * 16 : nullptr,
              .validity = validity,
              .begin = range.begin,
              .count = range.length,
              .table = table,
              .table_size = static_cast<std::size_t>(data_count)});
  for (std::int64_t i = 0; i < data_count; ++i) {
    std::int64_t* part = &tables_[table + 3 * static_cast<std::size_t>(i)];
    if (part[0] == untouched) continue;
    part[2] = head_[count_word]++;
    head_.push_back(part[1] - part[0]);
    TRY(add_bytes(column, array.buffers[2 + i], part[0], part[1] - part[0], 1));
  }
  return {};
}

}  // namespace dora::array

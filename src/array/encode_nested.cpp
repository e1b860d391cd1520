// SPDX-License-Identifier: Apache-2.0
// What of an array is to be written: columns with children, of which only what the range shows is
// taken.
#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "array/bits.hpp"
#include "array/encoder.hpp"

namespace dora::array {

Result<> Encoder::add_list(std::uint32_t index, const Range& range) {
  const Column& column = type_->columns()[index];
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
  add_buffer({.fill = Fill::Offsets,
              .value_bytes = column.offset_bytes,
              .size = static_cast<std::size_t>((range.length + 1) * width),
              .source = range.length > 0 ? offsets + range.begin * width : nullptr,
              .count = range.length + 1,
              .base = first});
  return add(index + 1, *range.array.children[0], first, last - first);
}

/// Lists of a list view may lie in any order: of the child, what lies between the begin of the
/// first and the end of the last is taken.
Result<> Encoder::add_list_view(std::uint32_t index, const Range& range) {
  const Column& column = type_->columns()[index];
  const auto* offsets = static_cast<const std::byte*>(range.array.buffers[1]);
  const auto* sizes = static_cast<const std::byte*>(range.array.buffers[2]);
  if (range.length > 0 && (!offsets || !sizes)) return refuse(column, "a buffer is missing");
  const auto* validity =
      range.null_count > 0 ? static_cast<const std::byte*>(range.array.buffers[0]) : nullptr;
  int width = column.offset_bytes;
  const std::int64_t child_length = range.array.children[0]->length;
  std::int64_t first = std::numeric_limits<std::int64_t>::max();
  std::int64_t last = 0;
  for (std::int64_t i = range.begin; i < range.begin + range.length; ++i) {
    if (validity && !is_bit_set(validity, i)) continue;
    std::int64_t size = load_number(sizes, width, i);
    if (size == 0) continue;
    std::int64_t offset = load_number(offsets, width, i);
    if (size < 0 || offset < 0 || offset > child_length || size > child_length - offset) {
      return refuse(column, fmt::format("a list of {} values at {}, where there are {}", size,
                                        offset, child_length));
    }
    first = std::min(first, offset);
    last = std::max(last, offset + size);
  }
  if (last == 0) first = 0;

  Buffer buffer{.fill = Fill::ListViewOffsets,
                .value_bytes = column.offset_bytes,
                .size = static_cast<std::size_t>(range.length * width),
                .source = range.length > 0 ? offsets + range.begin * width : nullptr,
                .second = range.length > 0 ? sizes + range.begin * width : nullptr,
                .validity = validity,
                .begin = range.begin,
                .count = range.length,
                .base = first};
  add_buffer(buffer);
  buffer.fill = Fill::ListViewSizes;
  add_buffer(buffer);
  return add(index + 1, *range.array.children[0], first, last - first);
}

/// Adds what the range shows of each child, where one value of the column is `factor` of a child.
Result<> Encoder::add_children(std::uint32_t index, const Range& range, std::int64_t factor) {
  const Column& column = type_->columns()[index];
  std::int64_t start = 0;
  std::int64_t length = 0;
  if (__builtin_mul_overflow(range.begin, factor, &start) ||
      __builtin_mul_overflow(range.length, factor, &length)) {
    return refuse(column, fmt::format("{} lists of {} values", range.length, factor));
  }
  std::uint32_t child = index + 1;
  for (std::uint32_t i = 0; i < column.child_count; ++i) {
    TRY(add(child, *range.array.children[i], start, length));
    child = type_->columns()[child].next;
  }
  return {};
}

/// Of each child, what lies between the first and the last value that the range points to is taken.
/// tables_ gets the begin and the end of that for each child.
Result<> Encoder::add_dense_union(std::uint32_t index, const Range& range) {
  const Column& column = type_->columns()[index];
  const UnionChildren& children = type_->union_children(column);
  const auto* ids = static_cast<const std::byte*>(range.array.buffers[0]);
  const auto* offsets = static_cast<const std::byte*>(range.array.buffers[1]);
  if (range.length > 0 && (!ids || !offsets)) return refuse(column, "a buffer is missing");

  constexpr std::int64_t untouched = std::numeric_limits<std::int64_t>::max();
  const std::size_t table = tables_.size();
  for (std::uint32_t i = 0; i < column.child_count; ++i) {
    tables_.insert(tables_.end(), {untouched, 0});
  }
  for (std::int64_t i = range.begin; i < range.begin + range.length; ++i) {
    auto id = load<std::int8_t>(ids, i);
    auto offset = load<std::int32_t>(offsets, i);
    int child = id < 0 ? -1 : children[static_cast<std::size_t>(id)];
    if (child < 0 || offset < 0) {
      return refuse(column, fmt::format("type id {} with offset {}", id, offset));
    }
    std::int64_t* part = &tables_[table + 2 * static_cast<std::size_t>(child)];
    part[0] = std::min<std::int64_t>(part[0], offset);
    part[1] = std::max<std::int64_t>(part[1], std::int64_t{offset} + 1);
  }

  TRY(add_bytes(column, ids, range.begin, range.length, 1));
  add_buffer({.fill = Fill::UnionOffsets,
              .size = static_cast<std::size_t>(range.length * 4),
              .source = range.length > 0 ? offsets + range.begin * 4 : nullptr,
              .second = range.length > 0 ? ids + range.begin : nullptr,
              .count = range.length,
              .table = table,
              .table_size = column.child_count,
              .children = &children});
  std::uint32_t child = index + 1;
  for (std::uint32_t i = 0; i < column.child_count; ++i) {
    std::int64_t* part = &tables_[table + 2 * std::size_t{i}];
    if (part[0] == untouched) part[0] = 0;
    TRY(add(child, *range.array.children[i], part[0], part[1] - part[0]));
    child = type_->columns()[child].next;
  }
  return {};
}

/// The runs that overlap the range are taken; their ends are counted from its begin, and cut at its
/// end.
Result<> Encoder::add_runs(std::uint32_t index, const Range& range) {
  const Column& column = type_->columns()[index];
  const Column& ends_column = type_->columns()[index + 1];
  const ArrowArray& ends_array = *range.array.children[0];
  TRY(check(ends_column, ends_array, 0, ends_array.length));
  const int width = static_cast<int>(ends_column.bit_width / 8);
  const auto* ends = static_cast<const std::byte*>(ends_array.buffers[1]);
  if (ends_array.length > 0 && !ends) return refuse(ends_column, "a buffer is missing");
  if (ends) ends += ends_array.offset * width;

  // The first run that ends after `position`.
  auto run_at = [&](std::int64_t position) {
    std::int64_t first = 0;
    std::int64_t last = ends_array.length;
    while (first < last) {
      std::int64_t middle = first + (last - first) / 2;
      if (load_number(ends, width, middle) > position) {
        last = middle;
      } else {
        first = middle + 1;
      }
    }
    return first;
  };
  std::int64_t first_run = 0;
  std::int64_t run_count = 0;
  if (range.length > 0) {
    first_run = run_at(range.begin);
    run_count = run_at(range.begin + range.length - 1) + 1 - first_run;
    if (run_count < 1 || first_run + run_count > ends_array.length) {
      return refuse(column, fmt::format("its runs end before {}", range.begin + range.length));
    }
  }

  head_.insert(head_.end(), {run_count, 0});
  add_buffer({.fill = Fill::RunEnds,
              .value_bytes = static_cast<std::uint8_t>(width),
              .size = static_cast<std::size_t>(run_count * width),
              .source = run_count > 0 ? ends + first_run * width : nullptr,
              .begin = range.length,
              .count = run_count,
              .base = range.begin});
  return add(type_->columns()[index + 1].next, *range.array.children[1], first_run, run_count);
}

}  // namespace dora::array

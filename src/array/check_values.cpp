// SPDX-License-Identifier: Apache-2.0
// Looks at every value of a decoded array that says where other values lie.
#include <cstring>

#include <fmt/format.h>

#include "array/bits.hpp"
#include "array/decoder.hpp"
#include "array/utf8.hpp"

namespace dora::array {
namespace {

class ValueChecker {
 public:
  explicit ValueChecker(const Type& type) : type_(type) {}

  Result<> check(std::uint32_t index, const ArrowArray& array) const {
    const Column& column = type_.columns()[index];
    TRY(own_values(index, array));
    std::uint32_t child = index + 1;
    for (std::uint32_t i = 0; i < column.child_count; ++i) {
      TRY(check(child, *array.children[i]));
      child = type_.columns()[child].next;
    }
    if (column.has_dictionary) TRY(check(child, *array.dictionary));
    return {};
  }

 private:
  std::unexpected<Error> refuse(const Column& column, std::int64_t index,
                                std::string_view problem) const {
    return fail(ErrorKind::InvalidInput, fmt::format("a malformed array body: {}: value {}: {}",
                                                     type_.describe(column), index, problem));
  }

  static const std::byte* buffer(const ArrowArray& array, std::int64_t index) {
    return static_cast<const std::byte*>(array.buffers[index]);
  }

  static bool is_null(const ArrowArray& array, std::int64_t index) {
    return array.null_count > 0 && !is_bit_set(buffer(array, 0), index);
  }

  Result<> own_values(std::uint32_t index, const ArrowArray& array) const {
    const Column& column = type_.columns()[index];
    switch (column.layout) {
      case Layout::Null:
        return {};
      case Layout::SparseUnion:
      case Layout::DenseUnion:
        return union_values(column, array);
      case Layout::RunEndEncoded:
        return run_ends(column, type_.columns()[index + 1], array);
      default:
        break;
    }
    if (array.null_count > 0) {
      auto nulls = array.length - count_ones(buffer(array, 0), 0, array.length);
      if (nulls != array.null_count) {
        return refuse(column, array.length,
                      fmt::format("{} nulls, said to be {}", nulls, array.null_count));
      }
    }
    switch (column.layout) {
      case Layout::FixedWidth:
        return column.has_dictionary ? indices(column, array) : Result<>();
      case Layout::Binary:
        TRY(offsets(column, array));
        return column.is_utf8 ? texts(column, array) : Result<>();
      case Layout::List:
        return offsets(column, array);
      case Layout::View:
        return views(column, array);
      case Layout::ListView:
        return list_views(column, array);
      default:
        return {};
    }
  }

  Result<> indices(const Column& column, const ArrowArray& array) const {
    const auto entries = static_cast<std::uint64_t>(array.dictionary->length);
    const auto* indices = buffer(array, 1);
    for (std::int64_t i = 0; i < array.length; ++i) {
      if (is_null(array, i)) continue;
      if (auto index = load_index(column.letter, indices, i); index >= entries) {
        return refuse(column, i, fmt::format("index {} of {} entries", index, entries));
      }
    }
    return {};
  }

  /// Negative ones become huge.
  static std::uint64_t load_index(char letter, const std::byte* indices, std::int64_t i) {
    switch (letter) {
      case 'c':
        return static_cast<std::uint64_t>(load<std::int8_t>(indices, i));
      case 'C':
        return load<std::uint8_t>(indices, i);
      case 's':
        return static_cast<std::uint64_t>(load<std::int16_t>(indices, i));
      case 'S':
        return load<std::uint16_t>(indices, i);
      case 'i':
        return static_cast<std::uint64_t>(load<std::int32_t>(indices, i));
      case 'I':
        return load<std::uint32_t>(indices, i);
      default:
        return load<std::uint64_t>(indices, i);
    }
  }

  /// The first and the last offset are known to be right.
  Result<> offsets(const Column& column, const ArrowArray& array) const {
    std::int64_t previous = 0;
    for (std::int64_t i = 0; i <= array.length; ++i) {
      auto offset = load_number(buffer(array, 1), column.offset_bytes, i);
      if (offset < previous) {
        return refuse(column, i, fmt::format("offset {} after {}", offset, previous));
      }
      previous = offset;
    }
    return {};
  }

  Result<> texts(const Column& column, const ArrowArray& array) const {
    const int width = column.offset_bytes;
    for (std::int64_t i = 0; i < array.length; ++i) {
      auto begin = load_number(buffer(array, 1), width, i);
      auto end = load_number(buffer(array, 1), width, i + 1);
      if (!is_null(array, i) && !is_utf8(buffer(array, 2) + begin, end - begin)) {
        return refuse(column, i, "its text is not UTF-8");
      }
    }
    return {};
  }

  Result<> views(const Column& column, const ArrowArray& array) const {
    const std::int64_t data_count = array.n_buffers - 3;
    const auto* sizes = buffer(array, array.n_buffers - 1);
    for (std::int64_t i = 0; i < array.length; ++i) {
      const std::byte* view = buffer(array, 1) + 16 * i;
      auto size = load<std::int32_t>(view, 0);
      auto index = load<std::int32_t>(view, 2);
      auto offset = load<std::int32_t>(view, 3);
      const std::byte* text = view + 4;
      if (size > 12) {
        if (index < 0 || index >= data_count || offset < 0 ||
            std::int64_t{offset} + size > load<std::int64_t>(sizes, index)) {
          return refuse(column, i,
                        fmt::format("{} bytes at {} of data buffer {}", size, offset, index));
        }
        text = buffer(array, 2 + index) + offset;
        if (std::memcmp(view + 4, text, 4) != 0) return refuse(column, i, "a wrong prefix");
      } else if (size < 0) {
        return refuse(column, i, fmt::format("{} bytes", size));
      }
      if (column.is_utf8 && !is_null(array, i) && !is_utf8(text, size)) {
        return refuse(column, i, "its text is not UTF-8");
      }
    }
    return {};
  }

  Result<> list_views(const Column& column, const ArrowArray& array) const {
    const std::int64_t values = array.children[0]->length;
    for (std::int64_t i = 0; i < array.length; ++i) {
      auto offset = load_number(buffer(array, 1), column.offset_bytes, i);
      auto size = load_number(buffer(array, 2), column.offset_bytes, i);
      if (offset < 0 || size < 0 || offset > values || size > values - offset) {
        return refuse(column, i, fmt::format("{} of {} values at {}", size, values, offset));
      }
    }
    return {};
  }

  Result<> union_values(const Column& column, const ArrowArray& array) const {
    const UnionChildren& children = type_.union_children(column);
    for (std::int64_t i = 0; i < array.length; ++i) {
      auto id = load<std::int8_t>(buffer(array, 0), i);
      int child = id < 0 ? -1 : children[static_cast<std::size_t>(id)];
      if (child < 0) return refuse(column, i, fmt::format("unknown type id {}", id));
      if (column.layout == Layout::SparseUnion) continue;
      auto offset = load<std::int32_t>(buffer(array, 1), i);
      if (offset < 0 || offset >= array.children[child]->length) {
        return refuse(column, i, fmt::format("offset {} into child {}", offset, child));
      }
    }
    return {};
  }

  Result<> run_ends(const Column& column, const Column& ends_column,
                    const ArrowArray& array) const {
    const ArrowArray& ends = *array.children[0];
    std::int64_t previous = 0;
    for (std::int64_t i = 0; i < ends.length; ++i) {
      auto end = load_number(buffer(ends, 1), static_cast<int>(ends_column.bit_width / 8), i);
      if (end <= previous) {
        return refuse(column, i, fmt::format("run end {} after {}", end, previous));
      }
      previous = end;
    }
    return {};
  }

  const Type& type_;
};

}  // namespace

Result<> check_values(const Type& type, const ArrowArray& array) {
  return ValueChecker(type).check(0, array);
}

}  // namespace dora::array

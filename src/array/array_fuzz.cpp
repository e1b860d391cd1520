// SPDX-License-Identifier: Apache-2.0
// No encoded type and no body may lead the decoder out of bounds, nor a reader of the array that it
// makes under Check::Full. What was decoded can be sent on, whole and sliced.
//
// The input: u16 length of the encoded type, the encoded type, the body.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <vector>

#include "array/bits.hpp"
#include "array/decoder.hpp"
#include "array/encoder.hpp"
#include "array/primitive.hpp"
#include "base/check.hpp"

namespace dora::array {
namespace {

/// Bytes at a multiple of 64, with nothing behind that could be read without a sanitizer noticing.
class Body {
 public:
  explicit Body(std::size_t size)
      : memory_(static_cast<std::byte*>(::operator new(size, std::align_val_t(64)))), size_(size) {}
  std::byte* data() { return memory_.get(); }
  std::span<const std::byte> bytes() const { return {memory_.get(), size_}; }

 private:
  struct Free {
    void operator()(std::byte* memory) const { ::operator delete(memory, std::align_val_t(64)); }
  };
  std::unique_ptr<std::byte, Free> memory_;
  std::size_t size_;
};

/// Reads all that a reader of an array may read.
class Reader {
 public:
  explicit Reader(const Type& type) : type_(type) {}

  void read(std::uint32_t index, const ArrowArray& array) {
    const Column& column = type_.columns()[index];
    read_own(index, array);
    std::uint32_t child = index + 1;
    for (std::uint32_t i = 0; i < column.child_count; ++i) {
      read(child, *array.children[i]);
      child = type_.columns()[child].next;
    }
    if (column.has_dictionary) read(child, *array.dictionary);
  }

 private:
  static const std::byte* buffer(const ArrowArray& array, std::int64_t index) {
    return static_cast<const std::byte*>(array.buffers[index]);
  }

  void touch(const std::byte* bytes, std::int64_t size) {
    for (std::int64_t i = 0; i < size; ++i)
      sum_ = sum_ + std::to_integer<unsigned>(bytes[i]);
  }

  /// Of an array whose values take no room, only the first are looked at.
  static std::int64_t length(const ArrowArray& array) {
    return std::min(array.length, std::int64_t{1} << 20);
  }

  void read_own(std::uint32_t index, const ArrowArray& array) {
    const Column& column = type_.columns()[index];
    CHECK(array.offset == 0 && array.length >= 0);
    bool has_validity = column.layout != Layout::Null && column.layout != Layout::RunEndEncoded &&
                        column.layout != Layout::SparseUnion && column.layout != Layout::DenseUnion;
    if (has_validity && buffer(array, 0)) touch(buffer(array, 0), (array.length + 7) / 8);
    switch (column.layout) {
      case Layout::Null:
      case Layout::FixedSizeList:
      case Layout::Struct:
        return;
      case Layout::FixedWidth:
        return read_fixed_width(column, array);
      case Layout::Binary:
        for (std::int64_t i = 0; i < array.length; ++i) {
          auto begin = load_number(buffer(array, 1), column.offset_bytes, i);
          auto end = load_number(buffer(array, 1), column.offset_bytes, i + 1);
          touch(buffer(array, 2) + begin, end - begin);
        }
        return;
      case Layout::View:
        return read_views(array);
      case Layout::List:
        for (std::int64_t i = 0; i <= array.length; ++i) {
          auto offset = load_number(buffer(array, 1), column.offset_bytes, i);
          CHECK(offset >= 0 && offset <= array.children[0]->length);
        }
        return;
      case Layout::ListView:
        for (std::int64_t i = 0; i < array.length; ++i) {
          auto offset = load_number(buffer(array, 1), column.offset_bytes, i);
          auto size = load_number(buffer(array, 2), column.offset_bytes, i);
          CHECK(offset >= 0 && size >= 0 && offset + size <= array.children[0]->length);
        }
        return;
      case Layout::SparseUnion:
      case Layout::DenseUnion:
        return read_union(column, array);
      case Layout::RunEndEncoded: {
        const ArrowArray& ends = *array.children[0];
        auto width = static_cast<int>(type_.columns()[index + 1].bit_width / 8);
        CHECK(ends.length == array.children[1]->length);
        if (array.length == 0) return;
        CHECK(load_number(buffer(ends, 1), width, ends.length - 1) >= array.length);
        return;
      }
    }
  }

  void read_fixed_width(const Column& column, const ArrowArray& array) {
    if (column.bit_width == 1) return touch(buffer(array, 1), (array.length + 7) / 8);
    touch(buffer(array, 1), length(array) * (column.bit_width / 8));
    if (!column.has_dictionary) return;
    for (std::int64_t i = 0; i < array.length; ++i) {
      if (array.null_count > 0 && !is_bit_set(buffer(array, 0), i)) continue;
      auto bytes = column.bit_width / 8;
      std::uint64_t entry = 0;
      std::memcpy(&entry, buffer(array, 1) + i * bytes, static_cast<std::size_t>(bytes));
      CHECK(entry < static_cast<std::uint64_t>(array.dictionary->length));
    }
  }

  void read_views(const ArrowArray& array) {
    const auto* sizes = buffer(array, array.n_buffers - 1);
    for (std::int64_t i = 0; i < array.n_buffers - 3; ++i) {
      touch(buffer(array, 2 + i), load<std::int64_t>(sizes, i));
    }
    for (std::int64_t i = 0; i < array.length; ++i) {
      const std::byte* view = buffer(array, 1) + 16 * i;
      auto size = load<std::int32_t>(view, 0);
      if (size <= 12) {
        touch(view + 4, size);
      } else {
        touch(buffer(array, 2 + load<std::int32_t>(view, 2)) + load<std::int32_t>(view, 3), size);
      }
    }
  }

  void read_union(const Column& column, const ArrowArray& array) {
    for (std::int64_t i = 0; i < array.length; ++i) {
      auto id = load<std::int8_t>(buffer(array, 0), i);
      CHECK(id >= 0);
      auto child = type_.union_children(column)[static_cast<std::size_t>(id)];
      CHECK(child >= 0 && child < array.n_children);
      std::int64_t value = i;
      if (column.layout == Layout::DenseUnion) value = load<std::int32_t>(buffer(array, 1), i);
      CHECK(value >= 0 && value < array.children[child]->length);
    }
  }

  const Type& type_;
  volatile unsigned sum_ = 0;
};

/// What encoding `array` gives; it must be readable.
Body send_on(const Type& type, const ArrowArray& array, std::size_t alignment) {
  Encoder encoder;
  CHECK(encoder.prepare(type, array));
  Body body(encoder.size_bytes(alignment));
  encoder.write(body.data(), alignment);
  ArrowArray received{};
  CHECK(decode(type, body.bytes(), {}, &received, Check::Full));
  CHECK(received.length == array.length);
  Reader(type).read(0, received);
  received.release(&received);
  return body;
}

void try_body(const Type& type, std::span<const std::byte> bytes) {
  Body body(bytes.size());
  std::memcpy(body.data(), bytes.data(), bytes.size());
  ArrowArray array{};
  if (!decode(type, body.bytes(), {}, &array, Check::Structure)) {
    CHECK(!primitive_view(type, body.bytes()));
    return;
  }
  array.release(&array);
  int released = 0;
  Keep keep{[](void* count) { ++*static_cast<int*>(count); }, &released};
  if (!decode(type, body.bytes(), keep, &array, Check::Full)) return;
  Reader(type).read(0, array);

  Body again = send_on(type, array, 64);
  ArrowArray slice = array;
  slice.offset = array.length / 3;
  slice.length = array.length / 2;
  slice.null_count = array.null_count > 0 ? -1 : 0;
  send_on(type, slice, 8);
  array.release(&array);
  CHECK(released == 1);

  // The body of a decoded body is the same again.
  ArrowArray normal{};
  CHECK(decode(type, again.bytes(), {}, &normal, Check::Structure));
  Body same = send_on(type, normal, 64);
  CHECK(std::ranges::equal(same.bytes(), again.bytes()));
  normal.release(&normal);
}

void try_input(std::span<const std::byte> input) {
  if (input.size() < 2) return;
  std::size_t type_size = load<std::uint16_t>(input.data(), 0);
  if (type_size > input.size() - 2) return;
  auto type = Type::decode(input.subspan(2, type_size));
  if (!type) return;
  ArrowSchema schema{};
  CHECK(type->to_schema(&schema));
  CHECK(type->matches(schema));
  CHECK(Type::from_schema(schema).value() == *type);
  schema.release(&schema);
  try_body(*type, input.subspan(2 + type_size));
}

}  // namespace
}  // namespace dora::array

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  dora::array::try_input(std::as_bytes(std::span(data, size)));
  return 0;
}

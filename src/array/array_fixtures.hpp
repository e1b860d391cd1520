#pragma once
// SPDX-License-Identifier: Apache-2.0
// Small arrays made by hand, for the tests of this module.

#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "array/decoder.hpp"
#include "array/encoder.hpp"

namespace dora::array {

/// An array that owns nothing: its buffers and children live in the test.
struct TestArray {
  std::vector<const void*> buffers;
  std::vector<ArrowArray*> children;
  ArrowArray array{};

  TestArray(std::int64_t length, std::vector<const void*> its_buffers,
            std::vector<ArrowArray*> its_children = {}, std::int64_t null_count = 0)
      : buffers(std::move(its_buffers)), children(std::move(its_children)) {
    array.length = length;
    array.null_count = null_count;
    array.n_buffers = static_cast<std::int64_t>(buffers.size());
    array.n_children = static_cast<std::int64_t>(children.size());
    array.buffers = buffers.data();
    array.children = children.data();
    array.release = [](ArrowArray* released) { released->release = nullptr; };
  }
  TestArray(const TestArray&) = delete;
};

/// A body on the heap, exactly as large as it must be, so that sanitizers see every step beyond it.
class Body {
 public:
  Body(const Encoder& encoder, std::size_t alignment) : Body(encoder.size_bytes(alignment)) {
    encoder.write(memory_.get(), alignment);
  }
  explicit Body(std::span<const std::byte> bytes) : Body(bytes.size()) {
    std::memcpy(memory_.get(), bytes.data(), bytes.size());
  }
  std::span<std::byte> bytes() { return {memory_.get(), size_}; }

 private:
  explicit Body(std::size_t size)
      : memory_(static_cast<std::byte*>(::operator new(size, std::align_val_t(64)))), size_(size) {}
  struct Free {
    void operator()(std::byte* memory) const { ::operator delete(memory, std::align_val_t(64)); }
  };
  std::unique_ptr<std::byte, Free> memory_;
  std::size_t size_;
};

inline Body encode(const Type& type, const ArrowArray& array, std::size_t alignment = 64) {
  Encoder encoder;
  auto prepared = encoder.prepare(type, array);
  if (!prepared) throw std::runtime_error(prepared.error().message);
  return Body(encoder, alignment);
}

/// A decoded array that is released at the end of the test.
struct Decoded {
  ArrowArray array{};
  Decoded(const Type& type, std::span<const std::byte> body, Check check = Check::Full) {
    auto result = decode(type, body, {}, &array, check);
    if (!result) throw std::runtime_error(result.error().message);
  }
  Decoded(const Decoded&) = delete;
  ~Decoded() {
    if (array.release) array.release(&array);
  }
  template <typename T>
  std::vector<T> values(int buffer = 1) const {
    const auto* first = static_cast<const T*>(array.buffers[buffer]);
    return {first, first + array.length};
  }
};

inline std::string hex(std::span<const std::byte> bytes) {
  std::string text;
  for (auto byte : bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    text += digits[std::to_integer<unsigned>(byte) >> 4];
    text += digits[std::to_integer<unsigned>(byte) & 15];
  }
  return text;
}

/// A schema that owns nothing: its children live in the test.
struct TestSchema {
  std::vector<ArrowSchema*> children;
  ArrowSchema schema{};

  explicit TestSchema(const char* format, std::vector<ArrowSchema*> its_children = {},
                      const char* name = "")
      : children(std::move(its_children)) {
    schema.format = format;
    schema.name = name;
    schema.flags = ARROW_FLAG_NULLABLE;
    schema.n_children = static_cast<std::int64_t>(children.size());
    schema.children = children.data();
    schema.release = [](ArrowSchema* released) { released->release = nullptr; };
  }
  TestSchema(const TestSchema&) = delete;
  Type type() const { return Type::from_schema(schema).value(); }
};

}  // namespace dora::array

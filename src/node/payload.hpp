#pragma once
// SPDX-License-Identifier: Apache-2.0
// What a node sends: bytes, a tensor or an Arrow array, seen as "a type, a shape, and a body that
// can be measured and written". Refers to the caller's memory during one send only.

#include <cstdint>
#include <span>
#include <string_view>

#include "array/encoder.hpp"
#include "array/type.hpp"
#include "base/result.hpp"
#include "dora/node.h"

namespace dora::node {

class Payload {
 public:
  /// A UInt8 array.
  static Payload bytes(const void* data, std::size_t size);
  /// Fails later, in `prepare`, when the tensor is not a possible one.
  static Payload tensor(const dora_tensor& tensor);
  static Payload arrow(const ArrowArray& array, const ArrowSchema& schema);

  /// Checks the payload. Before anything below.
  Result<> prepare() {
    if (array_ != nullptr || length_ >= 0) return {};
    return measure();
  }

  /// The Arrow format when the type is a plain primitive, else empty: then `schema` describes it.
  std::string_view primitive_format() const { return format_; }
  const ArrowSchema* schema() const { return schema_; }
  /// n-dimensional arrays only.
  bool is_ndarray() const { return is_ndarray_; }
  std::span<const std::int64_t> shape() const { return shape_; }

  /// How many bytes the body takes when it begins at a multiple of `alignment` (8 or 64).
  Result<std::size_t> body_size(const array::Type& type, std::size_t alignment);
  /// Writes the body that was measured last.
  void write_body(std::byte* destination) const;

 private:
  Result<> measure();

  std::string_view format_;
  const void* data_ = nullptr;
  std::int64_t length_ = 0;
  std::uint32_t item_bits_ = 8;
  bool is_ndarray_ = false;
  std::span<const std::int64_t> shape_;

  const ArrowArray* array_ = nullptr;
  const ArrowSchema* schema_ = nullptr;
  bool is_encoded_ = false;
  std::size_t alignment_ = 8;
};

}  // namespace dora::node

#pragma once
// SPDX-License-Identifier: Apache-2.0
// The Arrow type of a payload: a value, independent of any ArrowSchema. It is kept in the encoding
// that docs/array-body.md describes, so equal types are equal bytes, and it knows the memory layout
// of every column of an array of this type, in pre-order (a column, its children, its dictionary).

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <dora/arrow.h>

#include "base/result.hpp"

namespace dora::array {

/// Types nested deeper than this are refused, on both sides.
inline constexpr int max_depth = 64;

/// How the values of a column lie in memory: the physical layouts of the Arrow columnar format.
enum class Layout : std::uint8_t {
  Null,
  FixedWidth,  ///< numbers, booleans, decimals, times, fixed-size binary, dictionary indices
  Binary,      ///< (large) binary and utf8
  View,        ///< binary_view and utf8_view
  List,        ///< (large) list and map
  ListView,
  FixedSizeList,
  Struct,
  SparseUnion,
  DenseUnion,
  RunEndEncoded,
};

/// Which child of a union a type id stands for; -1 if none.
using UnionChildren = std::array<std::int8_t, 128>;

/// What is to be known about a column to encode or decode it.
struct Column {
  Layout layout = Layout::Null;
  char letter = 0;                ///< FixedWidth: its format if that is one letter, else 0
  bool is_primitive = false;      ///< FixedWidth: see Type::is_primitive
  bool is_utf8 = false;           ///< Binary, View: text
  bool is_map = false;            ///< List: a map
  bool has_dictionary = false;    ///< FixedWidth: indices into a dictionary
  std::uint8_t offset_bytes = 0;  ///< Binary, List, ListView: 4 or 8
  std::int64_t bit_width = 0;     ///< FixedWidth: 1 or a multiple of 8
  std::int64_t list_size = 0;     ///< FixedSizeList
  std::uint32_t child_count = 0;  ///< without the dictionary
  std::uint32_t next = 0;         ///< index of the first column that is not a descendant
  std::uint32_t union_index = 0;  ///< unions: index into Type::unions()
  std::size_t encoded_begin = 0;  ///< where the column begins in the encoding

  /// An integer type: can be a dictionary's index.
  bool is_integer() const;
  /// Of the buffers of the C data interface; for View without its data buffers.
  int buffer_count() const;
};

/// Yields the layout of `format`, with the children and the dictionary still unknown.
///
/// Fails with Unsupported, naming the format, if it is unknown or its parameters are impossible.
Result<Column> parse_format(std::string_view format, UnionChildren* union_children);

class Type {
 public:
  /// Copies all of `schema`: names, flags, field metadata, children, dictionary. Metadata of
  /// extension types is field metadata.
  ///
  /// Fails with Unsupported for unknown formats, with InvalidInput for a schema that is malformed
  /// or nested deeper than max_depth.
  static Result<Type> from_schema(const ArrowSchema& schema);

  /// Reads what encoded() gave, from a source that is not trusted.
  static Result<Type> decode(std::span<const std::byte> encoded);

  /// The nullable, nameless type of `arrow_format`, as pyarrow exports that of an array.
  static Result<Type> primitive(std::string_view arrow_format);

  std::span<const std::byte> encoded() const { return encoded_; }

  /// Makes `out` a copy of this type that owns itself.
  Result<> to_schema(ArrowSchema* out) const;

  /// Whether from_schema(schema) would equal this type; does not allocate. `schema` must be valid.
  bool matches(const ArrowSchema& schema) const noexcept;

  /// The same type with `key` set in the metadata of its outermost field.
  Result<Type> with_metadata(std::string_view key, std::string_view value) const;

  /// Booleans, integers, floats, dates, times, timestamps and durations: one buffer of numbers of
  /// 1, 8, 16, 32 or 64 bits, no children, no dictionary and no metadata.
  bool is_primitive() const { return columns_[0].is_primitive && !has_metadata_; }

  /// The Arrow format of the outermost column.
  std::string_view format() const { return format_of(columns_[0]); }
  /// Bits of one value if the outermost column is of fixed width, else 0.
  std::size_t bit_width() const { return static_cast<std::size_t>(columns_[0].bit_width); }

  std::span<const Column> columns() const { return columns_; }
  const UnionChildren& union_children(const Column& column) const {
    return unions_[column.union_index];
  }
  std::string_view format_of(const Column& column) const;
  std::string_view name_of(const Column& column) const;
  /// For messages: column 'name' of format 'u'
  std::string describe(const Column& column) const;

  bool operator==(const Type& other) const { return encoded_ == other.encoded_; }

 private:
  friend class TypeParser;
  Type() = default;

  std::vector<std::byte> encoded_;
  std::vector<Column> columns_;
  std::vector<UnionChildren> unions_;
  bool has_metadata_ = false;
};

}  // namespace dora::array

// SPDX-License-Identifier: Apache-2.0
#include "array/type.hpp"

#include <cstring>
#include <limits>

#include <fmt/format.h>

#include "array/type_encoding.hpp"

namespace dora::array {
namespace {

std::string_view text(const char* chars) {
  return chars ? std::string_view(chars) : "";
}

template <typename T>
T load(const char* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof(T));
  return value;
}

/// The bytes of a schema's metadata, as the C data interface defines them; empty if there is none.
/// The interface tells no size: the counts inside are believed, as everyone must.
std::string_view metadata_bytes(const char* metadata) {
  if (!metadata) return {};
  auto pairs = load<std::int32_t>(metadata);
  if (pairs <= 0) return {};
  const char* end = metadata + 4;
  for (std::int64_t i = 0; i < 2 * std::int64_t{pairs}; ++i) {
    auto length = load<std::int32_t>(end);
    if (length < 0) return {};
    end += 4 + length;
  }
  return {metadata, static_cast<std::size_t>(end - metadata)};
}

std::uint32_t flags_of(const ArrowSchema& schema) {
  std::uint32_t flags = static_cast<std::uint32_t>(schema.flags) & arrow_flags;
  if (!metadata_bytes(schema.metadata).empty()) flags |= has_metadata_flag;
  if (schema.dictionary) flags |= has_dictionary_flag;
  return flags;
}

Result<> write_schema(TypeWriter& writer, const ArrowSchema& schema, int depth) {
  if (depth > max_depth) {
    return fail(ErrorKind::InvalidInput,
                fmt::format("an Arrow type is nested deeper than {} levels", max_depth));
  }
  if (!schema.format || !schema.release) {
    return fail(ErrorKind::InvalidInput, "an Arrow schema was released before it was used");
  }
  if (schema.n_children < 0 || schema.n_children > std::numeric_limits<std::int32_t>::max() ||
      (schema.n_children > 0 && !schema.children)) {
    return fail(ErrorKind::InvalidInput,
                fmt::format("the Arrow schema of field '{}' has {} children", text(schema.name),
                            schema.n_children));
  }
  std::uint32_t flags = flags_of(schema);
  writer.number(flags);
  writer.text(text(schema.format));
  writer.text(text(schema.name));
  if (flags & has_metadata_flag) writer.metadata(metadata_bytes(schema.metadata));
  writer.number(static_cast<std::uint32_t>(schema.n_children));
  for (std::int64_t i = 0; i < schema.n_children; ++i) {
    if (!schema.children[i]) {
      return fail(ErrorKind::InvalidInput, fmt::format("child {} of the Arrow schema of field '{}' "
                                                       "is missing",
                                                       i, text(schema.name)));
    }
    TRY(write_schema(writer, *schema.children[i], depth + 1));
  }
  if (schema.dictionary) TRY(write_schema(writer, *schema.dictionary, depth + 1));
  return {};
}

/// Compares an encoding with what would be written, piece by piece.
class Comparison {
 public:
  explicit Comparison(std::span<const std::byte> encoded)
      : at_(reinterpret_cast<const char*>(encoded.data())), end_(at_ + encoded.size()) {}

  bool number(std::uint32_t value) { return bytes(&value, sizeof(value)); }
  bool text(std::string_view text) {
    return number(static_cast<std::uint32_t>(text.size())) && bytes(text.data(), text.size()) &&
           bytes("", 1);
  }
  bool metadata(std::string_view metadata) {
    return number(static_cast<std::uint32_t>(metadata.size())) &&
           bytes(metadata.data(), metadata.size());
  }
  bool is_at_end() const { return at_ == end_; }

 private:
  bool bytes(const void* expected, std::size_t size) {
    if (static_cast<std::size_t>(end_ - at_) < size) return false;
    bool same = std::memcmp(at_, expected, size) == 0;
    at_ += size;
    return same;
  }

  const char* at_;
  const char* end_;
};

bool is_same(Comparison& encoded, const ArrowSchema& schema) {
  std::uint32_t flags = flags_of(schema);
  if (!encoded.number(flags) || !encoded.text(text(schema.format)) ||
      !encoded.text(text(schema.name))) {
    return false;
  }
  if ((flags & has_metadata_flag) && !encoded.metadata(metadata_bytes(schema.metadata))) {
    return false;
  }
  if (!encoded.number(static_cast<std::uint32_t>(schema.n_children))) return false;
  for (std::int64_t i = 0; i < schema.n_children; ++i) {
    if (!schema.children[i] || !is_same(encoded, *schema.children[i])) return false;
  }
  return !schema.dictionary || is_same(encoded, *schema.dictionary);
}

}  // namespace

Result<Type> Type::from_schema(const ArrowSchema& schema) {
  TypeWriter writer;
  writer.number(type_version);
  TRY(write_schema(writer, schema, 1));
  return decode(writer.bytes());
}

Result<Type> Type::primitive(std::string_view arrow_format) {
  TypeWriter writer;
  writer.number(type_version);
  writer.number(ARROW_FLAG_NULLABLE);
  writer.text(arrow_format);
  writer.text("");
  writer.number(0);
  return decode(writer.bytes());
}

bool Type::matches(const ArrowSchema& schema) const noexcept {
  Comparison comparison(encoded_);
  return comparison.number(type_version) && is_same(comparison, schema) && comparison.is_at_end();
}

std::string_view Type::format_of(const Column& column) const {
  TypeReader reader(std::span<const std::byte>(encoded_).subspan(column.encoded_begin + 4));
  return *reader.text();
}

std::string_view Type::name_of(const Column& column) const {
  TypeReader reader(std::span<const std::byte>(encoded_).subspan(column.encoded_begin + 4));
  (void)reader.text();
  return *reader.text();
}

std::string Type::describe(const Column& column) const {
  auto name = name_of(column);
  auto format = format_of(column).substr(0, 100);
  if (name.empty()) return fmt::format("a column of format '{}'", format);
  return fmt::format("column '{}' of format '{}'", name.substr(0, 100), format);
}

Result<Type> Type::with_metadata(std::string_view key, std::string_view value) const {
  TypeReader reader(encoded_);
  TypeWriter pairs;
  std::uint32_t count = 0;
  bool is_written = false;
  auto write_pair = [&](std::string_view pair_key, std::string_view pair_value) {
    pairs.metadata(pair_key);
    pairs.metadata(pair_value);
    ++count;
  };
  (void)reader.number();
  std::uint32_t flags = *reader.number();
  auto format = *reader.text();
  auto name = *reader.text();
  if (flags & has_metadata_flag) {
    TypeReader old(std::as_bytes(std::span(*reader.metadata())));
    auto old_count = *old.number();
    for (std::uint32_t i = 0; i < old_count; ++i) {
      auto old_key = *old.metadata();
      auto old_value = *old.metadata();
      is_written |= old_key == key;
      write_pair(old_key, old_key == key ? value : old_value);
    }
  }
  if (!is_written) write_pair(key, value);

  TypeWriter all_pairs;
  all_pairs.number(count);
  all_pairs.raw(pairs.bytes());
  TypeWriter writer;
  writer.number(type_version);
  writer.number(flags | has_metadata_flag);
  writer.text(format);
  writer.text(name);
  auto bytes = all_pairs.bytes();
  writer.metadata({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  writer.raw(reader.rest());
  return decode(writer.bytes());
}

}  // namespace dora::array

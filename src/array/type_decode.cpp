// SPDX-License-Identifier: Apache-2.0
// Reads encoded types, which may come from anywhere, and turns types into schemas.
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <memory>
#include <new>

#include <fmt/format.h>

#include "array/type.hpp"
#include "array/type_encoding.hpp"

namespace dora::array {

/// Reads one encoded type into a Type.
class TypeParser {
 public:
  static Result<Type> parse(std::span<const std::byte> encoded) {
    Type type;
    type.encoded_.assign(encoded.begin(), encoded.end());
    TypeParser parser(type);
    if (parser.reader_.number() != type_version) {
      return fail(ErrorKind::Unsupported, "an encoded Arrow type is of another version of dora");
    }
    TRY(parser.column(1));
    if (!parser.reader_.rest().empty()) return malformed("bytes follow its end");
    return type;
  }

 private:
  explicit TypeParser(Type& type) : type_(type), reader_(type.encoded_) {}

  static std::unexpected<Error> malformed(std::string_view problem) {
    return fail(ErrorKind::InvalidInput,
                fmt::format("a malformed encoded Arrow type: {}", problem));
  }

  Result<> column(int depth) {
    if (depth > max_depth) {
      return malformed(fmt::format("it is nested deeper than {} levels", max_depth));
    }
    std::size_t begin = type_.encoded_.size() - reader_.rest().size();
    auto flags = reader_.number();
    auto format = reader_.text();
    auto name = reader_.text();
    if (!flags || !format || !name) return malformed("it ends too early, or a text is broken");
    if (*flags & ~(arrow_flags | has_metadata_flag | has_dictionary_flag)) {
      return malformed("unknown flags");
    }
    if (*flags & has_metadata_flag) {
      TRY(metadata());
      if (depth == 1) type_.has_metadata_ = true;
    }
    UnionChildren children;
    Column column = TRY(parse_format(*format, &children));
    column.encoded_begin = begin;
    column.has_dictionary = (*flags & has_dictionary_flag) != 0;
    column.is_primitive &= !column.has_dictionary;
    if (column.layout == Layout::SparseUnion || column.layout == Layout::DenseUnion) {
      column.union_index = static_cast<std::uint32_t>(type_.unions_.size());
      type_.unions_.push_back(children);
    }
    auto child_count = reader_.number();
    if (!child_count) return malformed("it ends too early");
    if (column.layout == Layout::Struct) column.child_count = *child_count;
    if (*child_count != column.child_count) {
      return malformed(fmt::format("'{}' with {} children", format->substr(0, 100), *child_count));
    }
    if (column.has_dictionary && !column.is_integer()) {
      return malformed(fmt::format("'{}' with a dictionary", format->substr(0, 100)));
    }
    auto index = static_cast<std::uint32_t>(type_.columns_.size());
    type_.columns_.push_back(column);
    for (std::uint32_t i = 0; i < *child_count; ++i)
      TRY(this->column(depth + 1));
    if (column.has_dictionary) TRY(this->column(depth + 1));
    type_.columns_[index].next = static_cast<std::uint32_t>(type_.columns_.size());
    return children_fit(index);
  }

  /// Checks that a metadata is a list of keys and values.
  Result<> metadata() {
    auto bytes = reader_.metadata();
    if (!bytes) return malformed("it ends within metadata");
    TypeReader pairs(std::as_bytes(std::span(*bytes)));
    auto count = pairs.number();
    constexpr std::uint32_t most = std::numeric_limits<std::int32_t>::max();
    if (!count || *count == 0 || *count > most) return malformed("broken metadata");
    for (std::uint32_t i = 0; i < *count; ++i) {
      auto key = pairs.metadata();
      auto value = pairs.metadata();
      if (!key || !value || key->size() > most || value->size() > most) {
        return malformed("broken metadata");
      }
    }
    if (!pairs.rest().empty()) return malformed("broken metadata");
    return {};
  }

  /// What Arrow demands of the children of maps and run-end encoded arrays. An importer may abort
  /// on anything else.
  Result<> children_fit(std::uint32_t index) const {
    const Column& column = type_.columns_[index];
    if (column.is_map) {
      const Column& entries = type_.columns_[index + 1];
      if (entries.layout != Layout::Struct || entries.child_count != 2) {
        return malformed("a map whose entries are no pairs");
      }
    } else if (column.layout == Layout::RunEndEncoded) {
      const Column& ends = type_.columns_[index + 1];
      bool fits = ends.letter == 's' || ends.letter == 'i' || ends.letter == 'l';
      if (!fits || ends.has_dictionary) return malformed("run ends that are no signed integers");
    }
    return {};
  }

  Type& type_;
  TypeReader reader_;
};

Result<Type> Type::decode(std::span<const std::byte> encoded) {
  return TypeParser::parse(encoded);
}

namespace {

/// All schemas of one type, in one piece of memory: this, the schemas but the outermost, the
/// pointers to them, and the encoded type that their texts lie in. A consumer may move children out
/// and keep them for longer, so the piece is freed with the last of them.
struct SchemaBlock {
  std::atomic<std::size_t> schemas_alive;
};

void release_schema(ArrowSchema* schema) {
  for (std::int64_t i = 0; i < schema->n_children; ++i) {
    if (schema->children[i]->release) schema->children[i]->release(schema->children[i]);
  }
  if (schema->dictionary && schema->dictionary->release) {
    schema->dictionary->release(schema->dictionary);
  }
  auto* block = static_cast<SchemaBlock*>(schema->private_data);
  schema->release = nullptr;
  if (block->schemas_alive.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    std::destroy_at(block);
    std::free(block);
  }
}

/// Builds the schemas of a block, column by column.
struct SchemaBuilder {
  std::span<const Column> columns;
  TypeReader reader;
  SchemaBlock* block;
  ArrowSchema* free_schema;
  ArrowSchema** free_pointer;
  std::uint32_t index = 0;

  void build(ArrowSchema* out) {
    const Column& column = columns[index++];
    std::uint32_t flags = *reader.number();
    *out = {};
    out->format = reader.text()->data();
    out->name = reader.text()->data();
    if (flags & has_metadata_flag) out->metadata = reader.metadata()->data();
    (void)reader.number();
    out->flags = flags & arrow_flags;
    out->n_children = column.child_count;
    out->children = column.child_count == 0 ? nullptr : free_pointer;
    out->release = release_schema;
    out->private_data = block;
    free_pointer += column.child_count;
    for (std::uint32_t i = 0; i < column.child_count; ++i) {
      out->children[i] = free_schema++;
      build(out->children[i]);
    }
    if (column.has_dictionary) {
      out->dictionary = free_schema++;
      build(out->dictionary);
    }
  }
};

}  // namespace

Result<> Type::to_schema(ArrowSchema* out) const {
  std::size_t descendants = columns_.size() - 1;
  std::size_t pieces = descendants * (sizeof(ArrowSchema) + sizeof(ArrowSchema*));
  void* memory = std::malloc(sizeof(SchemaBlock) + pieces + encoded_.size());
  if (!memory) return fail(ErrorKind::Failed, "no memory for an Arrow schema");
  auto* block = new (memory) SchemaBlock{columns_.size()};
  auto* schemas = reinterpret_cast<ArrowSchema*>(block + 1);
  auto* pointers = reinterpret_cast<ArrowSchema**>(schemas + descendants);
  auto* text = reinterpret_cast<std::byte*>(pointers + descendants);
  std::memcpy(text, encoded_.data(), encoded_.size());

  TypeReader reader({text, encoded_.size()});
  (void)reader.number();
  SchemaBuilder builder{columns_, reader, block, schemas, pointers};
  builder.build(out);
  return {};
}

}  // namespace dora::array

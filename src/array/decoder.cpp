// SPDX-License-Identifier: Apache-2.0
#include "array/decoder.hpp"

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <vector>

#include <fmt/format.h>

#include "array/bits.hpp"
#include "array/body.hpp"

namespace dora::array {
namespace {

/// All arrays of one body, in one piece of memory: this, the arrays but the outermost, the pointers
/// to them, the pointers to buffers, and the sizes of the data buffers of views. A consumer may
/// move children out and keep them for longer, so the piece is freed with the last of them.
struct ArrayBlock {
  std::atomic<std::size_t> arrays_alive;
  Keep keep;
};

void release_array(ArrowArray* array) {
  for (std::int64_t i = 0; i < array->n_children; ++i) {
    if (array->children[i]->release) array->children[i]->release(array->children[i]);
  }
  if (array->dictionary && array->dictionary->release) {
    array->dictionary->release(array->dictionary);
  }
  auto* block = static_cast<ArrayBlock*>(array->private_data);
  array->release = nullptr;
  if (block->arrays_alive.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    Keep keep = block->keep;
    std::destroy_at(block);
    std::free(block);
    if (keep.release) keep.release(keep.context);
  }
}

/// What buffers without bytes point to: some consumers stumble over null pointers.
alignas(64) constexpr std::byte no_bytes[64] = {};

std::unexpected<Error> malformed(std::string_view problem) {
  return fail(ErrorKind::InvalidInput, fmt::format("a malformed array body: {}", problem));
}

/// The words between the preamble and the buffers, copied: the body may change while it is read,
/// and what was checked must be what is used.
class Head {
 public:
  Result<> read(const std::byte* source, std::size_t count) {
    count_ = count;
    if (count > std::size(few_)) {
      many_.reset(new (std::nothrow) std::int64_t[count]);
      if (!many_) return fail(ErrorKind::Failed, "no memory for the head of an array body");
      words_ = many_.get();
    }
    const auto* words = reinterpret_cast<const std::int64_t*>(source);
    for (std::size_t i = 0; i < count; ++i)
      words_[i] = __atomic_load_n(words + i, __ATOMIC_RELAXED);
    return {};
  }
  std::size_t count() const { return count_; }
  std::int64_t operator[](std::size_t index) const { return words_[index]; }

 private:
  std::int64_t few_[32];
  std::unique_ptr<std::int64_t[]> many_;
  std::int64_t* words_ = few_;
  std::size_t count_ = 0;
};

/// How much memory the arrays of a body need.
struct Counts {
  std::size_t buffers = 0;
  std::size_t view_sizes = 0;
};

/// Counts, and checks that the head has the words that its columns need, so that reading them in
/// the same order stays within it.
Result<Counts> count(const Type& type, const Head& head) {
  Counts counts;
  std::size_t words = 0;
  for (const Column& column : type.columns()) {
    words += 2;
    counts.buffers += static_cast<std::size_t>(column.buffer_count());
    if (column.layout == Layout::Binary) ++words;
    if (column.layout == Layout::View) {
      if (words >= head.count()) return malformed("its head ends too early");
      auto data_buffers = static_cast<std::uint64_t>(head[words++]);
      if (data_buffers > head.count() - words) {
        return malformed(fmt::format("{}: {} data buffers", type.describe(column), data_buffers));
      }
      words += data_buffers;
      counts.buffers += data_buffers;
      counts.view_sizes += data_buffers;
    }
  }
  if (words != head.count()) {
    return malformed(
        fmt::format("its head has {} words where its type needs {}", head.count(), words));
  }
  return counts;
}

/// Makes the arrays of a block, column by column.
class Builder {
 public:
  Builder(const Type& type, const Head& head, std::span<const std::byte> body, std::size_t begin,
          std::size_t alignment, ArrayBlock* block, const Counts& counts)
      : type_(type), head_(head), body_(body), end_(begin), alignment_(alignment), block_(block) {
    std::size_t descendants = type.columns().size() - 1;
    auto* memory = reinterpret_cast<std::byte*>(block + 1);
    arrays_ = reinterpret_cast<ArrowArray*>(memory);
    memory += descendants * sizeof(ArrowArray);
    pointers_ = reinterpret_cast<ArrowArray**>(memory);
    memory += descendants * sizeof(ArrowArray*);
    buffers_ = reinterpret_cast<const void**>(memory);
    memory += counts.buffers * sizeof(void*);
    sizes_ = reinterpret_cast<std::int64_t*>(memory);
  }

  static std::size_t block_size(const Type& type, const Counts& counts) {
    std::size_t descendants = type.columns().size() - 1;
    return sizeof(ArrayBlock) + descendants * (sizeof(ArrowArray) + sizeof(ArrowArray*)) +
           counts.buffers * sizeof(void*) + counts.view_sizes * sizeof(std::int64_t);
  }

  Result<> build(std::uint32_t index, ArrowArray* out) {
    const Column& column = type_.columns()[index];
    *out = {};
    out->length = head_[word_++];
    out->null_count = head_[word_++];
    if (out->length < 0 || out->length > max_length || out->null_count < 0 ||
        out->null_count > out->length) {
      return refuse(column, fmt::format("length {} with {} nulls", out->length, out->null_count));
    }
    out->n_buffers = column.buffer_count();
    out->n_children = column.child_count;
    if (out->n_children > 0) out->children = pointers_;
    pointers_ += out->n_children;
    out->release = release_array;
    out->private_data = block_;
    out->buffers = buffers_;
    TRY(own_buffers(column, out));
    buffers_ += out->n_buffers;

    std::uint32_t child = index + 1;
    for (std::uint32_t i = 0; i < column.child_count; ++i) {
      out->children[i] = arrays_++;
      TRY(build(child, out->children[i]));
      child = type_.columns()[child].next;
    }
    if (column.has_dictionary) {
      out->dictionary = arrays_++;
      TRY(build(child, out->dictionary));
    }
    return children_fit(index, *out);
  }

 private:
  std::unexpected<Error> refuse(const Column& column, std::string_view problem) const {
    return malformed(fmt::format("{}: {}", type_.describe(column), problem));
  }

  /// The next `count` values of `value_bytes`; null if the body is too short for them.
  const void* take(std::int64_t count, std::int64_t value_bytes) {
    std::int64_t size = 0;
    if (__builtin_mul_overflow(count, value_bytes, &size) || size < 0) return nullptr;
    if (size == 0) return no_bytes;
    std::size_t begin = align_up(end_, alignment_);
    if (begin > body_.size() || static_cast<std::size_t>(size) > body_.size() - begin) {
      return nullptr;
    }
    end_ = begin + static_cast<std::size_t>(size);
    return body_.data() + begin;
  }

  Result<> own_buffers(const Column& column, ArrowArray* out) {
    const std::int64_t length = out->length;
    bool is_short = false;
    auto next = [&](int index, std::int64_t count, std::int64_t value_bytes) {
      out->buffers[index] = take(count, value_bytes);
      is_short |= out->buffers[index] == nullptr;
    };
    switch (column.layout) {
      case Layout::Null:
        if (out->null_count != length) return refuse(column, "values that are not null");
        return {};
      case Layout::RunEndEncoded:
      case Layout::SparseUnion:
      case Layout::DenseUnion:
        if (out->null_count != 0) return refuse(column, "nulls, which its format has not");
        break;
      default:
        out->buffers[0] = nullptr;
        if (out->null_count > 0) next(0, (length + 7) / 8, 1);
    }
    switch (column.layout) {
      case Layout::Null:
      case Layout::RunEndEncoded:
      case Layout::FixedSizeList:
      case Layout::Struct:
        break;
      case Layout::FixedWidth:
        if (column.bit_width == 1) {
          next(1, (length + 7) / 8, 1);
        } else {
          next(1, length, column.bit_width / 8);
        }
        break;
      case Layout::Binary: {
        std::int64_t size = head_[word_++];
        next(1, length + 1, column.offset_bytes);
        next(2, size, 1);
        if (!is_short) TRY(offsets_end_at(column, *out, size));
        break;
      }
      case Layout::View:
        return view_buffers(column, out, is_short);
      case Layout::List:
        next(1, length + 1, column.offset_bytes);
        break;
      case Layout::ListView:
        next(1, length, column.offset_bytes);
        next(2, length, column.offset_bytes);
        break;
      case Layout::SparseUnion:
        next(0, length, 1);
        break;
      case Layout::DenseUnion:
        next(0, length, 1);
        next(1, length, 4);
        break;
    }
    if (is_short) return too_short(column);
    return {};
  }

  Result<> view_buffers(const Column& column, ArrowArray* out, bool is_short) {
    std::int64_t count = head_[word_++];
    out->n_buffers = 3 + count;
    out->buffers[1] = take(out->length, 16);
    is_short |= out->buffers[1] == nullptr;
    for (std::int64_t i = 0; i < count; ++i) {
      sizes_[i] = head_[word_++];
      out->buffers[2 + i] = take(sizes_[i], 1);
      is_short |= out->buffers[2 + i] == nullptr;
    }
    out->buffers[2 + count] = count > 0 ? static_cast<const void*>(sizes_) : no_bytes;
    sizes_ += count;
    if (is_short) return too_short(column);
    return {};
  }

  std::unexpected<Error> too_short(const Column& column) const {
    return refuse(column, fmt::format("its buffers do not fit into {} bytes", body_.size()));
  }

  Result<> offsets_end_at(const Column& column, const ArrowArray& array, std::int64_t end) const {
    const auto* offsets = static_cast<const std::byte*>(array.buffers[1]);
    std::int64_t first = load_number(offsets, column.offset_bytes, 0);
    std::int64_t last = load_number(offsets, column.offset_bytes, array.length);
    if (first == 0 && last == end) return {};
    return refuse(column, fmt::format("offsets from {} to {} into {} values", first, last, end));
  }

  /// Lengths and ends that must agree. Importers abort on some of these.
  Result<> children_fit(std::uint32_t index, const ArrowArray& array) const {
    const Column& column = type_.columns()[index];
    auto length_of = [&](std::int64_t child) { return array.children[child]->length; };
    switch (column.layout) {
      case Layout::List:
        TRY(offsets_end_at(column, array, length_of(0)));
        if (column.is_map) {
          const ArrowArray& entries = *array.children[0];
          if (entries.null_count != 0 || entries.children[0]->null_count != 0) {
            return refuse(column, "a map with null entries or keys");
          }
        }
        return {};
      case Layout::FixedSizeList: {
        std::int64_t values = 0;
        if (__builtin_mul_overflow(array.length, column.list_size, &values) ||
            length_of(0) != values) {
          return refuse(column, fmt::format("{} lists over {} values", array.length, length_of(0)));
        }
        return {};
      }
      case Layout::Struct:
      case Layout::SparseUnion:
        for (std::int64_t i = 0; i < array.n_children; ++i) {
          if (length_of(i) != array.length) {
            return refuse(column, fmt::format("child {} has length {} instead of {}", i,
                                              length_of(i), array.length));
          }
        }
        return {};
      case Layout::RunEndEncoded:
        return runs_fit(index, array);
      case Layout::FixedWidth:
        if (column.has_dictionary && array.length > array.null_count &&
            array.dictionary->length == 0) {
          return refuse(column, "indices into an empty dictionary");
        }
        return {};
      default:
        return {};
    }
  }

  Result<> runs_fit(std::uint32_t index, const ArrowArray& array) const {
    const Column& column = type_.columns()[index];
    const Column& ends_column = type_.columns()[index + 1];
    const ArrowArray& ends = *array.children[0];
    const std::int64_t runs = array.children[1]->length;
    if (ends.length != runs || ends.null_count != 0) {
      return refuse(column, fmt::format("{} run ends for {} values", ends.length, runs));
    }
    std::int64_t last = 0;
    if (runs > 0) {
      last = load_number(static_cast<const std::byte*>(ends.buffers[1]),
                         static_cast<int>(ends_column.bit_width / 8), runs - 1);
    }
    if (last != array.length) {
      return refuse(column, fmt::format("runs until {} in a length of {}", last, array.length));
    }
    return {};
  }

  const Type& type_;
  const Head& head_;
  std::span<const std::byte> body_;
  std::size_t end_;  ///< of the last buffer taken
  std::size_t alignment_;
  ArrayBlock* block_;
  std::size_t word_ = 0;
  ArrowArray* arrays_ = nullptr;
  ArrowArray** pointers_ = nullptr;
  const void** buffers_ = nullptr;
  std::int64_t* sizes_ = nullptr;
};

}  // namespace

Result<> decode(const Type& type, std::span<const std::byte> body, Keep keep, ArrowArray* out,
                Check check) {
  if (reinterpret_cast<std::uintptr_t>(body.data()) % 8 != 0) {
    return malformed("it does not begin at a multiple of 8 bytes");
  }
  if (body.size() < sizeof(Preamble)) return malformed(fmt::format("{} bytes", body.size()));
  auto preamble = std::bit_cast<Preamble>(
      __atomic_load_n(reinterpret_cast<const std::uint64_t*>(body.data()), __ATOMIC_RELAXED));
  if (preamble.version != body_version || preamble.reserved != 0) {
    return fail(ErrorKind::Unsupported, fmt::format("an array body of version {}, where this dora "
                                                    "reads version {}",
                                                    preamble.version, body_version));
  }
  if (preamble.alignment_log2 < 3 || preamble.alignment_log2 > 6) {
    return malformed(fmt::format("buffers aligned to 2^{} bytes", preamble.alignment_log2));
  }
  if (preamble.head_words > (body.size() - sizeof(Preamble)) / sizeof(std::int64_t)) {
    return malformed("its head ends too early");
  }
  Head head;
  TRY(head.read(body.data() + sizeof(Preamble), preamble.head_words));
  Counts counts = TRY(count(type, head));
  void* memory = std::malloc(Builder::block_size(type, counts));
  if (!memory) return fail(ErrorKind::Failed, "no memory for an Arrow array");
  auto* block = new (memory) ArrayBlock{type.columns().size(), keep};

  ArrowArray array;
  Builder builder(type, head, body, sizeof(Preamble) + head.count() * sizeof(std::int64_t),
                  std::size_t{1} << preamble.alignment_log2, block, counts);
  auto result = builder.build(0, &array);
  if (result && check == Check::Full) result = check_values(type, array);
  if (!result) {
    std::destroy_at(block);
    std::free(block);
    return result;
  }
  *out = array;
  return {};
}

}  // namespace dora::array

// SPDX-License-Identifier: Apache-2.0
// Writes the body that Encoder::prepare() decided on. Every size was fixed there: whatever the
// sources hold by now, no more than that is written, and only tables within bounds are read.
#include <algorithm>
#include <bit>
#include <cstring>

#include "array/bits.hpp"
#include "array/body.hpp"
#include "array/encoder.hpp"
#include "base/check.hpp"

namespace dora::array {
namespace {

/// Wraps around, should another thread have changed the offsets: whoever reads them will notice.
std::int64_t difference(std::int64_t offset, std::int64_t base) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(offset) -
                                   static_cast<std::uint64_t>(base));
}

template <typename Offset>
void write_offsets(std::byte* destination, const std::byte* source, std::int64_t count,
                   std::int64_t base) {
  for (std::int64_t i = 0; i < count; ++i) {
    store(destination, i, static_cast<Offset>(difference(load<Offset>(source, i), base)));
  }
}

}  // namespace

std::size_t Encoder::size_bytes(std::size_t alignment) const {
  std::size_t end = sizeof(Preamble) + head_.size() * sizeof(std::int64_t);
  for (const Buffer& buffer : buffers_)
    end = align_up(end, alignment) + buffer.size;
  return end;
}

void Encoder::write(std::byte* destination, std::size_t alignment) const {
  CHECK(is_alignment(alignment));
  Preamble preamble{.alignment_log2 = static_cast<std::uint8_t>(std::countr_zero(alignment)),
                    .head_words = static_cast<std::uint32_t>(head_.size())};
  std::memcpy(destination, &preamble, sizeof(preamble));
  std::memcpy(destination + sizeof(preamble), head_.data(), head_.size() * sizeof(std::int64_t));
  std::size_t end = sizeof(Preamble) + head_.size() * sizeof(std::int64_t);
  for (const Buffer& buffer : buffers_) {
    std::size_t begin = align_up(end, alignment);
    std::memset(destination + end, 0, begin - end);
    fill_buffer(buffer, tables_.data() + buffer.table, destination + begin);
    end = begin + buffer.size;
  }
}

void Encoder::fill_buffer(const Buffer& buffer, const std::int64_t* table, std::byte* destination) {
  auto is_null = [&](std::int64_t i) {
    return buffer.validity && !is_bit_set(buffer.validity, buffer.begin + i);
  };
  const int width = buffer.value_bytes;
  switch (buffer.fill) {
    case Fill::Bytes:
      std::memcpy(destination, buffer.source, buffer.size);
      break;
    case Fill::Bits:
      copy_bits(destination, buffer.source, buffer.begin, buffer.count);
      break;
    case Fill::Offsets:
      if (!buffer.source) {
        std::memset(destination, 0, buffer.size);
      } else if (buffer.base == 0) {
        std::memcpy(destination, buffer.source, buffer.size);
      } else if (width == 4) {
        write_offsets<std::int32_t>(destination, buffer.source, buffer.count, buffer.base);
      } else {
        write_offsets<std::int64_t>(destination, buffer.source, buffer.count, buffer.base);
      }
      break;
    case Fill::Views:
      std::memset(destination, 0, buffer.size);  // null and broken views become empty ones
      for (std::int64_t i = 0; i < buffer.count; ++i) {
        if (is_null(i)) continue;
        std::int32_t view[4];
        std::memcpy(view, buffer.source + 16 * i, sizeof(view));
        if (view[0] > 12) {
          auto index = static_cast<std::size_t>(view[2]);
          if (view[2] < 0 || index >= buffer.table_size) continue;
          view[2] = static_cast<std::int32_t>(table[3 * index + 2]);
          view[3] = static_cast<std::int32_t>(view[3] - table[3 * index]);
        }
        std::memcpy(destination + 16 * i, view, sizeof(view));
      }
      break;
    case Fill::ListViewOffsets:
      for (std::int64_t i = 0; i < buffer.count; ++i) {
        bool is_empty = is_null(i) || load_number(buffer.second, width, i) == 0;
        store_number(destination, width, i,
                     is_empty ? 0 : difference(load_number(buffer.source, width, i), buffer.base));
      }
      break;
    case Fill::ListViewSizes:
      for (std::int64_t i = 0; i < buffer.count; ++i) {
        store_number(destination, width, i, is_null(i) ? 0 : load_number(buffer.second, width, i));
      }
      break;
    case Fill::UnionOffsets:
      for (std::int64_t i = 0; i < buffer.count; ++i) {
        auto id = load<std::int8_t>(buffer.second, i);
        int child = id < 0 ? -1 : (*buffer.children)[static_cast<std::size_t>(id)];
        std::int64_t base = child < 0 ? 0 : table[2 * static_cast<std::size_t>(child)];
        store(destination, i,
              static_cast<std::int32_t>(load<std::int32_t>(buffer.source, i) - base));
      }
      break;
    case Fill::RunEnds:
      for (std::int64_t i = 0; i < buffer.count; ++i) {
        std::int64_t end = difference(load_number(buffer.source, width, i), buffer.base);
        store_number(destination, width, i, std::min(end, buffer.begin));
      }
      break;
  }
}

}  // namespace dora::array

// SPDX-License-Identifier: Apache-2.0
#include "shared_memory/arena.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include <fmt/format.h>
#include <sys/mman.h>

namespace dora::shared_memory {
namespace {

/// Cold runs from here on are populated in one call: cheaper than a fault per page.
constexpr std::uint64_t populate_from = 256 << 10;
constexpr std::uint64_t small_slab_bytes = 64 << 10;

ObjectHeader arena_header(std::uint64_t file_bytes) {
  return {arena_magic, layout_version, sizeof(ArenaLayout), file_bytes};
}

}  // namespace

std::uint64_t Arena::class_bytes(std::size_t size_class) {
  return (std::uint64_t{4} + size_class % 4) << (size_class / 4 + 6);
}

std::size_t Arena::class_of(std::uint64_t size) {
  if (size <= smallest_class) return 0;
  const std::uint64_t last = size - 1;  // 256 → class 0, 257 → class 1
  const auto doubling = static_cast<std::size_t>(std::bit_width(last) - 9);  // of 256
  const std::uint64_t quarter = (last >> (doubling + 6)) & 3;
  return doubling * 4 + quarter + 1;
}

Result<MemoryFile> Arena::create_file(std::uint64_t limit) {
  if (limit < largest_class) {
    return fail(
        ErrorKind::InvalidInput,
        fmt::format("an arena of {} bytes is too small: at least {}", limit, largest_class));
  }
  MemoryFile file = TRY(MemoryFile::create("arena", arena_begin + round_up(limit, page_bytes)));
  Mapping mapping = TRY(Mapping::map(file, Access::ReadWrite));
  *mapping.at<ObjectHeader>(0) = arena_header(file.size());
  return file;
}

Result<Arena> Arena::create(MemoryFile file) {
  if (file.size() < arena_begin + largest_class || file.size() % page_bytes != 0) {
    return fail(ErrorKind::InvalidInput, "this memory is too small for an arena");
  }
  Mapping mapping = TRY(Mapping::map(file, Access::ReadWrite));
  TRY(check_header(*mapping.at<ObjectHeader>(0), arena_header(file.size()), "an arena"));
  return Arena(std::move(file), std::move(mapping));
}

Arena::Arena(MemoryFile file, Mapping mapping)
    : file_(std::move(file)), mapping_(std::move(mapping)), free_(arena_begin, mapping_.size()) {}

std::uint32_t Arena::new_record(ChunkRecord record) {
  if (!free_records_.empty()) {
    const std::uint32_t reused = free_records_.back();
    free_records_.pop_back();
    chunks_[reused] = record;
    return reused;
  }
  chunks_.push_back(record);
  return static_cast<std::uint32_t>(chunks_.size() - 1);
}

bool Arena::populate(std::uint64_t offset, std::uint64_t length) {
#ifdef MADV_POPULATE_WRITE
  if (::madvise(mapping_.data() + offset, length, MADV_POPULATE_WRITE) == 0) return true;
  // ENOMEM: no memory; touching the pages would be fatal. Anything else (EINVAL: a kernel before
  // 5.14) only means that the pages come one by one.
  return errno != ENOMEM && errno != EFAULT;
#else
  return true;
#endif
}

Result<Extent> Arena::take_pages(std::uint64_t length) {
  auto extent = free_.take(length);
  if (!extent) {
    return fail(ErrorKind::Busy,
                fmt::format("the shared memory of this node is full: {} of {} bytes are in use, {} "
                            "more were asked for",
                            used_bytes_, limit(), length));
  }
  if (!extent->is_warm && length >= populate_from && !populate(extent->offset, length)) {
    free_.give(extent->offset, length);
    return fail(ErrorKind::Busy,
                fmt::format("the machine has no memory left for {} more bytes", length));
  }
  return *extent;
}

Result<> Arena::add_slab(std::size_t size_class) {
  const std::uint64_t size = class_bytes(size_class);
  std::uint64_t count = 1;
  if (size <= small_slab_bytes / 8) {
    count = small_slab_bytes / size;
  } else if (size <= small_slab_bytes) {
    count = 4;  // makes whole pages of every class there
  }
  const Extent pages = TRY(take_pages(round_up(size * count, page_bytes)));
  std::uint32_t number = static_cast<std::uint32_t>(slabs_.size());
  if (free_slabs_.empty()) {
    slabs_.emplace_back();
  } else {
    number = free_slabs_.back();
    free_slabs_.pop_back();
  }
  Slab& slab = slabs_[number];
  slab = {.offset = pages.offset,
          .length = pages.length,
          .used = 0,
          .last_use = generation_,
          .size_class = static_cast<std::uint8_t>(size_class),
          .chunks = {}};
  // The lowest address goes to the back of the list, to be used first.
  for (std::uint64_t i = count; i-- > 0;) {
    const std::uint32_t record =
        new_record({.offset = pages.offset + i * size, .capacity = size, .slab = number});
    slab.chunks.push_back(record);
    free_chunks_[size_class].push_back(record);
  }
  return {};
}

Result<Chunk> Arena::allocate(std::uint64_t size) {
  std::uint32_t record = 0;
  if (size <= largest_class) {
    const std::size_t size_class = class_of(size);
    std::vector<std::uint32_t>& free = free_chunks_[size_class];
    if (free.empty()) TRY(add_slab(size_class));
    record = free.back();
    free.pop_back();
    Slab& slab = slabs_[chunks_[record].slab];
    ++slab.used;
    slab.last_use = generation_;
  } else {
    if (size > limit()) {
      return fail(ErrorKind::Busy,
                  fmt::format("a message of {} bytes does not fit into the shared memory of this "
                              "node ({} bytes)",
                              size, limit()));
    }
    const Extent pages = TRY(take_pages(round_up(size, page_bytes)));
    record = new_record({.offset = pages.offset, .capacity = pages.length});
  }
  chunks_[record].references = 1;
  used_bytes_ += chunks_[record].capacity;
  return Chunk{record};
}

void Arena::release(Chunk chunk) {
  ChunkRecord& record = chunks_[index(chunk)];
  if (--record.references != 0) return;
  used_bytes_ -= record.capacity;
  if (record.slab == no_slab) {
    free_.give(record.offset, record.capacity);
    free_records_.push_back(index(chunk));
    return;
  }
  Slab& slab = slabs_[record.slab];
  --slab.used;
  slab.last_use = generation_;
  free_chunks_[slab.size_class].push_back(index(chunk));
}

void Arena::remove_slab(std::uint32_t number) {
  Slab& slab = slabs_[number];
  std::erase_if(free_chunks_[slab.size_class],
                [&](std::uint32_t record) { return chunks_[record].slab == number; });
  free_records_.insert(free_records_.end(), slab.chunks.begin(), slab.chunks.end());
  free_.give(slab.offset, slab.length);
  slab = {};
  free_slabs_.push_back(number);
}

std::uint64_t Arena::shrink(std::uint64_t keep) {
  for (std::uint32_t number = 0; number < slabs_.size(); ++number) {
    const Slab& slab = slabs_[number];
    if (slab.length != 0 && slab.used == 0 && slab.last_use != generation_) remove_slab(number);
  }
  ++generation_;
  std::uint64_t given_back = 0;
  for (const Extent& extent : free_.cool(round_up(keep, page_bytes))) {
    // A failure leaves the pages as they were: they are used again like any others.
    if (file_.punch_hole(extent.offset, extent.length)) given_back += extent.length;
  }
  return given_back;
}

bool Arena::can_shrink(std::uint64_t keep) const {
  std::uint64_t idle = free_.warm_bytes();
  for (const Slab& slab : slabs_) {
    if (slab.used == 0) idle += slab.length;
  }
  return idle > round_up(keep, page_bytes);
}

void Arena::warm_up(std::uint64_t bytes) {
  auto extent =
      free_.take(std::min(round_up(bytes, page_bytes), limit() / 2 / page_bytes * page_bytes));
  if (!extent) return;
  populate(extent->offset, extent->length);
  free_.give(extent->offset, extent->length);
}

std::optional<std::uint64_t> Arena::write_type(std::span<const std::byte> encoded) {
  std::string key(reinterpret_cast<const char*>(encoded.data()), encoded.size());
  if (auto known = types_.find(key); known != types_.end()) return known->second;
  if (types_.size() >= max_types || encoded.size() > max_type_bytes) return std::nullopt;
  auto chunk = allocate(sizeof(std::uint64_t) + encoded.size());
  if (!chunk) return std::nullopt;
  // Never released: consumers remember types by their offset.
  const std::uint64_t length = encoded.size();
  std::memcpy(data(*chunk), &length, sizeof(length));
  if (length != 0) std::memcpy(data(*chunk) + sizeof(length), encoded.data(), length);
  types_.emplace(std::move(key), offset(*chunk));
  return offset(*chunk);
}

Result<ArenaView> ArenaView::open(FileDescriptor fd) {
  MemoryFile file = TRY(MemoryFile::adopt(std::move(fd)));
  if (file.size() < arena_begin) {
    return fail(ErrorKind::InvalidInput, "this memory is too small for an arena");
  }
  // Forked children may go on reading what they inherited.
  Mapping mapping = TRY(Mapping::map(file, Access::ReadOnly, InForkedChild::Mapped));
  TRY(check_header(*mapping.at<ObjectHeader>(0), arena_header(file.size()), "an arena"));
  return ArenaView(std::move(mapping));
}

Result<std::span<const std::byte>> ArenaView::block(std::uint64_t offset,
                                                    std::uint64_t length) const {
  // Written so that no sum can overflow: both numbers come from another process.
  if (offset < arena_begin || offset % block_alignment != 0 || offset > mapping_.size() ||
      length > mapping_.size() - offset) {
    return fail(ErrorKind::InvalidInput,
                fmt::format("a message claims {} bytes at {} of an arena of {} bytes", length,
                            offset, mapping_.size()));
  }
  return std::span<const std::byte>(mapping_.data() + offset, length);
}

Result<std::vector<std::byte>> ArenaView::type(std::uint64_t offset) const {
  const auto head = TRY(block(offset, sizeof(std::uint64_t)));
  std::uint64_t length = 0;
  std::memcpy(&length, head.data(), sizeof(length));
  if (length > max_type_bytes || length > mapping_.size() - offset - sizeof(length)) {
    return fail(ErrorKind::InvalidInput,
                fmt::format("a message claims a type of {} bytes at {}", length, offset));
  }
  const std::byte* begin = head.data() + sizeof(length);
  return std::vector<std::byte>(begin, begin + length);
}

}  // namespace dora::shared_memory

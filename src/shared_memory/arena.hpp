#pragma once
// SPDX-License-Identifier: Apache-2.0
// A producing node's memory for payloads. The owner maps it for writing and keeps all bookkeeping,
// reference counts included, in private memory; consumers map it read-only (ArenaView), so nothing
// they do or fail to do can harm it.
//
//   up to 1 MiB   size classes, four per doubling from 256 B; the chunk freed last is used first,
//                 as it is probably still in the cache
//   above         whole pages, best fit, joined when freed
//
// The file is sparse and never resized. `limit` is kept by accounting: running out is an error with
// a text, never a fault. An Arena belongs to one thread at a time.

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.hpp"
#include "shared_memory/extents.hpp"
#include "shared_memory/layout.hpp"
#include "shared_memory/region.hpp"

namespace dora::shared_memory {

/// A piece of an arena, by number. Only the arena that made it can use it.
enum class Chunk : std::uint32_t { None = 0xffffffff };

class Arena {
 public:
  /// A file for an arena that can hold `limit` bytes; made by the daemon. At least 1 MiB.
  static Result<MemoryFile> create_file(std::uint64_t limit);
  /// Takes a fresh file into use, in the owner.
  static Result<Arena> create(MemoryFile file);

  Arena(Arena&&) noexcept = default;
  Arena& operator=(Arena&&) noexcept = default;

  /// At least `size` bytes, aligned to 64, with one reference; their content is unspecified. Fails
  /// with Busy when the limit is reached, for now or (size > limit) for ever.
  Result<Chunk> allocate(std::uint64_t size);
  void retain(Chunk chunk) { ++chunks_[index(chunk)].references; }
  /// Gives one reference back; with the last one the memory is free.
  void release(Chunk chunk);

  std::byte* data(Chunk chunk) const { return mapping_.data() + offset(chunk); }
  std::uint64_t offset(Chunk chunk) const { return chunks_[index(chunk)].offset; }
  /// How much it can hold, which is how much memory it pins.
  std::uint64_t capacity(Chunk chunk) const { return chunks_[index(chunk)].capacity; }

  /// Where `encoded` stands in the type table; it is written there on first use. Nothing when the
  /// table is full (1024 types) or memory is short: then the type must travel in the block.
  std::optional<std::uint64_t> write_type(std::span<const std::byte> encoded);

  /// Backs the first `bytes` with memory, so that the first messages need not wait for it.
  void warm_up(std::uint64_t bytes);
  /// Gives memory that was not used since the previous call back to the kernel, but keeps `keep`
  /// bytes ready. Returns how much was given back. To be called now and then while idle.
  std::uint64_t shrink(std::uint64_t keep);
  /// Whether further calls of shrink(keep) can give something back.
  bool can_shrink(std::uint64_t keep) const;

  /// In a forked child: do not touch any of it.
  bool is_inherited() const { return mapping_.is_inherited(); }

  std::uint64_t limit() const { return mapping_.size() - arena_begin; }
  /// Memory in chunks that have a reference.
  std::uint64_t used_bytes() const { return used_bytes_; }
  /// Memory that the kernel has given for this arena, at most.
  std::uint64_t held_bytes() const {
    return limit() - free_.free_bytes() + free_.warm_bytes() + arena_begin;
  }

  static constexpr std::uint64_t smallest_class = 256;
  static constexpr std::uint64_t largest_class = 1 << 20;
  /// 256, 320, 384, 448, 512, 640, ... 1 MiB
  static constexpr std::size_t class_count = 49;
  static std::uint64_t class_bytes(std::size_t size_class);
  static std::size_t class_of(std::uint64_t size);

 private:
  static constexpr std::uint32_t no_slab = 0xffffffff;

  struct ChunkRecord {
    std::uint64_t offset = 0;
    std::uint64_t capacity = 0;
    std::uint32_t references = 0;
    std::uint32_t slab = no_slab;  ///< chunks of a size class belong to a slab
  };
  /// A run of pages cut into chunks of one size class.
  struct Slab {
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
    std::uint32_t used = 0;
    std::uint32_t last_use = 0;  ///< generation of shrink() calls
    std::uint8_t size_class = 0;
    std::vector<std::uint32_t> chunks;
  };

  Arena(MemoryFile file, Mapping mapping);
  static std::uint32_t index(Chunk chunk) { return static_cast<std::uint32_t>(chunk); }
  Result<Extent> take_pages(std::uint64_t length);
  Result<> add_slab(std::size_t size_class);
  void remove_slab(std::uint32_t number);
  std::uint32_t new_record(ChunkRecord record);
  bool populate(std::uint64_t offset, std::uint64_t length);

  MemoryFile file_;
  Mapping mapping_;
  FreeExtents free_;
  std::vector<ChunkRecord> chunks_;
  std::vector<std::uint32_t> free_records_;
  std::array<std::vector<std::uint32_t>, class_count> free_chunks_;
  std::vector<Slab> slabs_;
  std::vector<std::uint32_t> free_slabs_;
  std::unordered_map<std::string, std::uint64_t> types_;
  std::uint64_t used_bytes_ = 0;
  std::uint32_t generation_ = 0;
};

/// A consumer's view of somebody else's arena. Any thread.
class ArenaView {
 public:
  /// `fd` should be read-only; the mapping is.
  static Result<ArenaView> open(FileDescriptor fd);

  /// The block at `offset`. Fails with InvalidInput unless it lies inside and is aligned. The
  /// producer could still write there: check what you copied, not what you are about to copy.
  Result<std::span<const std::byte>> block(std::uint64_t offset, std::uint64_t length) const;
  /// A copy of the encoded type at `offset`. Fails with InvalidInput when there is none.
  Result<std::vector<std::byte>> type(std::uint64_t offset) const;

 private:
  explicit ArenaView(Mapping mapping) : mapping_(std::move(mapping)) {}
  Mapping mapping_;
};

/// Longest encoded type.
inline constexpr std::uint64_t max_type_bytes = 16 << 20;
inline constexpr std::size_t max_types = 1024;

}  // namespace dora::shared_memory

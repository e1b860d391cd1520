// SPDX-License-Identifier: Apache-2.0
#include "shared_memory/arena.hpp"

#include <algorithm>
#include <cstring>
#include <map>
#include <random>

#include <gtest/gtest.h>
#include <sys/stat.h>

namespace dora::shared_memory {
namespace {

constexpr std::uint64_t mebi = 1 << 20;

Arena make_arena(std::uint64_t limit) {
  return Arena::create(Arena::create_file(limit).value()).value();
}

TEST(FreeExtents, GivesTheSmallestRunThatFitsWarmOnesFirst) {
  FreeExtents free(0, 100 * page_bytes);
  EXPECT_EQ(free.take(10 * page_bytes)->offset, 0U);
  EXPECT_EQ(free.take(1 * page_bytes)->offset, 10 * page_bytes);
  free.give(0, 10 * page_bytes);
  // Warm and long enough beats cold and closer.
  const Extent warm = free.take(2 * page_bytes).value();
  EXPECT_EQ(warm, (Extent{0, 2 * page_bytes, true}));
  EXPECT_FALSE(free.take(50 * page_bytes)->is_warm);
}

TEST(FreeExtents, JoinsNeighbours) {
  FreeExtents free(0, 12 * page_bytes);
  for (int i = 0; i < 12; ++i)
    ASSERT_TRUE(free.take(page_bytes));
  for (const std::uint64_t page : {3, 1, 2, 0, 7, 5, 6, 4, 11, 9, 10, 8}) {
    free.give(page * page_bytes, page_bytes);
  }
  EXPECT_EQ(free.take(12 * page_bytes), (Extent{0, 12 * page_bytes, true}));
  EXPECT_FALSE(free.take(page_bytes));
}

TEST(FreeExtents, JoinsWarmAndColdRunsRatherThanFailing) {
  FreeExtents free(0, 10 * page_bytes);
  ASSERT_TRUE(free.take(4 * page_bytes));
  free.give(0, 4 * page_bytes);
  const Extent all = free.take(10 * page_bytes).value();
  EXPECT_EQ(all.length, 10 * page_bytes);
  EXPECT_FALSE(all.is_warm);
}

TEST(FreeExtents, CoolsWhatWasNotUsedSinceTheCallBefore) {
  FreeExtents free(0, 100 * page_bytes);
  ASSERT_TRUE(free.take(20 * page_bytes));
  free.give(0, 20 * page_bytes);
  EXPECT_TRUE(free.cool(0).empty());
  EXPECT_EQ(free.warm_bytes(), 20 * page_bytes);
  const auto cooled = free.cool(5 * page_bytes);
  ASSERT_EQ(cooled.size(), 1U);
  EXPECT_EQ(cooled[0], (Extent{5 * page_bytes, 15 * page_bytes, false}));
  EXPECT_EQ(free.warm_bytes(), 5 * page_bytes);
  EXPECT_EQ(free.free_bytes(), 100 * page_bytes);
}

TEST(Arena, HasFourClassesPerDoubling) {
  EXPECT_EQ(Arena::class_of(1), 0U);
  EXPECT_EQ(Arena::class_of(256), 0U);
  EXPECT_EQ(Arena::class_of(257), 1U);
  EXPECT_EQ(Arena::class_of(mebi), Arena::class_count - 1);
  EXPECT_EQ(Arena::class_bytes(Arena::class_count - 1), mebi);
  for (std::uint64_t size = 1; size <= mebi; size += 61) {
    const std::size_t size_class = Arena::class_of(size);
    ASSERT_GE(Arena::class_bytes(size_class), size);
    ASSERT_EQ(Arena::class_bytes(size_class) % block_alignment, 0U);
    if (size_class > 0) {
      ASSERT_LT(Arena::class_bytes(size_class - 1), size);
    }
  }
}

TEST(Arena, UsesTheChunkFreedLastFirst) {
  Arena arena = make_arena(8 * mebi);
  const Chunk a = arena.allocate(1000).value();
  const Chunk b = arena.allocate(1000).value();
  arena.release(a);
  arena.release(b);
  EXPECT_EQ(arena.allocate(1000).value(), b);
  EXPECT_EQ(arena.allocate(1000).value(), a);
}

TEST(Arena, FreesAChunkWithItsLastReference) {
  Arena arena = make_arena(8 * mebi);
  const Chunk chunk = arena.allocate(3 * mebi).value();
  arena.retain(chunk);
  arena.release(chunk);
  EXPECT_EQ(arena.used_bytes(), 3 * mebi);
  arena.release(chunk);
  EXPECT_EQ(arena.used_bytes(), 0U);
}

TEST(Arena, SaysWhenItIsFullAndGoesOnAfterwards) {
  Arena arena = make_arena(8 * mebi);
  std::vector<Chunk> chunks;
  for (;;) {
    auto chunk = arena.allocate(3 * mebi);
    if (!chunk) {
      EXPECT_EQ(chunk.error().kind, ErrorKind::Busy);
      EXPECT_NE(chunk.error().message.find("full"), std::string::npos);
      break;
    }
    chunks.push_back(*chunk);
  }
  EXPECT_EQ(chunks.size(), 2U);
  for (const Chunk chunk : chunks)
    arena.release(chunk);
  const Chunk all = arena.allocate(8 * mebi).value();
  std::memset(arena.data(all), 1, 8 * mebi);
  EXPECT_FALSE(arena.allocate(1));
  arena.release(all);
  EXPECT_EQ(arena.allocate(9 * mebi).error().kind, ErrorKind::Busy);
  EXPECT_EQ(arena.allocate(~std::uint64_t{0}).error().kind, ErrorKind::Busy);
}

TEST(Arena, GivesIdleMemoryBackToTheKernel) {
  MemoryFile file = Arena::create_file(64 * mebi).value();
  const int fd = file.fd();
  Arena arena = Arena::create(std::move(file)).value();
  const auto on_disk = [fd] {
    struct stat status{};
    EXPECT_EQ(::fstat(fd, &status), 0);
    return static_cast<std::uint64_t>(status.st_blocks) * 512;
  };
  std::vector<Chunk> chunks;
  for (int i = 0; i < 8; ++i) {
    chunks.push_back(arena.allocate(4 * mebi).value());
    std::memset(arena.data(chunks.back()), 1, 4 * mebi);
  }
  for (int i = 0; i < 100; ++i) {
    chunks.push_back(arena.allocate(40'000).value());
    std::memset(arena.data(chunks.back()), 1, 40'000);
  }
  EXPECT_GE(on_disk(), 35 * mebi);
  EXPECT_GE(arena.held_bytes(), on_disk());
  for (const Chunk chunk : chunks)
    arena.release(chunk);
  EXPECT_EQ(arena.shrink(2 * mebi), 0U) << "used a moment ago";
  EXPECT_TRUE(arena.can_shrink(2 * mebi));
  // The second call frees the slabs, the third cools what they left.
  EXPECT_GT(arena.shrink(2 * mebi) + arena.shrink(2 * mebi), 30 * mebi);
  EXPECT_FALSE(arena.can_shrink(2 * mebi));
  EXPECT_LE(on_disk(), 2 * mebi + page_bytes);
  EXPECT_GE(arena.held_bytes(), on_disk());
  EXPECT_TRUE(arena.allocate(60 * mebi));
}

TEST(Arena, WarmsUpWithoutUsingAnything) {
  Arena arena = make_arena(64 * mebi);
  arena.warm_up(4 * mebi);
  EXPECT_GE(arena.held_bytes(), 4 * mebi);
  EXPECT_EQ(arena.used_bytes(), 0U);
  EXPECT_TRUE(arena.allocate(60 * mebi));
}

TEST(Arena, WritesEachTypeOnce) {
  MemoryFile file = Arena::create_file(64 * mebi).value();
  const ArenaView view = ArenaView::open(file.reopen_read_only().value()).value();
  Arena arena = Arena::create(std::move(file)).value();
  const auto bytes = [](std::string_view text) {
    return std::as_bytes(std::span<const char>(text));
  };
  const std::uint64_t first = arena.write_type(bytes("int64")).value();
  const std::uint64_t second = arena.write_type(bytes("struct<...>")).value();
  EXPECT_NE(first, second);
  EXPECT_EQ(arena.write_type(bytes("int64")), first);
  const auto read = view.type(second).value();
  EXPECT_TRUE(std::ranges::equal(read, bytes("struct<...>")));
  for (std::size_t i = 2; i < max_types; ++i) {
    ASSERT_TRUE(arena.write_type(bytes("type " + std::to_string(i))));
  }
  EXPECT_FALSE(arena.write_type(bytes("one too many")));
  EXPECT_EQ(arena.write_type(bytes("int64")), first);
}

TEST(ArenaView, RefusesWhateverLiesOutside) {
  MemoryFile file = Arena::create_file(2 * mebi).value();
  const std::uint64_t size = file.size();
  const ArenaView view = ArenaView::open(file.reopen_read_only().value()).value();
  Mapping owner = Mapping::map(file, Access::ReadWrite).value();
  EXPECT_TRUE(view.block(arena_begin, 100));
  EXPECT_TRUE(view.block(size - 64, 64));
  EXPECT_TRUE(view.block(size, 0));
  constexpr std::uint64_t all = ~std::uint64_t{0};
  for (const auto& [offset, length] :
       std::initializer_list<std::pair<std::uint64_t, std::uint64_t>>{
           {0, 8},
           {64, 8},
           {arena_begin + 8, 8},
           {size - 64, 65},
           {size + 64, 0},
           {arena_begin, all},
           {all - 63, 128},
           {all, all},
           {std::uint64_t{1} << 63, std::uint64_t{1} << 63}}) {
    EXPECT_FALSE(view.block(offset, length)) << offset << " " << length;
  }
  for (const std::uint64_t length : {all, all - 8, size, max_type_bytes + 1}) {
    *owner.at<std::uint64_t>(arena_begin) = length;
    EXPECT_FALSE(view.type(arena_begin)) << length;
  }
  EXPECT_FALSE(view.type(size - 64 + 8));
  *owner.at<std::uint64_t>(size - 64) = 57;
  EXPECT_FALSE(view.type(size - 64));
  *owner.at<std::uint64_t>(size - 64) = 56;
  EXPECT_TRUE(view.type(size - 64));
}

TEST(Arena, NeverHandsOutTheSameBytesTwice) {
  // Random sizes, orders and shrinking, against a map of what is in use.
  Arena arena = make_arena(32 * mebi);
  std::mt19937_64 random(1);
  struct Held {
    Chunk chunk;
    std::uint64_t size;
    std::uint8_t mark;
  };
  std::vector<Held> held;
  std::map<std::uint64_t, std::uint64_t> in_use;  // offset → end
  std::uint64_t used = 0;
  for (int step = 0; step < 20'000; ++step) {
    if (held.size() < 60 && random() % 2 == 0) {
      const std::uint64_t size = random() % (std::uint64_t{1} << (4 + random() % 19)) + 1;
      auto chunk = arena.allocate(size);
      if (!chunk) continue;
      const std::uint64_t offset = arena.offset(*chunk);
      ASSERT_EQ(offset % block_alignment, 0U);
      ASSERT_GE(arena.capacity(*chunk), size);
      ASSERT_LE(arena.capacity(*chunk), std::max<std::uint64_t>(256, size + size / 4 + page_bytes));
      const auto next = in_use.lower_bound(offset);
      if (next != in_use.end()) {
        ASSERT_LE(offset + arena.capacity(*chunk), next->first);
      }
      if (next != in_use.begin()) {
        ASSERT_LE(std::prev(next)->second, offset);
      }
      in_use[offset] = offset + arena.capacity(*chunk);
      used += arena.capacity(*chunk);
      const auto mark = static_cast<std::uint8_t>(random());
      std::memset(arena.data(*chunk), mark, size);
      held.push_back({*chunk, size, mark});
    } else if (!held.empty()) {
      std::swap(held[random() % held.size()], held.back());
      const Held& gone = held.back();
      for (const std::uint64_t at : {std::uint64_t{0}, gone.size / 2, gone.size - 1}) {
        ASSERT_EQ(arena.data(gone.chunk)[at], std::byte{gone.mark});
      }
      in_use.erase(arena.offset(gone.chunk));
      used -= arena.capacity(gone.chunk);
      arena.release(gone.chunk);
      held.pop_back();
    }
    if (random() % 100 == 0) arena.shrink(random() % (8 * mebi));
    ASSERT_EQ(arena.used_bytes(), used);
    ASSERT_LE(arena.used_bytes(), arena.held_bytes());
  }
}

}  // namespace
}  // namespace dora::shared_memory

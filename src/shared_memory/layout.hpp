#pragma once
// SPDX-License-Identifier: Apache-2.0
// Everything that lies in shared memory, to the byte. docs/shared-memory.md tells the same in
// tables, with who writes what and why. A peer whose header differs is refused.
//
// Three kinds of objects, each a memory file of its own:
//   arena     one per producing node: blocks and encoded types; consumers map it read-only
//   edge      one per connection of an output to an input: two rings, loan table, returned bitmap
//   doorbell  one page per consuming node: what it sleeps on
//
// Version history
//   1  first version

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "base/result.hpp"

namespace dora::shared_memory {

template <typename T>
using Shared = std::atomic<T>;

inline constexpr std::uint32_t layout_version = 1;

/// The first bytes of every object; written once, before any peer sees the file.
struct ObjectHeader {
  std::uint64_t magic;  ///< eight letters, see below
  std::uint32_t version;
  std::uint32_t header_bytes;  ///< of the struct this begins
  std::uint64_t file_bytes;    ///< of the whole object
};
static_assert(sizeof(ObjectHeader) == 24);

constexpr std::uint64_t magic_of(const char (&letters)[9]) {
  std::uint64_t magic = 0;
  for (int i = 7; i >= 0; --i) {
    magic = magic << 8 | static_cast<std::uint8_t>(letters[i]);
  }
  return magic;
}
inline constexpr std::uint64_t arena_magic = magic_of("doraAREN");
inline constexpr std::uint64_t edge_magic = magic_of("doraEDGE");
inline constexpr std::uint64_t doorbell_magic = magic_of("doraBELL");

/// Fails with Unsupported, naming `what`, unless `found` is what this build would have written.
Result<> check_header(const ObjectHeader& found, const ObjectHeader& expected, const char* what);

inline constexpr std::size_t cache_line = 64;

// ---- Doorbell --------------------------------------------------------------------------------

struct DoorbellLayout {
  alignas(cache_line) ObjectHeader header;
  alignas(cache_line) Shared<std::uint32_t> word;  ///< bits: see doorbell.hpp
  /// When the node first asked for an event (CLOCK_MONOTONIC); 0 = not yet. Written by the node.
  alignas(cache_line) Shared<std::int64_t> first_wait_ns;
  /// When a node that is watched last called into the library. Written by the node.
  Shared<std::int64_t> last_active_ns;
};
static_assert(offsetof(DoorbellLayout, word) == 64);
static_assert(offsetof(DoorbellLayout, first_wait_ns) == 128);
static_assert(offsetof(DoorbellLayout, last_active_ns) == 136);
static_assert(sizeof(DoorbellLayout) == 192);

// ---- Arena -----------------------------------------------------------------------------------

struct ArenaLayout {
  alignas(cache_line) ObjectHeader header;
};
/// Where blocks may begin. Offset 0 therefore never names a block: it means "inline".
inline constexpr std::uint64_t arena_begin = 4096;
/// Alignment of every block in an arena.
inline constexpr std::uint64_t block_alignment = 64;

// ---- Edge ------------------------------------------------------------------------------------

/// Messages up to here travel inside their slot.
inline constexpr std::size_t inline_bytes = 192;
/// Blocks up to here are copied by the consumer at once, so that their memory returns at once.
inline constexpr std::size_t copy_bytes = 1024;
/// How many blocks of an edge a consumer may keep without copying them.
inline constexpr std::uint32_t max_borrowed = 16;
inline constexpr std::uint32_t protected_capacity = 1024;
inline constexpr std::uint32_t max_queue_size = 1U << 20;
/// Slots beyond what the rings hold: those borrowed, one being copied, one being written.
inline constexpr std::uint32_t spare_slots = max_borrowed + 2;

// Flags of an edge.
/// No queue size given: the rule of bursts.
inline constexpr std::uint32_t edge_burst = 1;
/// The sender waits for space.
inline constexpr std::uint32_t edge_backpressure = 2;

// How far a side of an edge got. Written by the side itself, or by the daemon when it died.
inline constexpr std::uint32_t side_open = 0;
inline constexpr std::uint32_t side_closed = 1;
/// Of a producer: closed, and nothing is lent any more.
inline constexpr std::uint32_t side_done = 2;

/// Written by the creator, then constant.
struct EdgeHeader {
  ObjectHeader object;
  std::uint32_t flags;              ///< edge_...
  std::uint32_t ordinary_capacity;  ///< messages in the ordinary ring
  std::uint32_t protected_capacity;
  std::uint32_t slot_count;
  std::uint32_t ordinary_cells;   ///< offset of the cells of the ordinary ring
  std::uint32_t protected_cells;  ///< offset of the cells of the protected ring
  std::uint32_t returned_words;   ///< offset of the returned bitmap
  std::uint32_t slots;            ///< offset of the loan table
  std::uint64_t reserved;
};
static_assert(sizeof(EdgeHeader) == 64);

/// Why a message that was sent is not delivered. Each has one counter on the side that drops.
enum class Drop : std::uint32_t {
  QueueFull,     ///< the oldest made room for a newer one
  TooOld,        ///< the rule of bursts: older than 100 ms and not among the ten newest
  TooManyBytes,  ///< the rule of bursts: more than 64 MiB waited
  Flushed,       ///< a message with `flush` overtook it
  NoMemory,      ///< taken back early because the producer's memory was full
  NoSlot,        ///< the consumer gave no slot back
  ConsumerGone,  ///< it was still waiting when the consumer ended
};
inline constexpr std::size_t drop_reasons = 7;

struct ProducerCounters {
  Shared<std::uint64_t> sent;  ///< messages; those dropped before they were queued included
  Shared<std::uint64_t> sent_bytes;
  Shared<std::uint64_t> dropped[drop_reasons];  ///< by Drop
  Shared<std::int64_t> last_sent_ns;
  Shared<std::uint64_t> blocked_ns;  ///< time the sender has waited for space, in all
  Shared<std::uint64_t> reserved[5];
};
static_assert(sizeof(ProducerCounters) == 128);

struct ConsumerCounters {
  Shared<std::uint64_t> delivered;
  Shared<std::uint64_t> delivered_bytes;
  Shared<std::uint64_t> dropped_too_old;
  Shared<std::uint64_t> malformed;  ///< refused because the producer wrote nonsense
  Shared<std::uint64_t> copied;     ///< not borrowed because too many were alive already
  Shared<std::int64_t> last_delivered_ns;
  Shared<std::uint64_t> reserved[2];
};
static_assert(sizeof(ConsumerCounters) == 64);

struct EdgeLayout {
  alignas(cache_line) EdgeHeader header;
  /// Written by the producer. Both positions on one line: the consumer reads both each time.
  alignas(cache_line) Shared<std::uint64_t> ordinary_written;
  Shared<std::uint64_t> protected_written;
  Shared<std::uint32_t> producer_state;  ///< side_...
  /// Written by the consumer; `ordinary_read` also by the producer when it evicts.
  alignas(cache_line) Shared<std::uint64_t> ordinary_read;
  Shared<std::uint64_t> protected_read;
  /// Written by any thread of the consumer that gives a block back; emptied by the producer.
  alignas(cache_line) Shared<std::uint64_t> returned_summary;
  /// Back pressure; see space.hpp.
  alignas(cache_line) Shared<std::uint32_t> space;
  Shared<std::uint32_t> consumer_state;  ///< side_...
  Shared<std::int64_t>
      blocked_since_ns;  ///< since when the sender waits for space; 0 = it does not
  alignas(cache_line) ProducerCounters producer_counters;
  alignas(cache_line) ConsumerCounters consumer_counters;
};
static_assert(offsetof(EdgeLayout, ordinary_written) == 64);
static_assert(offsetof(EdgeLayout, protected_written) == 72);
static_assert(offsetof(EdgeLayout, producer_state) == 80);
static_assert(offsetof(EdgeLayout, ordinary_read) == 128);
static_assert(offsetof(EdgeLayout, protected_read) == 136);
static_assert(offsetof(EdgeLayout, returned_summary) == 192);
static_assert(offsetof(EdgeLayout, space) == 256);
static_assert(offsetof(EdgeLayout, consumer_state) == 260);
static_assert(offsetof(EdgeLayout, blocked_since_ns) == 264);
static_assert(offsetof(EdgeLayout, producer_counters) == 320);
static_assert(offsetof(EdgeLayout, consumer_counters) == 448);
static_assert(sizeof(EdgeLayout) == 512);

// Flags of a message.
/// The encoded type lies in the block, not in the type table.
inline constexpr std::uint16_t message_type_in_block = 1;
/// What waited before it was dropped.
inline constexpr std::uint16_t message_flush = 2;
/// Never evicted: it belongs to a request, reply or goal.
inline constexpr std::uint16_t message_protected = 4;
/// The block has the shape of an n-dimensional array.
inline constexpr std::uint16_t message_ndarray = 8;

/// The head of a slot. Every member is atomic, as a producer may take the slot back and write it
/// anew while the consumer only looks (see queue.hpp); once taken, the slot is the consumer's.
struct SlotHeader {
  Shared<std::uint64_t> sequence;      ///< number among the messages of the output, from 1
  Shared<std::int64_t> sent_ns;        ///< CLOCK_MONOTONIC
  Shared<std::int64_t> timestamp_ns;   ///< since the Unix epoch
  Shared<std::uint64_t> block_offset;  ///< in the producer's arena; 0 = in this slot
  Shared<std::uint64_t> block_length;
  Shared<std::uint64_t> type_offset;  ///< in the producer's arena; 0 = none
  Shared<std::uint32_t> metadata_length;
  Shared<std::uint16_t> flags;  ///< message_...
  Shared<std::uint16_t> rank;   ///< numbers of the shape in the block
  Shared<std::uint64_t> reserved;
};
static_assert(offsetof(SlotHeader, sent_ns) == 8);
static_assert(offsetof(SlotHeader, timestamp_ns) == 16);
static_assert(offsetof(SlotHeader, block_offset) == 24);
static_assert(offsetof(SlotHeader, block_length) == 32);
static_assert(offsetof(SlotHeader, type_offset) == 40);
static_assert(offsetof(SlotHeader, metadata_length) == 48);
static_assert(offsetof(SlotHeader, flags) == 52);
static_assert(offsetof(SlotHeader, rank) == 54);
static_assert(sizeof(SlotHeader) == 64);

struct Slot {
  alignas(cache_line) SlotHeader header;
  std::byte inline_area[inline_bytes];
};
static_assert(sizeof(Slot) == 256);

/// The header of a message as both sides handle it in private memory.
struct MessageHeader {
  std::uint64_t sequence = 0;
  std::int64_t sent_ns = 0;
  std::int64_t timestamp_ns = 0;
  std::uint64_t block_offset = 0;
  std::uint64_t block_length = 0;
  std::uint64_t type_offset = 0;
  std::uint32_t metadata_length = 0;
  std::uint16_t flags = 0;
  std::uint16_t rank = 0;
};

}  // namespace dora::shared_memory

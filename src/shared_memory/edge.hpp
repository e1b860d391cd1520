#pragma once
// SPDX-License-Identifier: Apache-2.0
// An edge: the memory between one output and one input. Made by the daemon for one incarnation of
// each side, never used again after either ended.
//
//   daemon     EdgeMemory::create_file, EdgeMonitor      makes it, watches it, closes a dead side
//   producer   EdgeProducer (edge_producer.hpp)          queues messages, takes memory back
//   consumer   EdgeConsumer (edge_consumer.hpp)          takes messages, gives memory back

#include <array>
#include <cstdint>
#include <memory>

#include "base/result.hpp"
#include "shared_memory/layout.hpp"
#include "shared_memory/region.hpp"
#include "shared_memory/returned_slots.hpp"
#include "shared_memory/ring.hpp"
#include "shared_memory/space.hpp"

namespace dora::shared_memory {

struct EdgeOptions {
  enum class Queue {
    /// No size given: bursts survive. At most 1024 messages; beyond the ten newest, messages older
    /// than 100 ms go, and messages go while more than 64 MiB wait.
    Burst,
    /// Exactly `size` messages; the oldest makes room.
    Exact,
    /// Exactly `size` messages; the sender waits for room.
    Backpressure,
  };
  Queue queue = Queue::Burst;
  /// Messages; 0 counts as 1, and more than 2^20 as 2^20. Without effect for Burst.
  std::uint32_t size = 10;
};

inline constexpr std::uint32_t burst_capacity = 1024;
inline constexpr std::uint32_t burst_kept = 10;
inline constexpr std::uint64_t burst_bytes = 64ULL << 20;
inline constexpr std::int64_t burst_age_ns = 100'000'000;
/// Ages count from this long after the consumer first asked for an event.
inline constexpr std::int64_t burst_grace_ns = 2'000'000'000;

/// Whether a message that was sent at `sent_ns` is old at `now_ns`, for the rule of bursts.
/// Any values are safe; they come from other processes.
bool is_old(std::int64_t sent_ns, std::int64_t first_wait_ns, std::int64_t now_ns);

/// The mapped memory of an edge, checked. All places are computed from a private copy of the
/// header, so they stay inside whatever a peer writes there later.
class EdgeMemory {
 public:
  static Result<MemoryFile> create_file(const EdgeOptions& options);
  static Result<std::shared_ptr<EdgeMemory>> open(MemoryFile file);

  EdgeLayout& layout() const { return *mapping_.at<EdgeLayout>(0); }
  Slot& slot(std::uint32_t index) const { return mapping_.at<Slot>(header_.slots)[index]; }
  /// Brings the head of a slot, and the beginning of what lies in it, near.
  void prefetch(std::uint32_t index) const {
    const Slot& slot = this->slot(index);
    __builtin_prefetch(&slot.header);
    __builtin_prefetch(slot.inline_area);
  }
  RingPlace<SystemAtomics> ordinary_ring() const;
  RingPlace<SystemAtomics> protected_ring() const;
  ReturnedSlots<SystemAtomics> returned_slots() const;
  SpaceWord<SystemAtomics> space() const { return SpaceWord<SystemAtomics>(layout().space); }

  std::uint32_t slot_count() const { return header_.slot_count; }
  bool is_burst() const { return (header_.flags & edge_burst) != 0; }
  bool is_backpressure() const { return (header_.flags & edge_backpressure) != 0; }
  /// In a forked child: do not touch any of it.
  bool is_inherited() const { return mapping_.is_inherited(); }

 private:
  EdgeMemory(Mapping mapping, const EdgeHeader& header)
      : mapping_(std::move(mapping)), header_(header) {}

  Mapping mapping_;
  EdgeHeader header_;
};

/// The counters of an edge at one moment. While messages move, the numbers of the two sides are a
/// few messages apart; at rest they add up:
///   sent == delivered + all drops + in_flight
struct EdgeCounters {
  std::uint64_t sent = 0;
  std::uint64_t sent_bytes = 0;
  std::uint64_t delivered = 0;
  std::uint64_t delivered_bytes = 0;
  std::array<std::uint64_t, drop_reasons> dropped{};  ///< by Drop, of both sides together
  std::uint64_t malformed = 0;
  std::uint64_t copied = 0;
  std::uint64_t queued = 0;     ///< what waits in the rings
  std::uint64_t in_flight = 0;  ///< sent, neither delivered nor dropped
  std::int64_t last_sent_ns = 0;
  std::int64_t last_delivered_ns = 0;
  std::uint64_t blocked_ns = 0;
  std::int64_t blocked_since_ns = 0;  ///< 0 = the sender does not wait

  std::uint64_t dropped_in_all() const;
};

/// Words for a reason, to be put after a number of messages: "queue full", "older than 100 ms", ...
const char* to_string(Drop reason);

/// The daemon's handle of an edge.
class EdgeMonitor {
 public:
  static Result<EdgeMonitor> open(MemoryFile file);

  EdgeCounters counters() const;
  /// Since when the sender waits for room (CLOCK_MONOTONIC); 0 = it does not.
  std::int64_t blocked_since_ns() const;

  /// The producer ended. What it queued can still be taken. Ring the consumer afterwards.
  void close_producer();
  /// The consumer ended. Wakes a sender that waits for room.
  void close_consumer();
  /// Makes a sender that waits for room look around, e.g. for a datagram.
  void interrupt_sender();
  bool is_producer_closed() const;
  /// Closed, and the consumer has nothing of it any more.
  bool is_producer_done() const;
  bool is_consumer_closed() const;

 private:
  explicit EdgeMonitor(std::shared_ptr<EdgeMemory> memory) : memory_(std::move(memory)) {}
  std::shared_ptr<EdgeMemory> memory_;
};

}  // namespace dora::shared_memory

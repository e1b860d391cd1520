#pragma once
// SPDX-License-Identifier: Apache-2.0
// A ring of slot indexes from one producer to one consumer, from which the producer may take the
// oldest entry back. Positions count for ever (64 bits), so an exchange can never mistake one
// round for another.
//
//   produce:  write the cell at `written`, publish written + 1; when it was full: evict
//   evict:    compare-exchange `read` to read + 1; success: the entry is the producer's again
//   consume:  read the cell at `read`; compare-exchange `read` to read + 1; success: it is taken
//
// Publishing comes before evicting, so the ring of capacity 1 is never empty in between, and a
// producer that dies between the two leaves capacity + 1 entries, which the consumer simply takes.
// Neither side trusts the other: the producer keeps its own record of what it queued, and both
// refuse positions that cannot be (is_broken()).

#include <bit>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/crash_point.hpp"
#include "shared_memory/atomics.hpp"

namespace dora::shared_memory {

/// Where a ring lies in shared memory, and how large it is.
template <typename Policy>
struct RingPlace {
  typename Policy::template Atomic<std::uint64_t>* written;
  typename Policy::template Atomic<std::uint64_t>* read;
  typename Policy::template Atomic<std::uint32_t>* cells;  ///< cell_count(capacity) of them
  std::uint32_t capacity;
};

/// One more than the capacity (see above), rounded up so that a mask finds the cell.
constexpr std::uint32_t cell_count(std::uint32_t capacity) {
  return std::bit_ceil(capacity + 1);
}

/// What the producer remembers of an entry.
struct QueuedEntry {
  std::uint32_t slot = 0;
  std::int64_t sent_ns = 0;
  std::uint64_t bytes = 0;
};

template <typename Policy>
class RingProducer {
 public:
  explicit RingProducer(RingPlace<Policy> place)
      : place_(place), mask_(cell_count(place.capacity) - 1), entries_(mask_ + 1) {}

  /// Queues `entry`. When the ring was full, the oldest entry comes back, unless the consumer took
  /// it at the same moment.
  std::optional<QueuedEntry> push(const QueuedEntry& entry) {
    const bool was_full = is_full();
    publish(entry);
    return was_full ? evict() : std::nullopt;
  }

  /// Queues `entry` unless the ring is full.
  bool try_push(const QueuedEntry& entry) {
    if (is_full()) return false;
    publish(entry);
    return true;
  }

  /// Takes the oldest entry back. Nothing: the ring is empty, or the consumer took that very entry.
  std::optional<QueuedEntry> evict() {
    if (read_ == written_) refresh();
    if (read_ == written_ || is_broken_) return std::nullopt;
    std::uint64_t expected = read_;
    // release on success: the slot is rewritten afterwards with release stores, and a consumer that
    // sees those must see `read` moved (queue.hpp). acquire on failure: see refresh().
    if (place_.read->compare_exchange_strong(expected, expected + 1, std::memory_order_release,
                                             std::memory_order_acquire)) {
      const QueuedEntry entry = entries_[read_ & mask_];
      forget_until(read_ + 1);
      return entry;
    }
    accept_read(expected);
    return std::nullopt;
  }

  /// Whether `capacity` entries are queued. Looks at the consumer's position only when the last
  /// known one says so: its cache line belongs to the consumer.
  bool is_full() {
    if (written_ - read_ >= place_.capacity) refresh();
    return written_ - read_ >= place_.capacity;
  }

  /// Looks where the consumer is. The counts below are as of then, and can only be too high.
  void refresh() {
    // acquire: what the consumer did before it moved `read`, above all the slots it returned, is
    // visible; so a healthy consumer never seems to hold more slots than it may.
    accept_read(place_.read->load(std::memory_order_acquire));
  }
  std::uint64_t count() const { return written_ - read_; }
  std::uint64_t bytes() const { return bytes_; }
  /// The oldest entry; count() must not be 0.
  const QueuedEntry& oldest() const { return entries_[read_ & mask_]; }

  std::uint32_t capacity() const { return place_.capacity; }
  /// The consumer wrote a position that cannot be. Nothing can be evicted any more.
  bool is_broken() const { return is_broken_; }

 private:
  void publish(const QueuedEntry& entry) {
    entries_[written_ & mask_] = entry;
    bytes_ += entry.bytes;
    // relaxed: published by the store below. Atomic because a consumer that is about to lose the
    // entry of the previous round may still read the cell.
    place_.cells[written_ & mask_].store(entry.slot, std::memory_order_relaxed);
    ++written_;
    // release: the cell, the slot and the block behind it are complete for who sees the position.
    place_.written->store(written_, std::memory_order_release);
    crash_point("producer.published");
  }

  void accept_read(std::uint64_t read) {
    // Forwards only, and never beyond what was written.
    if (read - read_ > written_ - read_) {
      is_broken_ = true;
      return;
    }
    forget_until(read);
  }

  void forget_until(std::uint64_t read) {
    for (; read_ != read; ++read_)
      bytes_ -= entries_[read_ & mask_].bytes;
  }

  RingPlace<Policy> place_;
  std::uint32_t mask_;
  std::vector<QueuedEntry> entries_;
  std::uint64_t written_ = 0;  ///< the truth; shared memory holds a copy of it
  std::uint64_t read_ = 0;     ///< as last seen
  std::uint64_t bytes_ = 0;
  bool is_broken_ = false;
};

template <typename Policy>
class RingConsumer {
 public:
  /// An entry that was seen at the head of the ring.
  struct Head {
    std::uint64_t position;
    std::uint32_t slot;
  };

  /// `slot_count`: indexes from there on are nonsense.
  RingConsumer(RingPlace<Policy> place, std::uint32_t slot_count)
      : place_(place), mask_(cell_count(place.capacity) - 1), slot_count_(slot_count) {}

  /// The oldest entry, which stays queued.
  std::optional<Head> peek() {
    // A healthy producer can overtake us between two loads, but hardly ever twice in a row; one
    // that writes nonsense without end must not keep us here.
    for (int attempt = 0; attempt < 1000; ++attempt) {
      // acquire: if the producer moved `read` by evicting, we then see what it wrote before, so
      // that `written` below cannot be older than `read`.
      const std::uint64_t read = place_.read->load(std::memory_order_acquire);
      // acquire: the cell, the slot and the block of every entry before `written`; and the
      // evictions before it, so that the next attempt sees a `read` that matches.
      const std::uint64_t written = place_.written->load(std::memory_order_acquire);
      const std::uint64_t count = written - read;
      if (count == 0) return std::nullopt;
      if (count > place_.capacity + 1ULL) continue;
      seen_written_ = written;
      const std::uint32_t slot = slot_at(read);
      if (slot >= slot_count_) break;
      return Head{read, slot};
    }
    is_broken_ = true;
    return std::nullopt;
  }

  /// The same among the entries that peek() saw waiting when it last found one: without a look at
  /// the producer's cache line.
  std::optional<Head> peek_seen() const {
    // relaxed: peek() acquired all that is looked at here. If the producer has moved it meanwhile,
    // take() fails.
    const std::uint64_t read = place_.read->load(std::memory_order_relaxed);
    const std::uint64_t count = seen_written_ - read;
    if (count == 0 || count > place_.capacity + 1ULL) return std::nullopt;
    const std::uint32_t slot = slot_at(read);
    if (slot >= slot_count_) return std::nullopt;  // peek() says what that means
    return Head{read, slot};
  }

  /// Takes `head` out of the ring. False: the producer evicted it meanwhile; look again.
  bool take(const Head& head) {
    std::uint64_t expected = head.position;
    // release: pairs with RingProducer::refresh. relaxed on failure: the caller looks again with
    // peek(), which acquires.
    return place_.read->compare_exchange_strong(expected, expected + 1, std::memory_order_release,
                                                std::memory_order_relaxed);
  }

  /// Whether `head` was still queued after everything read before this call by acquire loads.
  bool is_still(const Head& head) const {
    // relaxed: the caller's acquire loads come first; see queue.hpp.
    return place_.read->load(std::memory_order_relaxed) == head.position;
  }

  /// How many entries wait, about.
  std::uint64_t count() const {
    const std::uint64_t read = place_.read->load(std::memory_order_acquire);
    const std::uint64_t written = place_.written->load(std::memory_order_acquire);
    const std::uint64_t count = written - read;
    return count <= place_.capacity + 1ULL ? count : place_.capacity;
  }

  /// The producer wrote what cannot be. Nothing can be taken any more.
  bool is_broken() const { return is_broken_; }

 private:
  std::uint32_t slot_at(std::uint64_t position) const {
    // relaxed: ordered by the load of `written`. It may be a cell of a later round already; then
    // take() fails.
    return place_.cells[position & mask_].load(std::memory_order_relaxed);
  }

  RingPlace<Policy> place_;
  std::uint32_t mask_;
  std::uint32_t slot_count_;
  std::uint64_t seen_written_ = 0;
  bool is_broken_ = false;
};

}  // namespace dora::shared_memory

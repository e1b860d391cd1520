// SPDX-License-Identifier: Apache-2.0
#include "shared_memory/edge_producer.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "base/clock.hpp"
#include "base/crash_point.hpp"
#include "shared_memory/queue.hpp"

namespace dora::shared_memory {
namespace {

/// After so many messages a producer looks what its consumers returned.
constexpr std::uint32_t collect_every = 16;

}  // namespace

// relaxed in both: for display.
SpaceWaiter::SpaceWaiter(std::shared_ptr<EdgeMemory> memory, std::shared_ptr<std::uint32_t> waiting,
                         std::uint64_t edge, std::string consumer)
    : memory_(std::move(memory)),
      waiting_(std::move(waiting)),
      edge_(edge),
      consumer_(std::move(consumer)),
      since_ns_(monotonic_ns()) {
  if ((*waiting_)++ == 0) {
    memory_->layout().blocked_since_ns.store(since_ns_, std::memory_order_relaxed);
  }
}

SpaceWaiter::~SpaceWaiter() {
  memory_->layout().producer_counters.blocked_ns.fetch_add(
      static_cast<std::uint64_t>(monotonic_ns() - since_ns_), std::memory_order_relaxed);
  if (--*waiting_ == 0) memory_->layout().blocked_since_ns.store(0, std::memory_order_relaxed);
}

bool SpaceWaiter::has_space() const {
  EdgeLayout& edge = memory_->layout();
  // acquire: pairs with EdgeMonitor::close_consumer.
  if (edge.consumer_state.load(std::memory_order_acquire) != side_open) return true;
  // relaxed: ordered after the read-modify-write of the space word, see space.hpp. `written` is our
  // own process's.
  const std::uint64_t read = edge.ordinary_read.load(std::memory_order_relaxed);
  const std::uint64_t written = edge.ordinary_written.load(std::memory_order_relaxed);
  return written - read < memory_->ordinary_ring().capacity;
}

WaitResult SpaceWaiter::wait(std::int64_t deadline_ns, const std::function<bool()>& must_look) {
  return memory_->space().wait([&] { return has_space() || (must_look && must_look()); },
                               deadline_ns);
}

Result<EdgeProducer> EdgeProducer::open(MemoryFile file, std::shared_ptr<DoorbellPage> doorbell,
                                        Arena& arena, Options options) {
  auto memory = TRY(EdgeMemory::open(std::move(file)));
  if (options.clock == nullptr) options.clock = &monotonic_ns;
  return EdgeProducer(std::move(memory), std::move(doorbell), arena, std::move(options));
}

EdgeProducer::EdgeProducer(std::shared_ptr<EdgeMemory> memory,
                           std::shared_ptr<DoorbellPage> doorbell, Arena& arena, Options options)
    : memory_(std::move(memory)),
      doorbell_(std::move(doorbell)),
      arena_(&arena),
      options_(std::move(options)),
      ordinary_(memory_->ordinary_ring()),
      protected_(memory_->protected_ring()),
      returned_(memory_->returned_slots()),
      loans_(memory_->slot_count()),
      lent_(bitmap_words(memory_->slot_count())) {
  free_slots_.reserve(memory_->slot_count());
  for (std::uint32_t slot = memory_->slot_count(); slot-- > 0;)
    free_slots_.push_back(slot);
}

bool EdgeProducer::is_blocked(bool is_protected) {
  if (!is_connected_) return false;
  if (is_protected ? !protected_.is_full() : !(is_backpressure() && ordinary_.is_full())) {
    return false;
  }
  // acquire: pairs with EdgeMonitor::close_consumer.
  if (memory_->layout().consumer_state.load(std::memory_order_acquire) == side_open) return true;
  retire();
  return false;
}

[[gnu::hot]] void EdgeProducer::send(const OutgoingMessage& message) {
  if (!is_connected_) return;
  ProducerCounters& counters = memory_->layout().producer_counters;
  // relaxed: counters are for display. Written from private numbers, so that nobody can spoil ours.
  counters.sent.store(++sent_, std::memory_order_relaxed);
  sent_bytes_ += message.header.block_length;
  counters.sent_bytes.store(sent_bytes_, std::memory_order_relaxed);
  counters.last_sent_ns.store(message.header.sent_ns, std::memory_order_relaxed);

  if ((message.header.flags & message_flush) != 0) flush();
  if (!find_free_slot()) return count_drop(Drop::NoSlot);
  const std::uint32_t slot = free_slots_.back();
  free_slots_.pop_back();
  write_slot(slot, message);
  crash_point("producer.written");
  loans_[slot] = {.chunk = message.chunk, .is_lent = true};
  lent_[slot / 64] |= std::uint64_t{1} << (slot % 64);
  if (message.chunk != Chunk::None) {
    arena_->retain(message.chunk);
    pinned_bytes_ += arena_->capacity(message.chunk);
  }

  const QueuedEntry entry{slot, message.header.sent_ns, message.header.block_length};
  if (message.is_protected()) {
    // The caller asked is_blocked() before; a consumer that writes nonsense can still fill it.
    if (!protected_.try_push(entry)) drop(entry, Drop::NoSlot);
    return;
  }
  if (auto evicted = ordinary_.push(entry)) {
    crash_point("producer.evicted");
    drop(*evicted, Drop::QueueFull);
  }
  if (memory_->is_burst()) apply_burst_rule();
}

[[gnu::hot]] void EdgeProducer::write_slot(std::uint32_t index, const OutgoingMessage& message) {
  Slot& slot = memory_->slot(index);
  const MessageHeader& header = message.header;
  KeyPlace<SystemAtomics>(slot.header.sequence, slot.header.sent_ns)
      .write({header.sequence, header.sent_ns});
  // relaxed: published by the ring's `written`.
  slot.header.timestamp_ns.store(header.timestamp_ns, std::memory_order_relaxed);
  slot.header.block_offset.store(message.chunk == Chunk::None ? 0 : arena_->offset(message.chunk),
                                 std::memory_order_relaxed);
  slot.header.block_length.store(header.block_length, std::memory_order_relaxed);
  slot.header.type_offset.store(header.type_offset, std::memory_order_relaxed);
  slot.header.metadata_length.store(header.metadata_length, std::memory_order_relaxed);
  slot.header.flags.store(header.flags, std::memory_order_relaxed);
  slot.header.rank.store(header.rank, std::memory_order_relaxed);
  if (message.chunk == Chunk::None && !message.inlined.empty()) {
    std::memcpy(slot.inline_area, message.inlined.data(), message.inlined.size());
  }
}

[[gnu::hot]] bool EdgeProducer::find_free_slot() {
  // Not at every message: the words belong to the consumer's cache. But often, so that a few slots
  // take turns and stay in the caches of both.
  if (++sent_since_collect_ >= collect_every || free_slots_.empty()) collect();
  if (!free_slots_.empty()) return true;
  // A thread of the consumer may be between setting a bit and announcing it.
  returned_.sweep([this](std::uint32_t word, std::uint64_t bits) { collect_word(word, bits); });
  if (!free_slots_.empty()) return true;
  // Only a consumer that breaks the rules holds so many. It loses its oldest messages first.
  if (is_backpressure()) return false;
  if (auto evicted = ordinary_.evict()) drop(*evicted, Drop::NoSlot);
  return !free_slots_.empty();
}

[[gnu::hot]] void EdgeProducer::collect() {
  sent_since_collect_ = 0;
  returned_.collect([this](std::uint32_t word, std::uint64_t bits) { collect_word(word, bits); });
}

[[gnu::hot]] void EdgeProducer::collect_word(std::uint32_t word, std::uint64_t bits) {
  // Only what is lent can come back: double returns and garbage end here.
  bits &= lent_[word];
  while (bits != 0) {
    reclaim(word * 64 + static_cast<std::uint32_t>(std::countr_zero(bits)));
    bits &= bits - 1;
  }
}

[[gnu::hot]] void EdgeProducer::reclaim(std::uint32_t slot) {
  Loan& loan = loans_[slot];
  if (!loan.is_lent) return;  // returned by a sick consumer while it was still queued
  if (loan.chunk != Chunk::None) {
    pinned_bytes_ -= arena_->capacity(loan.chunk);
    arena_->release(loan.chunk);
  }
  loan = {};
  lent_[slot / 64] &= ~(std::uint64_t{1} << (slot % 64));
  free_slots_.push_back(slot);
}

void EdgeProducer::drop(const QueuedEntry& entry, Drop reason) {
  count_drop(reason);
  reclaim(entry.slot);
}

void EdgeProducer::count_drop(Drop reason) {
  const auto index = static_cast<std::size_t>(reason);
  memory_->layout().producer_counters.dropped[index].store(++dropped_[index],
                                                           std::memory_order_relaxed);
}

void EdgeProducer::apply_burst_rule() {
  if (ordinary_.count() <= burst_kept) return;
  ordinary_.refresh();
  while (ordinary_.count() > burst_kept && !ordinary_.is_broken()) {
    Drop reason = Drop::TooManyBytes;
    if (ordinary_.bytes() <= burst_bytes) {
      if (!is_old(ordinary_.oldest().sent_ns, doorbell_->first_wait_ns(), options_.clock())) return;
      reason = Drop::TooOld;
    }
    if (auto evicted = ordinary_.evict()) drop(*evicted, reason);
  }
}

void EdgeProducer::flush() {
  ordinary_.refresh();
  while (ordinary_.count() > 0 && !ordinary_.is_broken()) {
    if (auto evicted = ordinary_.evict()) drop(*evicted, Drop::Flushed);
  }
}

bool EdgeProducer::evict_for_memory() {
  if (!is_connected_ || is_backpressure()) return false;
  ordinary_.refresh();
  while (ordinary_.count() > 0 && !ordinary_.is_broken()) {
    if (auto evicted = ordinary_.evict()) {
      drop(*evicted, Drop::NoMemory);
      return true;
    }
  }
  return false;
}

void EdgeProducer::retire() {
  if (!is_connected_) return;
  collect();
  // Counts what was still waiting. A consumer that closes its side may take some meanwhile, and
  // counts those itself; of one that is gone nobody else moves the positions.
  ordinary_.refresh();
  while (ordinary_.count() > 0 && !ordinary_.is_broken()) {
    if (auto evicted = ordinary_.evict()) drop(*evicted, Drop::ConsumerGone);
  }
  protected_.refresh();
  while (protected_.count() > 0 && !protected_.is_broken()) {
    if (auto evicted = protected_.evict()) drop(*evicted, Drop::ConsumerGone);
  }
  is_connected_ = false;
}

void EdgeProducer::disconnect() {
  retire();
  // Private record alone from here: what the consumer held when it ended.
  for (std::uint32_t slot = 0; slot < loans_.size(); ++slot)
    reclaim(slot);
}

bool EdgeProducer::is_lending() const {
  return std::ranges::any_of(lent_, [](std::uint64_t word) { return word != 0; });
}

void EdgeProducer::close() {
  // release: what was sent before is visible to a consumer that sees this.
  memory_->layout().producer_state.store(side_closed, std::memory_order_release);
}

void EdgeProducer::finish() {
  // release: the counters are final for the daemon that sees this.
  memory_->layout().producer_state.store(side_done, std::memory_order_release);
}

}  // namespace dora::shared_memory

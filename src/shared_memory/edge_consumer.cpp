// SPDX-License-Identifier: Apache-2.0
#include "shared_memory/edge_consumer.hpp"

#include <cstdlib>
#include <cstring>
#include <new>

#include <fmt/format.h>

#include "base/clock.hpp"
#include "base/crash_point.hpp"

namespace dora::shared_memory {

void Block::copy_large(std::span<const std::byte> bytes) {
  // malloc and alignment by hand: three times as fast as the aligned form for small sizes.
  copy_ = std::malloc(bytes.size() + block_alignment);
  if (copy_ == nullptr) throw std::bad_alloc();
  const auto address = reinterpret_cast<std::uintptr_t>(copy_);
  auto* begin = static_cast<std::byte*>(copy_) + (round_up(address, block_alignment) - address);
  std::memcpy(begin, bytes.data(), bytes.size());
  bytes_ = {begin, bytes.size()};
}

Block& Block::operator=(Block&& other) noexcept {
  if (this != &other) {
    this->~Block();
    new (this) Block(std::move(other));
  }
  return *this;
}

void Block::free() noexcept {
  if (from_ != nullptr) from_->end_borrow(slot_);
  from_.reset();
  std::free(std::exchange(copy_, nullptr));
  bytes_ = {};
}

Result<EdgeConsumer> EdgeConsumer::open(MemoryFile file, std::shared_ptr<const ArenaView> arena,
                                        std::shared_ptr<DoorbellPage> doorbell,
                                        std::int64_t (*clock)()) {
  auto memory = TRY(EdgeMemory::open(std::move(file)));
  return EdgeConsumer(std::move(memory), std::move(arena), std::move(doorbell),
                      clock == nullptr ? &monotonic_ns : clock);
}

EdgeConsumer::EdgeConsumer(std::shared_ptr<EdgeMemory> memory,
                           std::shared_ptr<const ArenaView> arena,
                           std::shared_ptr<DoorbellPage> doorbell, std::int64_t (*clock)())
    : memory_(std::move(memory)),
      link_(std::make_shared<BorrowedFrom>(memory_, std::move(arena))),
      doorbell_(std::move(doorbell)),
      clock_(clock),
      queue_({memory_->ordinary_ring(), memory_->slot_count()},
             {memory_->protected_ring(), memory_->slot_count()}) {}

[[gnu::hot]] std::optional<EdgeConsumer::Head> EdgeConsumer::head() {
  const auto key_of = [this](std::uint32_t slot) {
    SlotHeader& header = memory_->slot(slot).header;
    return KeyPlace<SystemAtomics>(header.sequence, header.sent_ns).read();
  };
  for (;;) {
    auto found = queue_.peek(key_of);
    if (!found || found->is_protected || !memory_->is_burst()) return found;
    // Both must be so. The producer's line is at hand when it was just looked at; else the clock
    // costs less.
    if (found->is_fresh && queue_.ordinary_count() <= burst_kept) return found;
    if (!is_old(found->key.sent_ns, doorbell_->first_wait_ns(), clock_())) return found;
    if (queue_.ordinary_count() <= burst_kept) return found;
    if (!take(*found)) continue;
    link_->give_back(found->entry.slot);
    // relaxed: a counter for display.
    memory_->layout().consumer_counters.dropped_too_old.store(++dropped_too_old_,
                                                              std::memory_order_relaxed);
  }
}

[[gnu::hot]] bool EdgeConsumer::take(const Head& head) {
  if (!queue_.take(head)) return false;
  crash_point("consumer.taken");
  if (memory_->is_backpressure()) memory_->space().announce();
  return true;
}

[[gnu::hot]] std::optional<MessageKey> EdgeConsumer::peek() {
  seen_ = head();
  if (!seen_) return std::nullopt;
  return seen_->key;
}

[[gnu::hot]] Result<std::optional<Received>> EdgeConsumer::pop() {
  for (;;) {
    // What was sent before the message that was seen was seen, too: it is still the next one,
    // unless it was dropped meanwhile.
    auto found = seen_ ? std::exchange(seen_, std::nullopt) : head();
    if (!found) {
      if (queue_.is_broken() && !std::exchange(was_broken_, true)) {
        return refuse("the producer wrote positions that cannot be: this input is dead");
      }
      return std::nullopt;
    }
    if (!take(*found)) continue;
    // What waits behind comes from memory while the caller works on this one.
    if (const auto next = queue_.likely_next()) memory_->prefetch(*next);
    return read_message(found->entry.slot);
  }
}

[[gnu::hot]] Result<std::optional<Received>> EdgeConsumer::read_message(std::uint32_t index) {
  const Slot& slot = memory_->slot(index);
  // The slot is ours now. A producer that breaks the rules may still write it, so each member is
  // read once (relaxed: ordered by the ring), and what was read is what is checked.
  // Made where it is returned: a message is taken often, and is large to be moved about.
  Result<std::optional<Received>> result(std::in_place, std::in_place);
  Received& received = **result;
  MessageHeader& header = received.header;
  header.sequence = slot.header.sequence.load(std::memory_order_relaxed);
  header.sent_ns = slot.header.sent_ns.load(std::memory_order_relaxed);
  header.timestamp_ns = slot.header.timestamp_ns.load(std::memory_order_relaxed);
  header.block_offset = slot.header.block_offset.load(std::memory_order_relaxed);
  header.block_length = slot.header.block_length.load(std::memory_order_relaxed);
  header.type_offset = slot.header.type_offset.load(std::memory_order_relaxed);
  header.metadata_length = slot.header.metadata_length.load(std::memory_order_relaxed);
  header.flags = slot.header.flags.load(std::memory_order_relaxed);
  header.rank = slot.header.rank.load(std::memory_order_relaxed);

  std::span<const std::byte> bytes;
  if (header.block_offset != 0) {
    auto block = link_->arena().block(header.block_offset, header.block_length);
    if (!block) {
      result = refuse_message(index, std::move(block.error().message));
      return result;
    }
    bytes = *block;
  } else {
    if (header.block_length > inline_bytes) {
      result = refuse_sizes(index, header);
      return result;
    }
    bytes = {slot.inline_area, header.block_length};
  }
  if (std::uint64_t{header.metadata_length} + 8 * std::uint64_t{header.rank} > bytes.size()) {
    result = refuse_sizes(index, header);
    return result;
  }

  ConsumerCounters& counters = memory_->layout().consumer_counters;
  if (bytes.size() > copy_bytes && link_->try_borrow()) {
    received.block = Block(bytes, link_, index);
    crash_point("consumer.borrowed");
  } else {
    // relaxed, here and below: counters for display.
    if (bytes.size() > copy_bytes) counters.copied.store(++copied_, std::memory_order_relaxed);
    received.block = Block::copy(bytes);
    crash_point("consumer.copied");
    link_->give_back(index);
  }
  counters.delivered.store(++delivered_, std::memory_order_relaxed);
  delivered_bytes_ += header.block_length;
  counters.delivered_bytes.store(delivered_bytes_, std::memory_order_relaxed);
  counters.last_delivered_ns.store(header.sent_ns, std::memory_order_relaxed);
  return result;
}

std::unexpected<Error> EdgeConsumer::refuse_message(std::uint32_t slot, std::string message) {
  link_->give_back(slot);
  return refuse(std::move(message));
}

std::unexpected<Error> EdgeConsumer::refuse_sizes(std::uint32_t slot, const MessageHeader& header) {
  const bool is_too_long = header.block_offset == 0 && header.block_length > inline_bytes;
  return refuse_message(
      slot, is_too_long
                ? fmt::format("a message claims {} bytes in its slot", header.block_length)
                : fmt::format("a message of {} bytes claims {} bytes of metadata and rank {}",
                              header.block_length, header.metadata_length, header.rank));
}

std::unexpected<Error> EdgeConsumer::refuse(std::string message) {
  memory_->layout().consumer_counters.malformed.store(++malformed_, std::memory_order_relaxed);
  return fail(ErrorKind::InvalidInput, std::move(message));
}

bool EdgeConsumer::is_producer_closed() const {
  // acquire: what was sent before is visible to the caller's next look.
  return memory_->layout().producer_state.load(std::memory_order_acquire) != side_open;
}

void EdgeConsumer::close() {
  // release: pairs with EdgeProducer::is_blocked.
  memory_->layout().consumer_state.store(side_closed, std::memory_order_release);
  memory_->space().interrupt();
}

}  // namespace dora::shared_memory

#pragma once
// SPDX-License-Identifier: Apache-2.0
// The receiving side of one edge. Belongs to the node, under its mutex; the blocks it hands out
// belong to nobody in particular and may be freed on any thread, also after the node is gone.

#include <atomic>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "base/result.hpp"
#include "shared_memory/arena.hpp"
#include "shared_memory/doorbell_page.hpp"
#include "shared_memory/edge.hpp"
#include "shared_memory/queue.hpp"

namespace dora::shared_memory {

/// What received blocks keep alive: the mappings, and the count of borrowed slots.
class BorrowedFrom {
 public:
  BorrowedFrom(std::shared_ptr<EdgeMemory> memory, std::shared_ptr<const ArenaView> arena)
      : memory_(std::move(memory)),
        arena_(std::move(arena)),
        returned_(memory_->returned_slots()) {}

  const EdgeMemory& memory() const { return *memory_; }
  const ArenaView& arena() const { return *arena_; }
  /// Wait-free, any thread. Without effect in a forked child.
  void give_back(std::uint32_t slot) const {
    if (!memory_->is_inherited()) returned_.give_back(slot);
  }
  /// Takes one of max_borrowed places. One thread.
  bool try_borrow() {
    // acquire: pairs with end_borrow(), whose slot is announced before it is counted as free.
    if (borrowed_.load(std::memory_order_acquire) >= max_borrowed) return false;
    borrowed_.fetch_add(1, std::memory_order_relaxed);
    return true;
  }
  void end_borrow(std::uint32_t slot) {
    give_back(slot);
    borrowed_.fetch_sub(1, std::memory_order_release);
  }
  std::uint32_t borrowed() const { return borrowed_.load(std::memory_order_relaxed); }

 private:
  std::shared_ptr<EdgeMemory> memory_;
  std::shared_ptr<const ArenaView> arena_;
  ReturnedSlots<SystemAtomics> returned_;
  std::atomic<std::uint32_t> borrowed_{0};
};

/// The bytes of a received message, and what keeps them: the producer's memory (borrowed), or a
/// private copy. Freed by the destructor, on any thread, without waiting.
class Block {
 public:
  Block() = default;
  /// Borrows `bytes`, which belong to `slot`.
  Block(std::span<const std::byte> bytes, std::shared_ptr<BorrowedFrom> from, std::uint32_t slot)
      : bytes_(bytes), from_(std::move(from)), slot_(slot) {}
  /// Copies `bytes`. The copy is aligned to 64 bytes, one of at most small_bytes to 8.
  static Block copy(std::span<const std::byte> bytes) { return Block(bytes); }

  Block(Block&& other) noexcept
      : bytes_(std::exchange(other.bytes_, {})),
        from_(std::move(other.from_)),
        copy_(std::exchange(other.copy_, nullptr)),
        slot_(other.slot_) {
    if (bytes_.data() == other.small_) keep_small(other.small_);
  }
  Block& operator=(Block&& other) noexcept;
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;
  ~Block() {
    if (bytes_.data() != nullptr && bytes_.data() != small_) free();
  }

  /// Of a small copy: they move with the block.
  std::span<const std::byte> bytes() const { return bytes_; }
  bool is_borrowed() const { return from_ != nullptr; }

 private:
  static constexpr std::size_t small_bytes = 64;

  explicit Block(std::span<const std::byte> copied) {
    if (copied.size() <= small_bytes) {
      bytes_ = copied;
      keep_small(copied.data());
    } else {
      copy_large(copied);
    }
  }
  void keep_small(const std::byte* from) {
    if (!bytes_.empty()) std::memcpy(small_, from, bytes_.size());
    bytes_ = {small_, bytes_.size()};
  }
  void copy_large(std::span<const std::byte> bytes);
  void free() noexcept;

  std::span<const std::byte> bytes_;
  std::shared_ptr<BorrowedFrom> from_;
  void* copy_ = nullptr;
  std::uint32_t slot_ = 0;
  alignas(8) std::byte small_[small_bytes];
};

/// A message taken from an edge. The header is checked against the layout, the content of the block
/// is not: it is whatever the producer wrote.
struct Received {
  MessageHeader header;
  Block block;
};

class EdgeConsumer {
 public:
  /// `doorbell` is the consumer's own. `clock`: nullptr = monotonic_ns.
  static Result<EdgeConsumer> open(MemoryFile file, std::shared_ptr<const ArenaView> arena,
                                   std::shared_ptr<DoorbellPage> doorbell,
                                   std::int64_t (*clock)() = nullptr);

  /// The key of the message that the next pop() takes. It stays queued, and may be dropped before
  /// pop(), which then takes the next one. Drops what the rule of bursts says.
  std::optional<MessageKey> peek();

  /// The next message, or nothing. Fails with InvalidInput when the producer wrote nonsense: for
  /// one message (which is skipped; call again), or for the whole edge (is_broken(), for ever).
  Result<std::optional<Received>> pop();

  /// Whether nothing waits. After is_producer_closed() this is final.
  bool is_empty() { return queue_.is_empty() || queue_.is_broken(); }
  /// The producer will send nothing more. Ask before is_empty(), not after.
  bool is_producer_closed() const;
  bool is_broken() const { return queue_.is_broken(); }
  /// How many messages wait, about.
  std::uint64_t count() const { return queue_.count(); }

  /// A copy of the encoded type at header.type_offset.
  Result<std::vector<std::byte>> type(std::uint64_t offset) const {
    return link_->arena().type(offset);
  }
  /// Blocks of this edge that are alive without a copy.
  std::uint32_t borrowed() const { return link_->borrowed(); }

  /// Tells the producer that nothing more will be taken, and wakes it if it waits for room.
  void close();

 private:
  EdgeConsumer(std::shared_ptr<EdgeMemory> memory, std::shared_ptr<const ArenaView> arena,
               std::shared_ptr<DoorbellPage> doorbell, std::int64_t (*clock)());
  using Head = QueueConsumer<SystemAtomics>::Head;
  std::optional<Head> head();
  bool take(const Head& head);
  Result<std::optional<Received>> read_message(std::uint32_t index);
  [[gnu::cold]] std::unexpected<Error> refuse(std::string message);
  /// The same for one message, whose slot goes back.
  [[gnu::cold]] std::unexpected<Error> refuse_message(std::uint32_t slot, std::string message);
  /// The same for one whose header contradicts itself; apart, so that formatting stays off the path
  /// of healthy messages.
  [[gnu::cold]] std::unexpected<Error> refuse_sizes(std::uint32_t slot,
                                                    const MessageHeader& header);

  std::shared_ptr<EdgeMemory> memory_;
  std::shared_ptr<BorrowedFrom> link_;
  std::shared_ptr<DoorbellPage> doorbell_;
  std::int64_t (*clock_)();
  QueueConsumer<SystemAtomics> queue_;
  std::optional<Head> seen_;  ///< by peek(), for the pop() that follows
  std::uint64_t delivered_ = 0;
  std::uint64_t delivered_bytes_ = 0;
  std::uint64_t dropped_too_old_ = 0;
  std::uint64_t malformed_ = 0;
  std::uint64_t copied_ = 0;
  bool was_broken_ = false;
};

}  // namespace dora::shared_memory

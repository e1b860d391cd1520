#pragma once
// SPDX-License-Identifier: Apache-2.0
// The sending side of one edge. It lends slots (and with them chunks of the arena) to the consumer
// and keeps the record of what is lent in private memory; whatever the consumer does, this record
// says what comes back. Belongs to its Output, under the node's mutex.

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "shared_memory/arena.hpp"
#include "shared_memory/doorbell_page.hpp"
#include "shared_memory/edge.hpp"

namespace dora::shared_memory {

/// A message as it is handed to every edge of an output: its bytes lie in `chunk`, or (none) in
/// `inlined`.
struct OutgoingMessage {
  MessageHeader header;
  Chunk chunk = Chunk::None;
  std::span<const std::byte> inlined;
  bool is_protected() const { return (header.flags & message_protected) != 0; }
};

/// A sender that waits while a queue with back pressure is full: from its creation to its end the
/// edge says so. Made and destroyed under the node's mutex; waits without it, and may outlive the
/// edge's producer.
class SpaceWaiter {
 public:
  /// `waiting` counts the threads that wait on this edge.
  SpaceWaiter(std::shared_ptr<EdgeMemory> memory, std::shared_ptr<std::uint32_t> waiting,
              std::uint64_t edge, std::string consumer);
  SpaceWaiter(const SpaceWaiter&) = delete;
  SpaceWaiter& operator=(const SpaceWaiter&) = delete;
  ~SpaceWaiter();

  /// Sleeps until there may be room, the consumer is gone, `deadline_ns` passes, a signal arrives,
  /// or somebody interrupts. `must_look` is asked just before sleeping: true cancels (e.g. a
  /// control message waits). Look again whatever comes back.
  WaitResult wait(std::int64_t deadline_ns, const std::function<bool()>& must_look);
  /// Ends that sleep, or the next one if it is about to begin. Any thread, and signal handlers.
  void interrupt() { memory_->space().interrupt(); }

  /// Number of the edge.
  std::uint64_t edge() const { return edge_; }
  /// "node/input", for messages to the user.
  const std::string& consumer() const { return consumer_; }
  /// When the wait began (CLOCK_MONOTONIC).
  std::int64_t since_ns() const { return since_ns_; }

 private:
  bool has_space() const;
  std::shared_ptr<EdgeMemory> memory_;
  std::shared_ptr<std::uint32_t> waiting_;
  std::uint64_t edge_;
  std::string consumer_;
  std::int64_t since_ns_;
};

class EdgeProducer {
 public:
  struct Options {
    std::uint64_t edge = 0;             ///< number of the edge
    std::string consumer;               ///< "node/input", for messages to the user
    std::uint32_t doorbell_bit = 0;     ///< a mask with one bit, see bell_bit_of_input
    std::int64_t (*clock)() = nullptr;  ///< nullptr: monotonic_ns
  };

  /// `arena` must outlive the result.
  static Result<EdgeProducer> open(MemoryFile file, std::shared_ptr<DoorbellPage> doorbell,
                                   Arena& arena, Options options);

  EdgeProducer(EdgeProducer&&) noexcept = default;
  EdgeProducer& operator=(EdgeProducer&&) = delete;
  /// Leaves everything as it is: a consumer may still take what was queued, and its chunks stay
  /// used for as long as the arena lives. To have them back, disconnect() first.
  ~EdgeProducer() = default;

  /// Whether a message cannot be queued now: a full queue with back pressure, or (protected) 1024
  /// protected messages waiting. Never true once the consumer is gone.
  bool is_blocked(bool is_protected);
  /// Begins a wait for room, when is_blocked(false).
  std::unique_ptr<SpaceWaiter> space_waiter() const {
    return std::make_unique<SpaceWaiter>(memory_, waiting_threads_, options_.edge,
                                         options_.consumer);
  }

  /// Queues `message`, evicting what the rules of the queue say. Every message is counted: as sent,
  /// and as dropped where that happens. Does not wake the consumer: ring() does.
  void send(const OutgoingMessage& message);
  Wake ring() { return doorbell_->ring(options_.doorbell_bit); }
  void wake(Wake wake) { doorbell_->wake(wake); }

  /// Takes back what the consumer returned.
  void collect();
  /// Takes the oldest ordinary message back because memory is short. False: there is none that may
  /// be taken (back pressure drops nothing).
  bool evict_for_memory();
  /// The consumer takes nothing any more, but its process lives and may still read what it took:
  /// takes back what was queued only. Harmless the second time.
  void retire();
  /// The consumer's process is gone: takes back everything that was lent. Harmless the second time.
  void disconnect();
  /// Whether messages are still queued here.
  bool is_connected() const { return is_connected_; }
  /// Whether the consumer still has something of what was sent.
  bool is_lending() const;

  /// Memory of the arena that cannot be reused because of this consumer.
  std::uint64_t pinned_bytes() const { return pinned_bytes_; }
  const Options& options() const { return options_; }
  /// Whether the sender waits for room rather than dropping.
  bool is_backpressure() const { return memory_->is_backpressure() && !gave_up_; }
  /// From now on the oldest message makes room: nobody waits for a dataflow that stops.
  void give_up_backpressure() { gave_up_ = true; }
  /// Wakes threads of this process that wait for room on this edge.
  void interrupt_waiters() { memory_->space().interrupt(); }
  /// Tells the consumer that nothing more will come.
  void close();
  /// Tells the daemon that the edge is of no use any more: nothing is lent, nothing will come.
  void finish();

 private:
  /// What is lent in a slot.
  struct Loan {
    Chunk chunk = Chunk::None;
    bool is_lent = false;
  };

  EdgeProducer(std::shared_ptr<EdgeMemory> memory, std::shared_ptr<DoorbellPage> doorbell,
               Arena& arena, Options options);
  bool find_free_slot();
  void collect_word(std::uint32_t word, std::uint64_t bits);
  void reclaim(std::uint32_t slot);
  void drop(const QueuedEntry& entry, Drop reason);
  void count_drop(Drop reason);
  void write_slot(std::uint32_t index, const OutgoingMessage& message);
  void apply_burst_rule();
  void flush();

  std::shared_ptr<EdgeMemory> memory_;
  std::shared_ptr<DoorbellPage> doorbell_;
  Arena* arena_;
  Options options_;
  RingProducer<SystemAtomics> ordinary_;
  RingProducer<SystemAtomics> protected_;
  ReturnedSlots<SystemAtomics> returned_;
  std::vector<Loan> loans_;                ///< by slot
  std::vector<std::uint64_t> lent_;        ///< the same as a bitmap
  std::vector<std::uint32_t> free_slots_;  ///< the one used last is used first
  std::shared_ptr<std::uint32_t> waiting_threads_ = std::make_shared<std::uint32_t>(0);
  std::uint32_t sent_since_collect_ = 0;
  std::uint64_t pinned_bytes_ = 0;
  std::uint64_t sent_ = 0;
  std::uint64_t sent_bytes_ = 0;
  std::uint64_t dropped_[drop_reasons] = {};
  bool is_connected_ = true;
  bool gave_up_ = false;
};

}  // namespace dora::shared_memory

#pragma once
// SPDX-License-Identifier: Apache-2.0
// The sending half of a node: its outputs, each a fan-out over edges, and the arena they share.
//
//   loan(size) ──► write into it ──► publish(loan, header)
//
// A block of at most 192 bytes travels inside the slots and needs no memory of the arena. A larger
// one lies in one chunk, whatever the number of consumers. Publishing queues the message on every
// edge first and wakes the consumers last, as a woken one may push the sender off its processor.
//
// Everything here is used under the node's mutex. Nothing waits: who must wait for room asks
// blocked_by() first, waits without the mutex, and asks again.

#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "shared_memory/arena.hpp"
#include "shared_memory/edge_producer.hpp"

namespace dora::shared_memory {

class Outputs;

/// Memory for one message, until it is published or destroyed. Must not outlive its Outputs.
class Loan {
 public:
  Loan(Loan&& other) noexcept;
  Loan& operator=(Loan&&) = delete;
  /// Under the node's mutex, as it gives memory back.
  ~Loan();

  /// Writable, aligned to 64 bytes; content unspecified.
  std::span<std::byte> bytes();
  bool is_inline() const { return chunk_ == Chunk::None; }
  /// Uses only the first `size` bytes, e.g. when the exact size is known after writing.
  void shorten(std::uint64_t size) { size_ = size < size_ ? size : size_; }

 private:
  friend class Outputs;
  friend class Output;
  Loan(Arena& arena, Chunk chunk, std::uint64_t size)
      : arena_(&arena), chunk_(chunk), size_(size) {}

  alignas(block_alignment) std::byte inline_area_[inline_bytes];
  Arena* arena_;
  Chunk chunk_;
  std::uint64_t size_;
};

/// One output and its edges.
class Output {
 public:
  /// Adds a consumer. It receives what is published from now on.
  Result<> add_edge(MemoryFile edge, std::shared_ptr<DoorbellPage> doorbell,
                    EdgeProducer::Options options);
  /// The consumer of edge `number` takes nothing any more, but may still read what it took: that
  /// stays lent until it is returned, or remove_edge(). False: no such edge.
  bool retire_edge(std::uint64_t number);
  /// The consumer of edge `number` is gone: takes back what it held. False: no such edge.
  bool remove_edge(std::uint64_t number);
  /// Takes back what consumers returned, on all edges.
  void collect();
  /// Whether anything is lent on edge `number`.
  bool is_lending(std::uint64_t number) const;

  /// The edge that makes publish() fail with Busy now, if there is one. Ask with the mutex held,
  /// then wait on space_waiter() of it without.
  EdgeProducer* blocked_by(bool is_protected);

  /// Queues the message on every edge and wakes the consumers. Of `header`, the sequence, the block
  /// offset and the block length are filled in here. Fails with Busy, having done nothing, when an
  /// edge is full that may not drop; `loan` then stays as it was and can be published later.
  Result<> publish(Loan&& loan, MessageHeader header);

  std::uint64_t last_sequence() const { return sequence_; }
  bool has_edges() const { return !edges_.empty(); }
  std::list<EdgeProducer>& edges() { return edges_; }
  /// Tells all consumers that nothing more will come, and wakes them.
  void close();

 private:
  friend class Outputs;
  explicit Output(Arena& arena) : arena_(&arena) {}

  Arena* arena_;
  /// Drops the retired edges of which everything came back.
  void forget_returned();

  std::list<EdgeProducer> edges_;
  std::list<EdgeProducer> retired_;  ///< closed by consumers that still have something of them
  std::vector<std::pair<EdgeProducer*, Wake>> wakes_;  ///< kept for its memory
  std::uint64_t sequence_ = 0;
  std::size_t backpressure_edges_ = 0;
};

/// All outputs of a node.
class Outputs {
 public:
  static Result<std::unique_ptr<Outputs>> create(MemoryFile arena);

  /// A new output; lives as long as this.
  Output& add();

  /// Memory for a message of `size` bytes. When the arena is full, takes back what consumers
  /// returned, then the oldest messages that wait on edges that may drop. Fails with Busy when that
  /// was not enough, naming the consumer that holds most.
  Result<Loan> loan(std::uint64_t size);
  /// The same for at most inline_bytes, which needs no memory.
  Loan small_loan(std::uint64_t size) { return Loan(arena_, Chunk::None, size); }

  Arena& arena() { return arena_; }
  /// Takes back what consumers returned, on all edges. Before shrinking the arena, for instance.
  void collect();
  /// The consumer that pins the most memory: "node/input" and bytes.
  std::optional<std::pair<std::string, std::uint64_t>> heaviest_consumer();
  /// Wakes threads of this process that wait for room anywhere.
  void interrupt_waiters();

  Outputs(const Outputs&) = delete;
  Outputs& operator=(const Outputs&) = delete;

 private:
  explicit Outputs(Arena arena) : arena_(std::move(arena)) {}
  bool evict_for_memory();

  Arena arena_;
  std::list<Output> outputs_;
};

}  // namespace dora::shared_memory

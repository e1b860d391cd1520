// SPDX-License-Identifier: Apache-2.0
#include "shared_memory/output.hpp"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include "base/crash_point.hpp"

namespace dora::shared_memory {
namespace {

auto find_edge(auto& edges, std::uint64_t number) {
  return std::ranges::find_if(
      edges, [number](const EdgeProducer& edge) { return edge.options().edge == number; });
}

}  // namespace

Loan::Loan(Loan&& other) noexcept
    : arena_(other.arena_), chunk_(std::exchange(other.chunk_, Chunk::None)), size_(other.size_) {
  if (chunk_ == Chunk::None && size_ <= inline_bytes) {
    std::memcpy(inline_area_, other.inline_area_, size_);
  }
  other.size_ = 0;
}

Loan::~Loan() {
  if (chunk_ != Chunk::None) arena_->release(chunk_);
}

std::span<std::byte> Loan::bytes() {
  return {chunk_ == Chunk::None ? inline_area_ : arena_->data(chunk_), size_};
}

Result<> Output::add_edge(MemoryFile edge, std::shared_ptr<DoorbellPage> doorbell,
                          EdgeProducer::Options options) {
  edges_.push_back(
      TRY(EdgeProducer::open(std::move(edge), std::move(doorbell), *arena_, std::move(options))));
  if (edges_.back().is_backpressure()) ++backpressure_edges_;
  return {};
}

bool Output::retire_edge(std::uint64_t number) {
  const auto edge = find_edge(edges_, number);
  if (edge == edges_.end()) return false;
  edge->retire();
  if (edge->is_backpressure()) --backpressure_edges_;
  retired_.splice(retired_.end(), edges_, edge);
  forget_returned();
  return true;
}

bool Output::remove_edge(std::uint64_t number) {
  const bool was_in_use = retire_edge(number);
  const auto edge = find_edge(retired_, number);
  // One that had lent nothing is gone already.
  if (edge == retired_.end()) return was_in_use;
  edge->disconnect();
  forget_returned();
  return true;
}

bool Output::is_lending(std::uint64_t number) const {
  for (const auto* edges : {&edges_, &retired_}) {
    const auto edge = find_edge(*edges, number);
    if (edge != edges->end()) return edge->is_lending();
  }
  return false;
}

void Output::collect() {
  for (EdgeProducer& edge : edges_)
    edge.collect();
  if (retired_.empty()) return;
  for (EdgeProducer& edge : retired_)
    edge.collect();
  forget_returned();
}

void Output::forget_returned() {
  std::erase_if(retired_, [](EdgeProducer& edge) {
    if (edge.is_lending()) return false;
    edge.finish();
    return true;
  });
}

[[gnu::hot]] EdgeProducer* Output::blocked_by(bool is_protected) {
  if (!is_protected && backpressure_edges_ == 0) return nullptr;
  for (EdgeProducer& edge : edges_) {
    if (edge.is_blocked(is_protected)) return &edge;
  }
  return nullptr;
}

[[gnu::hot]] Result<> Output::publish(Loan&& loan, MessageHeader header) {
  const bool is_protected = (header.flags & message_protected) != 0;
  if (EdgeProducer* edge = blocked_by(is_protected)) {
    return fail(ErrorKind::Busy,
                is_protected ? fmt::format("{} requests, replies or goals wait unread at '{}'",
                                           protected_capacity, edge->options().consumer)
                             : fmt::format("the queue of '{}' is full", edge->options().consumer));
  }
  OutgoingMessage message{.header = header, .chunk = loan.chunk_, .inlined = {}};
  message.header.sequence = ++sequence_;
  message.header.block_length = loan.size_;
  if (loan.is_inline()) message.inlined = loan.bytes();
  for (EdgeProducer& edge : edges_) {
    edge.send(message);
    crash_point("producer.queued");
  }
  wakes_.clear();
  for (EdgeProducer& edge : edges_) {
    if (Wake wake = edge.ring()) wakes_.emplace_back(&edge, wake);
    crash_point("producer.rung");
  }
  for (auto& [edge, wake] : wakes_)
    edge->wake(wake);
  // The reference of the loan itself.
  if (!loan.is_inline()) arena_->release(std::exchange(loan.chunk_, Chunk::None));
  loan.size_ = 0;
  return {};
}

void Output::close() {
  for (EdgeProducer& edge : edges_) {
    edge.close();
    edge.wake(edge.ring());
  }
}

Result<std::unique_ptr<Outputs>> Outputs::create(MemoryFile arena) {
  return std::unique_ptr<Outputs>(new Outputs(TRY(Arena::create(std::move(arena)))));
}

Output& Outputs::add() {
  outputs_.push_back(Output(arena_));
  return outputs_.back();
}

Result<Loan> Outputs::loan(std::uint64_t size) {
  if (size <= inline_bytes) return small_loan(size);
  // First what came back: the chunk freed last is the one most likely still in the cache.
  collect();
  auto chunk = arena_.allocate(size);
  while (!chunk && size <= arena_.limit() && evict_for_memory())
    chunk = arena_.allocate(size);
  if (!chunk) {
    Error error = std::move(chunk.error());
    if (auto heaviest = heaviest_consumer(); heaviest && heaviest->second > 0) {
      error.message += fmt::format("; '{}' holds {} bytes, more than any other consumer",
                                   heaviest->first, heaviest->second);
    }
    return std::unexpected(std::move(error));
  }
  crash_point("producer.loaned");
  return Loan(arena_, *chunk, size);
}

void Outputs::collect() {
  for (Output& output : outputs_)
    output.collect();
}

bool Outputs::evict_for_memory() {
  // From the edge that holds most: that is where a chunk most likely becomes free.
  std::vector<EdgeProducer*> edges;
  for (Output& output : outputs_) {
    for (EdgeProducer& edge : output.edges_)
      edges.push_back(&edge);
  }
  std::ranges::sort(edges, [](const EdgeProducer* a, const EdgeProducer* b) {
    return a->pinned_bytes() > b->pinned_bytes();
  });
  return std::ranges::any_of(edges, [](EdgeProducer* edge) { return edge->evict_for_memory(); });
}

std::optional<std::pair<std::string, std::uint64_t>> Outputs::heaviest_consumer() {
  std::optional<std::pair<std::string, std::uint64_t>> heaviest;
  for (Output& output : outputs_) {
    for (auto* edges : {&output.edges_, &output.retired_}) {
      for (EdgeProducer& edge : *edges) {
        if (!heaviest || edge.pinned_bytes() > heaviest->second)
          heaviest.emplace(edge.options().consumer, edge.pinned_bytes());
      }
    }
  }
  return heaviest;
}

void Outputs::interrupt_waiters() {
  for (Output& output : outputs_) {
    for (EdgeProducer& edge : output.edges_)
      edge.interrupt_waiters();
  }
}

}  // namespace dora::shared_memory

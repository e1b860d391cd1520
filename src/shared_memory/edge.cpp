// SPDX-License-Identifier: Apache-2.0
#include "shared_memory/edge.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>

namespace dora::shared_memory {
namespace {

/// What the daemon writes for `flags` and `capacity`, and what a peer expects to find.
EdgeHeader make_header(std::uint32_t flags, std::uint32_t capacity) {
  EdgeHeader header{};
  header.flags = flags;
  header.ordinary_capacity = capacity;
  header.protected_capacity = protected_capacity;
  header.slot_count = capacity + protected_capacity + spare_slots;
  std::uint64_t end = sizeof(EdgeLayout);
  const auto place = [&](std::uint64_t bytes, std::uint64_t alignment) {
    const std::uint64_t begin = round_up(end, alignment);
    end = begin + bytes;
    return static_cast<std::uint32_t>(begin);
  };
  header.ordinary_cells = place(std::uint64_t{cell_count(capacity)} * 4, cache_line);
  header.protected_cells = place(std::uint64_t{cell_count(protected_capacity)} * 4, cache_line);
  header.returned_words = place(std::uint64_t{bitmap_words(header.slot_count)} * 8, cache_line);
  header.slots = place(std::uint64_t{header.slot_count} * sizeof(Slot), page_bytes);
  header.object = {edge_magic, layout_version, sizeof(EdgeLayout), round_up(end, page_bytes)};
  return header;
}

// relaxed everywhere below: counters are single values for display; nothing is ordered by them.
template <typename T>
T read(const Shared<T>& counter) {
  return counter.load(std::memory_order_relaxed);
}

std::uint64_t waiting(const RingPlace<SystemAtomics>& ring) {
  const std::uint64_t count = read(*ring.written) - read(*ring.read);
  return std::min<std::uint64_t>(count, ring.capacity + 1ULL);
}

}  // namespace

bool is_old(std::int64_t sent_ns, std::int64_t first_wait_ns, std::int64_t now_ns) {
  if (first_wait_ns == 0) return false;
  const auto is_older_than = [now_ns](std::int64_t since, std::int64_t age) {
    std::int64_t limit = 0;
    return !__builtin_add_overflow(since, age, &limit) && now_ns > limit;
  };
  return is_older_than(sent_ns, burst_age_ns) &&
         is_older_than(first_wait_ns, burst_grace_ns + burst_age_ns);
}

Result<MemoryFile> EdgeMemory::create_file(const EdgeOptions& options) {
  std::uint32_t flags = 0;
  std::uint32_t capacity = std::clamp<std::uint32_t>(options.size, 1, max_queue_size);
  if (options.queue == EdgeOptions::Queue::Burst) {
    flags = edge_burst;
    capacity = burst_capacity;
  } else if (options.queue == EdgeOptions::Queue::Backpressure) {
    flags = edge_backpressure;
  }
  const EdgeHeader header = make_header(flags, capacity);
  MemoryFile file = TRY(MemoryFile::create("edge", header.object.file_bytes));
  Mapping mapping = TRY(Mapping::map(file, Access::ReadWrite));
  // Everything else begins as zero.
  *mapping.at<EdgeHeader>(0) = header;
  return file;
}

Result<std::shared_ptr<EdgeMemory>> EdgeMemory::open(MemoryFile file) {
  if (file.size() < sizeof(EdgeLayout)) {
    return fail(ErrorKind::InvalidInput, "this memory is too small for an edge");
  }
  Mapping mapping = TRY(Mapping::map(file, Access::ReadWrite));
  EdgeHeader found{};
  std::memcpy(&found, mapping.data(), sizeof(found));
  if (found.ordinary_capacity == 0 || found.ordinary_capacity > max_queue_size) {
    found.ordinary_capacity = 1;  // then the sizes differ below
  }
  const EdgeHeader expected = make_header(found.flags, found.ordinary_capacity);
  TRY(check_header(found.object, expected.object, "an edge"));
  // Everything follows from flags and capacity, so a header that agrees on the size of the file but
  // not on the rest was not written by us.
  if (expected.object.file_bytes != file.size() ||
      std::memcmp(&found, &expected, sizeof(found)) != 0) {
    return fail(ErrorKind::InvalidInput, "the header of an edge contradicts itself");
  }
  return std::shared_ptr<EdgeMemory>(new EdgeMemory(std::move(mapping), expected));
}

RingPlace<SystemAtomics> EdgeMemory::ordinary_ring() const {
  return {&layout().ordinary_written, &layout().ordinary_read,
          mapping_.at<Shared<std::uint32_t>>(header_.ordinary_cells), header_.ordinary_capacity};
}

RingPlace<SystemAtomics> EdgeMemory::protected_ring() const {
  return {&layout().protected_written, &layout().protected_read,
          mapping_.at<Shared<std::uint32_t>>(header_.protected_cells), header_.protected_capacity};
}

ReturnedSlots<SystemAtomics> EdgeMemory::returned_slots() const {
  return {layout().returned_summary, mapping_.at<Shared<std::uint64_t>>(header_.returned_words),
          header_.slot_count};
}

std::uint64_t EdgeCounters::dropped_in_all() const {
  return std::accumulate(dropped.begin(), dropped.end(), malformed);
}

const char* to_string(Drop reason) {
  switch (reason) {
    case Drop::QueueFull:
      return "queue full";
    case Drop::TooOld:
      return "older than 100 ms";
    case Drop::TooManyBytes:
      return "more than 64 MiB waiting";
    case Drop::Flushed:
      return "flushed";
    case Drop::NoMemory:
      return "sender's memory full";
    case Drop::NoSlot:
      return "receiver returned no slot";
    case Drop::ConsumerGone:
      return "receiver ended";
  }
  return "unknown";
}

Result<EdgeMonitor> EdgeMonitor::open(MemoryFile file) {
  return EdgeMonitor(TRY(EdgeMemory::open(std::move(file))));
}

EdgeCounters EdgeMonitor::counters() const {
  const EdgeLayout& edge = memory_->layout();
  EdgeCounters counters;
  // The consumer's numbers first: then messages that move meanwhile are in flight, not negative.
  counters.delivered = read(edge.consumer_counters.delivered);
  counters.delivered_bytes = read(edge.consumer_counters.delivered_bytes);
  counters.malformed = read(edge.consumer_counters.malformed);
  counters.copied = read(edge.consumer_counters.copied);
  counters.last_delivered_ns = read(edge.consumer_counters.last_delivered_ns);
  const std::uint64_t cut_by_consumer = read(edge.consumer_counters.dropped_too_old);
  for (std::size_t i = 0; i < drop_reasons; ++i) {
    counters.dropped[i] = read(edge.producer_counters.dropped[i]);
  }
  counters.dropped[static_cast<std::size_t>(Drop::TooOld)] += cut_by_consumer;
  counters.queued = waiting(memory_->ordinary_ring()) + waiting(memory_->protected_ring());
  counters.sent = read(edge.producer_counters.sent);
  counters.sent_bytes = read(edge.producer_counters.sent_bytes);
  counters.last_sent_ns = read(edge.producer_counters.last_sent_ns);
  counters.blocked_ns = read(edge.producer_counters.blocked_ns);
  counters.blocked_since_ns = blocked_since_ns();
  const std::uint64_t accounted = counters.delivered + counters.dropped_in_all();
  counters.in_flight = counters.sent > accounted ? counters.sent - accounted : 0;
  return counters;
}

std::int64_t EdgeMonitor::blocked_since_ns() const {
  return read(memory_->layout().blocked_since_ns);
}

void EdgeMonitor::close_producer() {
  // release: pairs with the consumer, which looks for messages once more after it saw this. The
  // producer's own stores were ordered by its death.
  memory_->layout().producer_state.store(side_closed, std::memory_order_release);
}

void EdgeMonitor::close_consumer() {
  memory_->layout().consumer_state.store(side_closed, std::memory_order_release);
  interrupt_sender();
}

void EdgeMonitor::interrupt_sender() {
  memory_->space().interrupt();
}

bool EdgeMonitor::is_producer_closed() const {
  return memory_->layout().producer_state.load(std::memory_order_acquire) != side_open;
}

bool EdgeMonitor::is_producer_done() const {
  return memory_->layout().producer_state.load(std::memory_order_acquire) == side_done;
}

bool EdgeMonitor::is_consumer_closed() const {
  return memory_->layout().consumer_state.load(std::memory_order_acquire) != side_open;
}

}  // namespace dora::shared_memory

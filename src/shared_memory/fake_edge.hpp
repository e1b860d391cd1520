#pragma once
// SPDX-License-Identifier: Apache-2.0
// For tests: a sending and a receiving node in one process, joined by real memory, and a clock that
// is turned by hand.

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "shared_memory/edge_consumer.hpp"
#include "shared_memory/output.hpp"

namespace dora::shared_memory {

/// The time that edges of FakeNodes see.
inline std::int64_t fake_now_ns = 1'000'000'000;
inline std::int64_t read_fake_clock() {
  return fake_now_ns;
}

/// The receiving end of one edge, with the daemon's handle of it.
struct FakeConsumer {
  std::shared_ptr<DoorbellPage> doorbell;
  std::optional<EdgeConsumer> consumer;
  std::optional<EdgeMonitor> monitor;
  /// For tests that write nonsense.
  std::shared_ptr<EdgeMemory> memory;

  /// The numbers of all messages that wait, taking them.
  std::vector<std::uint64_t> drain() {
    std::vector<std::uint64_t> numbers;
    while (auto received = consumer->pop().value())
      numbers.push_back(received->header.sequence);
    return numbers;
  }
  EdgeCounters counters() const { return monitor->counters(); }
  std::uint64_t dropped(Drop reason) const {
    return counters().dropped[static_cast<std::size_t>(reason)];
  }
};

/// A sending node with one output.
struct FakeSender {
  explicit FakeSender(std::uint64_t arena_bytes = 64 << 20) {
    MemoryFile file = Arena::create_file(arena_bytes).value();
    view =
        std::make_shared<const ArenaView>(ArenaView::open(file.reopen_read_only().value()).value());
    outputs = Outputs::create(std::move(file)).value();
    output = &outputs->add();
  }

  /// A consumer with a doorbell of its own, or with `doorbell`.
  FakeConsumer connect(const EdgeOptions& options = {},
                       std::shared_ptr<DoorbellPage> doorbell = nullptr) {
    FakeConsumer end;
    MemoryFile edge = EdgeMemory::create_file(options).value();
    end.doorbell = std::move(doorbell);
    if (end.doorbell == nullptr) {
      end.doorbell = DoorbellPage::open(DoorbellPage::create_file().value(),
                                        DoorbellPage::create_event_fd().value())
                         .value();
    }
    end.consumer.emplace(
        EdgeConsumer::open(edge.duplicate().value(), view, end.doorbell, &read_fake_clock).value());
    end.monitor.emplace(EdgeMonitor::open(edge.duplicate().value()).value());
    end.memory = EdgeMemory::open(edge.duplicate().value()).value();
    ++last_edge;
    const auto added = output->add_edge(std::move(edge), end.doorbell,
                                        {.edge = last_edge,
                                         .consumer = "consumer" + std::to_string(last_edge) + "/in",
                                         .doorbell_bit = 1,
                                         .clock = &read_fake_clock});
    if (!added) std::abort();
    return end;
  }

  /// Sends `size` bytes that tell their own sequence number, see is_intact().
  Result<> send(std::size_t size = 8, std::uint16_t flags = 0) {
    Loan loan = TRY(outputs->loan(size));
    fill(loan.bytes(), output->last_sequence() + 1);
    return output->publish(std::move(loan),
                           {.sent_ns = fake_now_ns, .timestamp_ns = 7, .flags = flags});
  }

  static void fill(std::span<std::byte> bytes, std::uint64_t sequence) {
    for (std::size_t i = 0; i < bytes.size(); i += 8) {
      const std::uint64_t word = sequence * 0x9e3779b97f4a7c15ULL + i;
      std::memcpy(bytes.data() + i, &word, std::min<std::size_t>(8, bytes.size() - i));
    }
  }

  std::shared_ptr<const ArenaView> view;
  std::unique_ptr<Outputs> outputs;
  Output* output = nullptr;
  std::uint64_t last_edge = 0;
};

/// Whether a block says what FakeSender::fill wrote for message `sequence`.
inline bool is_intact(std::span<const std::byte> bytes, std::uint64_t sequence) {
  for (std::size_t i = 0; i < bytes.size(); i += 8) {
    const std::uint64_t word = sequence * 0x9e3779b97f4a7c15ULL + i;
    if (std::memcmp(bytes.data() + i, &word, std::min<std::size_t>(8, bytes.size() - i)) != 0) {
      return false;
    }
  }
  return true;
}

}  // namespace dora::shared_memory

// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <memory>
#include <optional>
#include <vector>

#include "interleaving/model_atomics.hpp"
#include "interleaving/scenarios.hpp"
#include "shared_memory/doorbell.hpp"
#include "shared_memory/queue.hpp"
#include "shared_memory/returned_slots.hpp"

namespace dora::interleaving {
namespace {

using shared_memory::cell_count;
using shared_memory::KeyPlace;
using Atomic32 = ModelAtomics::Atomic<std::uint32_t>;
using Atomic64 = ModelAtomics::Atomic<std::uint64_t>;

constexpr std::uint32_t slots = 6;

/// An edge in small: two rings over one table of slots.
struct World {
  explicit World(std::uint32_t capacity)
      : ordinary_cells(new Atomic32[cell_count(capacity)]),
        ordinary{{&written[0], &read[0], ordinary_cells.get(), capacity}},
        guarded{{&written[1], &read[1], guarded_cells, 1}},
        queue({{&written[0], &read[0], ordinary_cells.get(), capacity}, slots},
              {{&written[1], &read[1], guarded_cells, 1}, slots}) {}

  Atomic64 written[2];
  Atomic64 read[2];
  std::unique_ptr<Atomic32[]> ordinary_cells;
  Atomic32 guarded_cells[2];
  shared_memory::RingProducer<ModelAtomics> ordinary;
  shared_memory::RingProducer<ModelAtomics> guarded;
  shared_memory::QueueConsumer<ModelAtomics> queue;
  Atomic64 sequence[slots];
  ModelAtomics::Atomic<std::int64_t> sent_ns{0};  ///< of no interest here
  Plain<std::uint64_t> content[slots];
  // Private to the producer.
  std::vector<std::uint32_t> free_slots{4, 3, 2, 1, 0};
  std::uint64_t last_sent = 0;
  // Private to the consumer.
  std::uint64_t last_received = 0;
  std::uint32_t received = 0;
  std::uint32_t evicted = 0;

  KeyPlace<ModelAtomics> key_of(std::uint32_t slot) { return {sequence[slot], sent_ns}; }
  std::uint32_t write_slot() {
    const std::uint32_t slot = free_slots.back();
    free_slots.pop_back();
    key_of(slot).write({++last_sent, 0});
    content[slot].write(last_sent);
    return slot;
  }
  void send() {
    if (auto old = ordinary.push({write_slot(), 0, 1})) {
      ++evicted;
      free_slots.push_back(old->slot);
    }
  }
  void send_protected() { require(guarded.try_push({write_slot(), 0, 1}), "there is room"); }

  auto peek() {
    return queue.peek([this](std::uint32_t slot) { return key_of(slot).read(); });
  }
  bool receive() {
    for (;;) {
      auto head = peek();
      require(!queue.is_broken(), "a healthy producer is taken for a sick one");
      if (!head) return false;
      if (!queue.take(*head)) continue;
      const std::uint64_t number = content[head->entry.slot].read();
      require(number == head->key.sequence, "the number that was seen is the message's own");
      require(number > last_received, "order of sending is kept across both rings");
      last_received = number;
      ++received;
      return true;
    }
  }
};

void in_order(Program& program, std::uint32_t capacity, const std::string& messages, int looks) {
  auto world = std::make_shared<World>(capacity);
  program.thread("producer", [=] {
    for (const char kind : messages)
      kind == 'p' ? world->send_protected() : world->send();
  });
  program.thread("consumer", [=] {
    for (int i = 0; i < looks; ++i)
      world->receive();
  });
  program.at_end([=] {
    while (world->receive()) {
    }
    require(world->received + world->evicted == messages.size(), "nothing is lost or doubled");
  });
}

/// "Nothing comes any more" is said after the last message, and then nothing is left behind.
void closing(Program& program) {
  auto world = std::make_shared<World>(2);
  auto state = std::make_shared<Atomic32>(0);
  auto word = std::make_shared<Atomic32>(0);
  program.thread("producer", [=] {
    shared_memory::Doorbell<ModelAtomics> bell(*word);
    world->send();
    if (bell.ring(1).futex) bell.wake_futex();
    world->send();
    state->store(1, std::memory_order_release);  // as EdgeProducer::close
    if (bell.ring(1).futex) bell.wake_futex();
  });
  program.thread("consumer", [=] {
    shared_memory::Doorbell<ModelAtomics> bell(*word);
    for (;;) {
      bell.take();
      const bool is_closed = state->load(std::memory_order_acquire) != 0;
      while (world->receive()) {
      }
      if (is_closed) break;
      bell.wait(shared_memory::no_deadline);
    }
    require(world->received == 2, "all messages come before the end");
  });
}

/// The whole way: slots travel to the consumer and back, and are written again. With one slot more
/// than the ring holds for the consumer to read and one to write, the producer never runs out.
struct Trip {
  Atomic64 written{0};
  Atomic64 read{0};
  Atomic32 cells[2];
  Atomic64 summary{0};
  Atomic64 words[1];
  shared_memory::RingProducer<ModelAtomics> producer{{&written, &read, cells, 1}};
  shared_memory::RingConsumer<ModelAtomics> consumer{{&written, &read, cells, 1}, slots};
  shared_memory::ReturnedSlots<ModelAtomics> returned{summary, words, slots};
  Plain<int> content[slots];
  std::vector<std::uint32_t> free_slots{2, 1, 0};  // private to the producer

  void send() {
    if (free_slots.empty()) {
      returned.sweep([this](std::uint32_t, std::uint64_t bits) {
        for (std::uint32_t slot = 0; slot < slots; ++slot) {
          if ((bits >> slot & 1) != 0) free_slots.push_back(slot);
        }
      });
    }
    require(!free_slots.empty(), "a healthy consumer never holds too many slots");
    const std::uint32_t slot = free_slots.back();
    free_slots.pop_back();
    content[slot].write(1);
    if (auto old = producer.push({slot, 0, 1})) free_slots.push_back(old->slot);
  }
  std::optional<std::uint32_t> take() {
    auto head = consumer.peek();
    if (!head || !consumer.take(*head)) return std::nullopt;
    content[head->slot].read();
    return head->slot;
  }
};

void round_trip(Program& program) {
  auto trip = std::make_shared<Trip>();
  trip->send();
  program.thread("producer", [=] {
    for (int i = 0; i < 3; ++i)
      trip->send();
  });
  program.thread("consumer", [=] {
    if (auto slot = trip->take()) trip->returned.give_back(*slot);
    trip->take();
  });
}

}  // namespace

std::vector<Scenario> queue_scenarios() {
  return {
      {"OrdinaryThenProtected", [](Program& program) { in_order(program, 2, "op", 2); }},
      {"ProtectedThenOrdinary", [](Program& program) { in_order(program, 2, "po", 2); }},
      {"ProtectedBetweenEvictions", [](Program& program) { in_order(program, 1, "opo", 3); }},
      {"ProtectedAndSlotWrittenAnew", [](Program& program) { in_order(program, 2, "oopoo", 2); }},
      {"ProtectedAfterTwoThatWereSeen", [](Program& program) { in_order(program, 3, "oopo", 3); }},
      {"Evictions", [](Program& program) { in_order(program, 1, "ooo", 2); }},
      {"Closing", closing},
      {"RoundTrip", round_trip}};
}

}  // namespace dora::interleaving

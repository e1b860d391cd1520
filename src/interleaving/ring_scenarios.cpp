// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <memory>
#include <optional>

#include "interleaving/model_atomics.hpp"
#include "interleaving/scenarios.hpp"
#include "shared_memory/ring.hpp"

namespace dora::interleaving {
namespace {

using shared_memory::RingPlace;
using Producer = shared_memory::RingProducer<ModelAtomics>;
using Consumer = shared_memory::RingConsumer<ModelAtomics>;

constexpr std::uint32_t slots = 8;

struct World {
  explicit World(std::uint32_t capacity)
      : cells(new ModelAtomics::Atomic<std::uint32_t>[shared_memory::cell_count(capacity)]),
        place{&written, &read, cells.get(), capacity},
        producer(place),
        consumer(place, slots) {}

  ModelAtomics::Atomic<std::uint64_t> written{0};
  ModelAtomics::Atomic<std::uint64_t> read{0};
  std::unique_ptr<ModelAtomics::Atomic<std::uint32_t>[]> cells;
  RingPlace<ModelAtomics> place;
  Producer producer;
  Consumer consumer;
  Plain<std::uint32_t> content[slots];  ///< what the message in a slot says: its number
  // What became of message i, by whom.
  std::array<bool, slots> is_sent{};
  std::array<bool, slots> is_evicted{};
  std::array<bool, slots> is_received{};
  std::uint32_t last_received = 0;
};

/// Sends messages 1..count, reusing the slots of evicted ones at once.
void produce(World& world, std::uint32_t count) {
  std::uint32_t free_slot = 0;
  std::optional<std::uint32_t> evicted_slot;
  std::array<std::uint32_t, slots> number_in_slot{};
  for (std::uint32_t number = 1; number <= count; ++number) {
    const std::uint32_t slot = evicted_slot ? *evicted_slot : free_slot++;
    evicted_slot.reset();
    world.content[slot].write(number);
    number_in_slot[slot] = number;
    world.is_sent[number] = true;
    if (auto evicted = world.producer.push({slot, 0, 1})) {
      world.is_evicted[number_in_slot[evicted->slot]] = true;
      evicted_slot = evicted->slot;
    }
    require(!world.producer.is_broken(), "a healthy consumer is taken for a sick one");
    require(world.producer.count() <= world.place.capacity, "more queued than the capacity");
  }
}

bool consume_one(World& world) {
  for (;;) {
    auto head = world.consumer.peek();
    require(!world.consumer.is_broken(), "a healthy producer is taken for a sick one");
    if (!head) return false;
    if (!world.consumer.take(*head)) continue;
    const std::uint32_t number = world.content[head->slot].read();
    require(number > world.last_received, "order of sending is kept");
    world.last_received = number;
    world.is_received[number] = true;
    return true;
  }
}

void check(World& world, std::uint32_t count) {
  while (consume_one(world)) {
  }
  for (std::uint32_t number = 1; number <= count; ++number) {
    if (!world.is_sent[number]) continue;
    require(world.is_evicted[number] != world.is_received[number],
            "each message is either received or taken back");
  }
}

void overflow(Program& program, std::uint32_t capacity, std::uint32_t messages,
              std::uint32_t looks) {
  auto world = std::make_shared<World>(capacity);
  program.thread("producer", [=] { produce(*world, messages); });
  program.thread("consumer", [=] {
    for (std::uint32_t i = 0; i < looks; ++i)
      consume_one(*world);
  });
  program.at_end([=] {
    check(*world, messages);
    require(world->is_received[messages], "the newest message is never taken back");
  });
}

/// Wherever the producer dies, what it had published and not taken back can be received. Slots are
/// not reused, so that the end can tell a message that was taken back from one that was not.
void producer_dies(Program& program, std::uint32_t capacity) {
  auto world = std::make_shared<World>(capacity);
  program.mortal_thread("producer", [=] {
    for (std::uint32_t number = 1; number <= 3; ++number) {
      world->content[number].write(number);
      world->producer.push({number, 0, 1});
    }
  });
  program.thread("consumer", [=] {
    consume_one(*world);
    consume_one(*world);
  });
  program.at_end([=] {
    const std::uint64_t written = world->written.load(std::memory_order_relaxed);
    const std::uint64_t read = world->read.load(std::memory_order_relaxed);
    require(written - read <= capacity + 1, "at most one more than the capacity is left");
    std::uint64_t left = 0;
    while (consume_one(*world))
      ++left;
    require(left == written - read, "all that was published and not taken back is received");
  });
}

/// Back pressure: a full ring refuses, nothing is evicted.
void refuse_when_full(Program& program) {
  auto world = std::make_shared<World>(1);
  program.thread("producer", [=] {
    std::uint32_t next_slot = 0;
    for (std::uint32_t number = 1; number <= 3; ++number) {
      world->content[next_slot].write(number);
      if (!world->producer.try_push({next_slot, 0, 1})) continue;
      ++next_slot;
      world->is_sent[number] = true;
    }
  });
  program.thread("consumer", [=] {
    consume_one(*world);
    consume_one(*world);
  });
  program.at_end([=] { check(*world, 3); });
}

/// The producer empties the ring (flush, disconnect) while the consumer takes.
void flush(Program& program) {
  auto world = std::make_shared<World>(3);
  program.thread("producer", [=] {
    produce(*world, 2);
    world->producer.refresh();
    while (world->producer.count() > 0) {
      if (auto evicted = world->producer.evict()) world->is_evicted[evicted->slot + 1] = true;
      require(!world->producer.is_broken(), "a healthy consumer is taken for a sick one");
    }
    world->content[2].write(3);
    world->is_sent[3] = true;
    world->producer.push({2, 0, 1});
  });
  program.thread("consumer", [=] {
    consume_one(*world);
    consume_one(*world);
  });
  program.at_end([=] { check(*world, 3); });
}

}  // namespace

std::vector<Scenario> ring_scenarios() {
  return {{"Capacity1", [](Program& program) { overflow(program, 1, 4, 3); }},
          {"Capacity2", [](Program& program) { overflow(program, 2, 5, 3); }},
          {"Capacity3", [](Program& program) { overflow(program, 3, 5, 2); }},
          {"ProducerDiesCapacity1", [](Program& program) { producer_dies(program, 1); }},
          {"ProducerDiesCapacity2", [](Program& program) { producer_dies(program, 2); }},
          {"RefuseWhenFull", refuse_when_full},
          {"Flush", flush}};
}

}  // namespace dora::interleaving

// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "interleaving/model_atomics.hpp"
#include "interleaving/scenarios.hpp"
#include "shared_memory/doorbell.hpp"
#include "shared_memory/ring.hpp"
#include "shared_memory/space.hpp"

namespace dora::interleaving {
namespace {

using shared_memory::no_deadline;

constexpr std::uint32_t capacity = 1;

/// A queue with back pressure between a sender and a node, both asleep whenever they can be.
struct World {
  /// Without an end to be watched for there are far fewer states.
  bool may_close = false;
  ModelAtomics::Atomic<std::uint64_t> written{0};
  ModelAtomics::Atomic<std::uint64_t> read{0};
  ModelAtomics::Atomic<std::uint32_t> cells[2];
  ModelAtomics::Atomic<std::uint32_t> space_word{0};
  ModelAtomics::Atomic<std::uint32_t> bell_word{0};
  ModelAtomics::Atomic<std::uint32_t> is_closed{0};
  shared_memory::RingPlace<ModelAtomics> place{&written, &read, cells, capacity};
  shared_memory::RingProducer<ModelAtomics> producer{place};
  shared_memory::RingConsumer<ModelAtomics> consumer{place, 8};
  shared_memory::SpaceWord<ModelAtomics> space{space_word};
  shared_memory::Doorbell<ModelAtomics> bell{bell_word};
  Plain<int> content[8];

  /// As SpaceWaiter::has_space.
  bool has_space() {
    if (is_gone()) return true;
    return written.load(std::memory_order_relaxed) - read.load(std::memory_order_relaxed) <
           capacity;
  }
  bool is_gone() { return may_close && is_closed.load(std::memory_order_acquire) != 0; }

  void send(std::uint32_t number) {
    while (producer.is_full() && !is_gone()) {
      space.wait([this] { return has_space(); }, no_deadline);
    }
    if (is_gone()) return;
    content[number].write(1);
    require(producer.try_push({number, 0, 1}), "there was room");
    if (auto wake = bell.ring(1); wake.futex) bell.wake_futex();
  }

  void receive(std::uint32_t count) {
    std::uint32_t next = 1;
    while (next <= count) {
      bell.take();
      while (auto head = consumer.peek()) {
        require(consumer.take(*head), "nothing is evicted");
        require(head->slot == next, "order of sending is kept");
        content[head->slot].read();
        ++next;
        space.announce();
      }
      if (next <= count) bell.wait(no_deadline);
    }
  }
};

void both_sleep(Program& program) {
  auto world = std::make_shared<World>();
  world->send(1);  // the queue is full
  program.thread("sender", [=] { world->send(2); });
  program.thread("node", [=] { world->receive(2); });
}

/// The consumer dies; the daemon says so.
void consumer_dies(Program& program) {
  auto world = std::make_shared<World>();
  world->may_close = true;
  program.thread("sender", [=] {
    for (std::uint32_t number = 1; number <= 3; ++number)
      world->send(number);
  });
  program.mortal_thread("node", [=] {
    if (auto head = world->consumer.peek()) {
      world->consumer.take(*head);
      world->space.announce();
    }
  });
  program.thread("daemon", [=] {
    world->is_closed.store(1, std::memory_order_release);
    world->space.interrupt();
  });
}

/// Two threads of the sender wait; the daemon interrupts them.
void interrupted(Program& program) {
  auto world = std::make_shared<World>();
  auto must_look = std::make_shared<ModelAtomics::Atomic<std::uint32_t>>(0);
  const auto wait = [=] {
    while (must_look->load(std::memory_order_relaxed) == 0) {
      world->space.wait([=] { return must_look->load(std::memory_order_relaxed) != 0; },
                        no_deadline);
    }
  };
  program.thread("sender 1", wait);
  program.thread("sender 2", wait);
  program.thread("daemon", [=] {
    must_look->store(1, std::memory_order_relaxed);
    world->space.interrupt();
  });
}

}  // namespace

std::vector<Scenario> space_scenarios() {
  return {{"BothSleep", both_sleep}, {"ConsumerDies", consumer_dies}, {"Interrupted", interrupted}};
}

}  // namespace dora::interleaving

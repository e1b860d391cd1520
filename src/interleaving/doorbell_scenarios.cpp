// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "interleaving/model_atomics.hpp"
#include "interleaving/scenarios.hpp"
#include "shared_memory/doorbell.hpp"

namespace dora::interleaving {
namespace {

using shared_memory::bell_control;
using shared_memory::no_deadline;
using shared_memory::WaitResult;
using shared_memory::Wake;
using Bell = shared_memory::Doorbell<ModelAtomics>;

/// A doorbell with what lies behind each bit.
struct World {
  ModelAtomics::Atomic<std::uint32_t> word{0};
  Bell bell{word};
  ModelEvent event;
  Plain<int> mail[3];
  Plain<int> control_mail;

  void ring(std::uint32_t bits) { wake(bell.ring(bits)); }
  void wake(Wake wake) {
    if (wake.futex) bell.wake_futex();
    if (wake.event_fd) event.signal();
  }
  /// Reads the mail of every bit that is set, and expects it to be there.
  std::uint32_t take() { return read_mail(bell.take()); }
  std::uint32_t read_mail(std::uint32_t bits) {
    for (std::uint32_t i = 0; i < 3; ++i) {
      if ((bits & (1U << i)) != 0) require(mail[i].read() != 0, "mail before its ring");
    }
    if ((bits & bell_control) != 0) require(control_mail.read() != 0, "mail before its ring");
    return bits;
  }
};

void send(World& world, std::uint32_t number) {
  world.mail[number].write(1);
  world.ring(1U << number);
}

/// Sleeps until all of `wanted` came, as a node does.
void receive(World& world, std::uint32_t wanted) {
  std::uint32_t seen = 0;
  for (;;) {
    seen |= world.take();
    if ((seen & wanted) == wanted) return;
    require(world.bell.wait(no_deadline) == WaitResult::Woken, "only a ring ends an endless wait");
  }
}

/// The same with `latency: busy`: takes what the doorbell says only before it waits.
void receive_busily(World& world, std::uint32_t wanted) {
  std::uint32_t seen = 0;
  for (;;) {
    seen |= world.read_mail(world.bell.glance());
    if ((seen & wanted) == wanted) return;
    seen |= world.take();
    if ((seen & wanted) == wanted) return;
    world.bell.wait(no_deadline);
  }
}

void one_ringer(Program& program) {
  auto world = std::make_shared<World>();
  program.thread("ringer", [=] {
    send(*world, 0);
    send(*world, 1);
  });
  program.thread("node", [=] { receive(*world, 3); });
}

void two_ringers(Program& program) {
  auto world = std::make_shared<World>();
  program.thread("ringer 0", [=] { send(*world, 0); });
  program.thread("ringer 1", [=] { send(*world, 1); });
  program.thread("node", [=] { receive(*world, 3); });
}

void ringers_and_control(Program& program) {
  auto world = std::make_shared<World>();
  program.thread("ringer", [=] { send(*world, 0); });
  program.thread("daemon", [=] {
    world->control_mail.write(1);
    world->ring(bell_control);
  });
  program.thread("node", [=] { receive(*world, 1 | bell_control); });
}

/// Messages behind one and the same bit: those of a ringer that found it set must not be missed.
struct Mailbox {
  ModelAtomics::Atomic<std::uint32_t> word{0};
  Bell bell{word};
  ModelAtomics::Atomic<std::uint32_t> written[2]{};
  Plain<int> mail[2][3];

  void send(std::uint32_t ringer, std::uint32_t count) {
    for (std::uint32_t number = 0; number < count; ++number) {
      mail[ringer][number].write(1);
      written[ringer].store(number + 1, std::memory_order_release);
      if (bell.ring(1).futex) bell.wake_futex();
    }
  }
  /// How many have come.
  std::uint32_t look() {
    std::uint32_t found = 0;
    for (std::uint32_t ringer = 0; ringer < 2; ++ringer) {
      const std::uint32_t count = written[ringer].load(std::memory_order_acquire);
      for (std::uint32_t number = 0; number < count; ++number)
        require(mail[ringer][number].read() != 0, "mail before its number");
      found += count;
    }
    return found;
  }
  /// As a node does: leaves the bits while it finds something.
  void receive(std::uint32_t wanted) {
    std::uint32_t seen = 0;
    while (seen < wanted) {
      std::uint32_t found = bell.glance() == 0 ? seen : look();
      if (found == seen) {
        bell.take();
        found = look();
      }
      if (found == seen) bell.wait(no_deadline);
      seen = found;
    }
  }
};

void one_bit(Program& program) {
  auto box = std::make_shared<Mailbox>();
  program.thread("ringer", [=] { box->send(0, 3); });
  program.thread("node", [=] { box->receive(3); });
}

void one_bit_of_two_ringers(Program& program) {
  auto box = std::make_shared<Mailbox>();
  program.thread("ringer 0", [=] { box->send(0, 1); });
  program.thread("ringer 1", [=] { box->send(1, 1); });
  program.thread("node", [=] { box->receive(2); });
}

void two_ringers_and_a_busy_node(Program& program) {
  auto world = std::make_shared<World>();
  program.thread("ringer 0", [=] { send(*world, 0); });
  program.thread("ringer 1", [=] { send(*world, 1); });
  program.thread("node", [=] { receive_busily(*world, 3); });
}

/// An event loop: arm, wait for the descriptor, disarm, take.
void loop_until(World& world, std::uint32_t wanted) {
  std::uint32_t seen = 0;
  for (;;) {
    seen |= world.take();
    if ((seen & wanted) == wanted) return;
    if (!world.bell.arm()) continue;
    world.event.wait();
    world.bell.disarm();
    world.event.drain();
  }
}

void event_loop(Program& program) {
  auto world = std::make_shared<World>();
  program.thread("ringer 0", [=] { send(*world, 0); });
  program.thread("ringer 1", [=] { send(*world, 1); });
  program.thread("event loop", [=] { loop_until(*world, 3); });
}

/// A thread in the futex and an event loop at the same time: one ring reaches both.
void futex_and_event_loop(Program& program) {
  auto world = std::make_shared<World>();
  for (const std::uint32_t number : {0, 1}) {
    program.thread(number == 0 ? "ringer 0" : "ringer 1", [=] { send(*world, number); });
  }
  program.thread("node", [=] { world->bell.wait(no_deadline); });
  program.thread("event loop", [=] {
    if (!world->bell.arm()) return;
    world->event.wait();
    world->bell.disarm();
    world->event.drain();
  });
  program.at_end([=] {
    require(world->word.load(std::memory_order_relaxed) == 3, "nobody is parked any more");
    require(world->take() == 3, "nothing was taken");
  });
}

/// Another thread takes bits away between a ring and the waking of the sleeper.
void taken_by_another(Program& program) {
  auto world = std::make_shared<World>();
  program.thread("ringer", [=] { send(*world, 0); });
  program.thread("daemon", [=] {
    world->control_mail.write(1);
    world->ring(bell_control);
  });
  program.thread("thief", [=] {
    const std::uint32_t bits = world->take();
    if ((bits & bell_control) != 0) world->ring(bell_control);
  });
  program.thread("node", [=] { receive(*world, bell_control); });
}

/// The deadline passes at any moment; afterwards nobody wakes a thread that does not sleep, and a
/// ring that came is not forgotten.
void deadline(Program& program) {
  auto world = std::make_shared<World>();
  program.thread("ringer", [=] { send(*world, 0); });
  program.thread("node", [=] {
    world->bell.wait(1);
    const std::uint32_t bits = world->take();
    require((world->word.load(std::memory_order_relaxed) & shared_memory::bell_parked) == 0,
            "parked while awake");
    if (bits == 0) receive(*world, 1);
  });
}

/// A ringer dies between its ring and its wake; the daemon notices and rings on its behalf.
void death_of_a_ringer(Program& program) {
  auto world = std::make_shared<World>();
  program.mortal_thread("ringer", [=] {
    send(*world, 0);
    send(*world, 1);
  });
  program.thread("daemon", [=] {
    world->control_mail.write(1);
    world->wake(world->bell.ring_insistently(bell_control));
  });
  program.thread("node", [=] { receive(*world, bell_control); });
}

}  // namespace

std::vector<Scenario> doorbell_scenarios() {
  return {{"OneRinger", one_ringer},
          {"TwoRingers", two_ringers},
          {"TwoRingersAndABusyNode", two_ringers_and_a_busy_node},
          {"OneBit", one_bit},
          {"OneBitOfTwoRingers", one_bit_of_two_ringers},
          {"RingersAndControl", ringers_and_control},
          {"EventLoop", event_loop},
          {"FutexAndEventLoop", futex_and_event_loop},
          {"TakenByAnother", taken_by_another},
          {"Deadline", deadline},
          {"DeathOfARinger", death_of_a_ringer}};
}

}  // namespace dora::interleaving

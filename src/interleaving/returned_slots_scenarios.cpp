// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <bit>
#include <memory>

#include "interleaving/model_atomics.hpp"
#include "interleaving/scenarios.hpp"
#include "shared_memory/returned_slots.hpp"

namespace dora::interleaving {
namespace {

using Returned = shared_memory::ReturnedSlots<ModelAtomics>;

constexpr std::uint32_t slots = 66;  // two words

struct World {
  ModelAtomics::Atomic<std::uint64_t> summary{0};
  ModelAtomics::Atomic<std::uint64_t> words[2];
  Returned returned{summary, words, slots};
  std::array<Plain<int>, slots> content;
  /// The producer's record, as EdgeProducer keeps it.
  std::array<std::uint64_t, 2> lent{};
  std::array<int, slots> came_back{};

  void lend(std::uint32_t slot) { lent[slot / 64] |= std::uint64_t{1} << (slot % 64); }

  void take_back(std::uint32_t word, std::uint64_t bits) {
    bits &= lent[word];
    lent[word] &= ~bits;
    for (; bits != 0; bits &= bits - 1) {
      const auto slot = word * 64 + static_cast<std::uint32_t>(std::countr_zero(bits));
      ++came_back[slot];
      content[slot].write(2);  // reuse: nobody may be reading any more
    }
  }
  void collect() {
    returned.collect([this](std::uint32_t word, std::uint64_t bits) { take_back(word, bits); });
  }
  void sweep() {
    returned.sweep([this](std::uint32_t word, std::uint64_t bits) { take_back(word, bits); });
  }
  void use_and_return(std::uint32_t slot) {
    content[slot].read();
    returned.give_back(slot);
  }
};

std::shared_ptr<World> lend_some() {
  auto world = std::make_shared<World>();
  for (const std::uint32_t slot : {3U, 5U, 65U})
    world->lend(slot);
  return world;
}

void expect_all_back(World& world) {
  // Without a sweep: once every return is complete, the summary must tell of all of them.
  world.collect();
  for (const std::uint32_t slot : {3U, 5U, 65U}) {
    require(world.came_back[slot] == 1, "each slot comes back exactly once");
  }
}

void threads_return(Program& program) {
  auto world = lend_some();
  program.thread("producer", [=] {
    world->collect();
    world->collect();
  });
  program.thread("reader 1", [=] { world->use_and_return(3); });
  program.thread("reader 2", [=] {
    world->use_and_return(5);
    world->use_and_return(65);
  });
  program.at_end([=] { expect_all_back(*world); });
}

void sweeping(Program& program) {
  auto world = lend_some();
  program.thread("producer", [=] {
    world->sweep();
    world->collect();
  });
  program.thread("reader 1", [=] { world->use_and_return(3); });
  program.thread("reader 2", [=] {
    world->use_and_return(5);
    world->use_and_return(65);
  });
  program.at_end([=] { expect_all_back(*world); });
}

/// A slot that came back is lent again, and must come back again.
void lent_again(Program& program) {
  auto world = std::make_shared<World>();
  auto offered = std::make_shared<ModelAtomics::Atomic<std::uint32_t>>(0);
  world->lend(3);
  program.thread("producer", [=] {
    world->collect();
    if (world->came_back[3] != 1) return;
    world->lend(3);
    offered->store(1, std::memory_order_release);
    world->collect();
  });
  program.thread("reader 1", [=] { world->use_and_return(3); });
  program.thread("reader 2", [=] {
    if (offered->load(std::memory_order_acquire) == 1) world->use_and_return(3);
  });
  program.at_end([=] {
    const bool was_returned_twice = offered->load(std::memory_order_relaxed) == 1;
    const int before = world->came_back[3];
    world->collect();
    // Whether reader 2 saw the offer is not known here; the producer never gets more than it lent.
    require(world->came_back[3] >= before && world->came_back[3] <= (was_returned_twice ? 2 : 1),
            "never more returns than loans");
  });
}

/// A sick consumer: double returns, slots that were never lent, bits beyond the table, a summary
/// full of nonsense. The record of the producer decides.
void garbage(Program& program) {
  auto world = lend_some();
  program.thread("producer", [=] {
    world->collect();
    world->sweep();
  });
  program.thread("sick", [=] {
    world->words[1].store(~std::uint64_t{0} << 2, std::memory_order_relaxed);
    world->summary.store(~std::uint64_t{0}, std::memory_order_relaxed);
    world->returned.give_back(3);
    world->returned.give_back(3);
    world->returned.give_back(7);
  });
  program.at_end([=] {
    world->sweep();
    for (std::uint32_t slot = 0; slot < slots; ++slot) {
      require(world->came_back[slot] <= (slot == 3 || slot == 5 || slot == 65 ? 1 : 0),
              "only what is lent comes back, and only once");
    }
    require(world->came_back[3] == 1, "garbage does not hide a return");
  });
}

}  // namespace

std::vector<Scenario> returned_slots_scenarios() {
  return {{"ThreadsReturn", threads_return},
          {"Sweeping", sweeping},
          {"LentAgain", lent_again},
          {"Garbage", garbage}};
}

}  // namespace dora::interleaving

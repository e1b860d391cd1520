// SPDX-License-Identifier: Apache-2.0
// The explorer must find what is known to be possible, and nothing else: the usual litmus tests.
#include "interleaving/explorer.hpp"

#include <set>

#include <gtest/gtest.h>

#include "interleaving/fiber.hpp"
#include "interleaving/model_atomics.hpp"
#include "interleaving/scenarios.hpp"

namespace dora::interleaving {
namespace {

using Atomic = ModelAtomics::Atomic<std::uint32_t>;
constexpr auto relaxed = std::memory_order_relaxed;
constexpr auto acquire = std::memory_order_acquire;
constexpr auto release = std::memory_order_release;

/// Message passing: all results (flag, data) a reader can see.
std::set<std::pair<unsigned, unsigned>> message_passing(std::memory_order store_order,
                                                        std::memory_order load_order) {
  std::set<std::pair<unsigned, unsigned>> results;
  const Outcome outcome = explore([&](Program& program) {
    auto data = std::make_shared<Atomic>(0);
    auto flag = std::make_shared<Atomic>(0);
    auto seen = std::make_shared<std::pair<unsigned, unsigned>>();
    program.thread("writer", [=] {
      data->store(1, relaxed);
      flag->store(1, store_order);
    });
    program.thread("reader", [=] {
      seen->first = flag->load(load_order);
      seen->second = data->load(relaxed);
    });
    program.at_end([=, &results] { results.insert(*seen); });
  });
  EXPECT_FALSE(outcome.failure);
  return results;
}

TEST(Explorer, KnowsThatReleaseAndAcquireMakeAPair) {
  EXPECT_EQ(message_passing(release, acquire),
            (std::set<std::pair<unsigned, unsigned>>{{0, 0}, {0, 1}, {1, 1}}));
  EXPECT_TRUE(message_passing(relaxed, acquire).contains({1, 0}));
  EXPECT_TRUE(message_passing(release, relaxed).contains({1, 0}));
}

TEST(Explorer, FindsBothThreadsReadingTheOldValue) {
  // Store buffering: allowed even with release and acquire.
  bool is_found = false;
  explore([&](Program& program) {
    auto x = std::make_shared<Atomic>(0);
    auto y = std::make_shared<Atomic>(0);
    auto seen = std::make_shared<std::pair<unsigned, unsigned>>();
    program.thread("a", [=] {
      x->store(1, release);
      seen->first = y->load(acquire);
    });
    program.thread("b", [=] {
      y->store(1, release);
      seen->second = x->load(acquire);
    });
    program.at_end([=, &is_found] { is_found |= seen->first == 0 && seen->second == 0; });
  });
  EXPECT_TRUE(is_found);
}

TEST(Explorer, FindsTwoReadersThatDisagreeAboutTwoWriters) {
  bool is_found = false;
  explore([&](Program& program) {
    auto x = std::make_shared<Atomic>(0);
    auto y = std::make_shared<Atomic>(0);
    auto seen = std::make_shared<std::array<unsigned, 4>>();
    program.thread("x", [=] { x->store(1, release); });
    program.thread("y", [=] { y->store(1, release); });
    program.thread("xy", [=] {
      (*seen)[0] = x->load(acquire);
      (*seen)[1] = y->load(acquire);
    });
    program.thread("yx", [=] {
      (*seen)[2] = y->load(acquire);
      (*seen)[3] = x->load(acquire);
    });
    program.at_end([=, &is_found] { is_found |= *seen == std::array<unsigned, 4>{1, 0, 1, 0}; });
  });
  EXPECT_TRUE(is_found);
}

TEST(Explorer, NeverLetsOneLocationRunBackwards) {
  const Outcome outcome = explore([](Program& program) {
    auto x = std::make_shared<Atomic>(0);
    program.thread("writer", [=] {
      x->store(1, relaxed);
      x->store(2, relaxed);
    });
    program.thread("reader", [=] {
      const unsigned first = x->load(relaxed);
      require(x->load(relaxed) >= first, "coherence");
    });
  });
  EXPECT_FALSE(outcome.failure);
}

TEST(Explorer, NeverLosesAReadModifyWrite) {
  const Outcome outcome = explore([](Program& program) {
    auto x = std::make_shared<Atomic>(0);
    for (const char* name : {"a", "b", "c"})
      program.thread(name, [=] { x->fetch_add(1, relaxed); });
    program.at_end([=] { require(x->load(relaxed) == 3, "three additions"); });
  });
  EXPECT_FALSE(outcome.failure);
}

TEST(Explorer, KeepsReleaseSequencesThroughReadModifyWrites) {
  const Outcome outcome = explore([](Program& program) {
    auto data = std::make_shared<Plain<int>>();
    auto flag = std::make_shared<Atomic>(0);
    program.thread("writer", [=] {
      data->write(1);
      flag->fetch_or(1, release);
    });
    program.thread("other", [=] { flag->fetch_or(2, relaxed); });
    program.thread("reader", [=] {
      if ((flag->load(acquire) & 1) != 0) data->read();
    });
  });
  EXPECT_FALSE(outcome.failure) << *outcome.failure << "\n" << outcome.trace;
}

TEST(Explorer, FindsARaceOnPlainData) {
  const auto race = [](std::memory_order order) {
    return explore([order](Program& program) {
      auto data = std::make_shared<Plain<int>>();
      auto flag = std::make_shared<Atomic>(0);
      program.thread("writer", [=] {
        data->write(1);
        flag->store(1, order);
      });
      program.thread("reader", [=] {
        if (flag->load(acquire) == 1) data->read();
      });
    });
  };
  EXPECT_FALSE(race(release).failure);
  ASSERT_TRUE(race(relaxed).failure);
  EXPECT_NE(race(relaxed).failure->find("race"), std::string::npos);
}

TEST(Explorer, FindsALostWakeUpAndTellsHowItCame) {
  // Look first, then sleep, with the flag and the word to sleep on apart.
  const Outcome outcome = explore([](Program& program) {
    auto flag = std::make_shared<Atomic>(0);
    auto word = std::make_shared<Atomic>(0);
    program.thread("ringer", [=] {
      flag->store(1, release);
      if (word->load(acquire) == 1) ModelAtomics::wake(*word, 1);
    });
    program.thread("sleeper", [=] {
      while (flag->load(acquire) == 0) {
        word->store(1, release);
        ModelAtomics::wait(*word, 1, shared_memory::no_deadline);
      }
    });
  });
  ASSERT_TRUE(outcome.failure);
  EXPECT_NE(outcome.failure->find("sleeps"), std::string::npos);
  EXPECT_NE(outcome.trace.find("sleeper sleeps"), std::string::npos);
}

TEST(Explorer, KillsAMortalThreadBeforeEveryStep) {
  std::set<unsigned> last;
  explore([&](Program& program) {
    auto x = std::make_shared<Atomic>(0);
    program.mortal_thread("writer", [=] {
      for (unsigned i = 1; i <= 3; ++i)
        x->store(i, relaxed);
    });
    program.at_end([=, &last] { last.insert(x->load(relaxed)); });
  });
  EXPECT_EQ(last, (std::set<unsigned>{0, 1, 2, 3}));
}

class EveryInterleaving : public testing::TestWithParam<Scenario> {};

TEST_P(EveryInterleaving, Holds) {
  // The explorer is one thread: there is nothing for ThreadSanitizer to find.
  if (fibers_are_slow) GTEST_SKIP() << "takes too long under ThreadSanitizer";
  const Outcome outcome = explore(GetParam().build);
  EXPECT_FALSE(outcome.failure) << *outcome.failure << "\n" << outcome.trace;
}

INSTANTIATE_TEST_SUITE_P(SharedMemory, EveryInterleaving, testing::ValuesIn(all_scenarios()),
                         [](const auto& param) { return param.param.name; });

}  // namespace
}  // namespace dora::interleaving

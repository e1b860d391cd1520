// SPDX-License-Identifier: Apache-2.0
// Damages every step of the lock-free code, one at a time: takes its acquire or its release away,
// tears its read-modify-write apart, leaves its effect out. Each time at least one scenario must
// fail. So no memory ordering in there is without a reason, and none is untested.
#include <algorithm>
#include <map>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "interleaving/fiber.hpp"
#include "interleaving/scenarios.hpp"

namespace dora::interleaving {
namespace {

std::string describe(const Mutation& mutation) {
  return fmt::format("{}:{} {} {}: {}", mutation.site.file, mutation.site.line,
                     mutation.site.function, mutation.site.operation, to_string(mutation.damage));
}

/// Damages that do no harm, each with its reason.
struct Harmless {
  const char* function;
  const char* operation;
  Damage damage;
  const char* reason;
};
constexpr Harmless harmless[] = {
    {"collect", "exchange", Damage::Skipped,
     "a summary that stays set only costs time: its words are looked at again"},
    {"interrupt", "fetch_add", Damage::Torn,
     "interrupt() wakes in any case; what it may undo there is only the hint WAITING"},
    {"write", "store", Damage::Skipped,
     "the time of sending decides nothing here; of the number this is caught elsewhere"},
    {"wake", "fetch_and", Damage::Skipped,
     "WAITING that stays set only costs time: the next announcement wakes nobody"},
};

bool is_harmless(const Mutation& mutation) {
  return std::ranges::any_of(harmless, [&](const Harmless& entry) {
    return mutation.site.function == entry.function && mutation.damage == entry.damage &&
           mutation.site.operation == entry.operation;
  });
}

TEST(Mutations, AreAllCaught) {
  // The explorer is one thread: there is nothing for ThreadSanitizer to find.
  if (fibers_are_slow) GTEST_SKIP() << "takes too long under ThreadSanitizer";
  // Which scenarios meet which step, cheapest first.
  std::map<Mutation, std::multimap<std::uint64_t, Scenario>> meeting;
  for (const Scenario& scenario : all_scenarios()) {
    const Outcome outcome = explore(scenario.build);
    ASSERT_FALSE(outcome.failure) << scenario.name;
    for (const Mutation& mutation : outcome.possible_mutations) {
      meeting[mutation].emplace(outcome.states, scenario);
    }
  }
  EXPECT_GT(meeting.size(), 40U);
  for (const auto& [mutation, scenarios] : meeting) {
    if (is_harmless(mutation)) continue;
    const bool is_caught = std::ranges::any_of(scenarios, [&](const auto& entry) {
      return explore(entry.second.build, {.mutation = mutation}).failure.has_value();
    });
    EXPECT_TRUE(is_caught) << describe(mutation);
  }
}

}  // namespace
}  // namespace dora::interleaving

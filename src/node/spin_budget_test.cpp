// SPDX-License-Identifier: Apache-2.0
#include "node/spin_budget.hpp"

#include <gtest/gtest.h>

namespace dora::node {
namespace {

constexpr std::int64_t brief = 3'000;
constexpr std::int64_t lengthy = 200'000;

TEST(SpinBudget, SpinsOnlyAfterSeveralShortWaits) {
  SpinBudget budget(true);
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(budget.next_ns(), 0);
    budget.on_rung(brief);
  }
  EXPECT_EQ(budget.next_ns(), SpinBudget::longest_ns);
}

TEST(SpinBudget, StopsAfterTwoLongWaitsHoweverLongItWentWell) {
  SpinBudget budget(true);
  for (int i = 0; i < 1000; ++i)
    budget.on_rung(brief);
  budget.on_rung(lengthy);
  EXPECT_EQ(budget.next_ns(), SpinBudget::longest_ns);
  budget.on_rung(lengthy);
  EXPECT_EQ(budget.next_ns(), 0);
}

TEST(SpinBudget, NeverSpinsAtASteadyPaceOfLongWaits) {
  SpinBudget budget(true);
  for (int i = 0; i < 100; ++i) {
    budget.on_rung(lengthy);
    EXPECT_EQ(budget.next_ns(), 0);
  }
}

TEST(SpinBudget, NeverSpinsWhereItIsNotAllowed) {
  SpinBudget budget(false);
  for (int i = 0; i < 100; ++i)
    budget.on_rung(brief);
  EXPECT_EQ(budget.next_ns(), 0);
}

TEST(SpinBudget, NeedsMoreThanTwoProcessorsAndAllOfThem) {
  EXPECT_FALSE(may_spin(1, 1));
  EXPECT_FALSE(may_spin(2, 2));
  EXPECT_TRUE(may_spin(3, 3));
  EXPECT_FALSE(may_spin(3, 8)) << "confined to some of them";
}

}  // namespace
}  // namespace dora::node

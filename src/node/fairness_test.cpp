// SPDX-License-Identifier: Apache-2.0
#include "node/fairness.hpp"

#include <gtest/gtest.h>

namespace dora::node {
namespace {

TEST(Fairness, ServesWhatWasSentFirst) {
  Fairness fairness;
  fairness.begin();
  EXPECT_FALSE(fairness.choose());
  fairness.begin();
  fairness.offer(0, 30);
  fairness.offer(1, 10);
  fairness.offer(2, 20);
  EXPECT_EQ(fairness.choose(), 1);
}

TEST(Fairness, LetsOthersInAfterALongRow) {
  Fairness fairness;
  // Input 0 always has older messages than input 1.
  for (int i = 0; i < Fairness::longest_row; ++i) {
    fairness.begin();
    fairness.offer(0, i);
    fairness.offer(1, 1000);
    EXPECT_EQ(fairness.choose(), 0);
  }
  fairness.begin();
  fairness.offer(0, 50);
  fairness.offer(1, 1000);
  EXPECT_EQ(fairness.choose(), 1);
  fairness.begin();
  fairness.offer(0, 51);
  fairness.offer(1, 1001);
  EXPECT_EQ(fairness.choose(), 0);
}

TEST(Fairness, KeepsServingTheOnlyInputThatHasMessages) {
  Fairness fairness;
  for (int i = 0; i < 3 * Fairness::longest_row; ++i) {
    fairness.begin();
    fairness.offer(0, i);
    EXPECT_EQ(fairness.choose(), 0);
  }
}

}  // namespace
}  // namespace dora::node

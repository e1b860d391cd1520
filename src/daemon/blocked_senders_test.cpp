// SPDX-License-Identifier: Apache-2.0
#include "daemon/blocked_senders.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dora::daemon {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// `node` waits for `consumer`; the number of the edge tells them apart.
BlockedSender waits(const char* node, const char* consumer, std::uint64_t edge) {
  return {.node = node,
          .output = "out",
          .consumer = consumer,
          .input = "in",
          .edge = edge,
          .since_ns = 1};
}

std::vector<std::uint64_t> edges_of(const std::vector<BlockedSender>& circle) {
  std::vector<std::uint64_t> edges;
  for (const BlockedSender& sender : circle)
    edges.push_back(sender.edge);
  return edges;
}

TEST(BlockedCircle, IsFoundFromEachOfItsEdges) {
  const std::vector<BlockedSender> senders{waits("a", "b", 1), waits("b", "c", 2),
                                           waits("c", "a", 3), waits("d", "a", 4)};
  EXPECT_THAT(edges_of(blocked_circle(senders, 1)), ElementsAre(1, 2, 3));
  EXPECT_THAT(edges_of(blocked_circle(senders, 3)), ElementsAre(3, 1, 2));
  EXPECT_THAT(blocked_circle(senders, 4), IsEmpty()) << "it waits for a circle, but is not in it";
  EXPECT_THAT(blocked_circle(senders, 9), IsEmpty()) << "an edge on which nobody waits any more";
}

TEST(BlockedCircle, GoesRoundDeadEnds) {
  // Two threads of b wait; one of them for a node that goes on.
  const std::vector<BlockedSender> senders{waits("a", "b", 1), waits("b", "x", 2),
                                           waits("b", "a", 3), waits("x", "y", 4)};
  EXPECT_THAT(edges_of(blocked_circle(senders, 1)), ElementsAre(1, 3));
}

TEST(BlockedCircle, MayBeOneNode) {
  const auto circle = blocked_circle({waits("a", "a", 1)}, 1);
  EXPECT_THAT(edges_of(circle), ElementsAre(1));
  EXPECT_THAT(circle_text(circle), HasSubstr("`a` waits for itself"));
}

TEST(BlockedCircle, IsToldWithItsNodesAndTheWayOut) {
  const std::string text = circle_text(blocked_circle({waits("a", "b", 1), waits("b", "a", 2)}, 1));
  EXPECT_THAT(text, HasSubstr("2 nodes wait for each other"));
  EXPECT_THAT(text, HasSubstr("`a` (output `out`) is blocked on: b/in"));
  EXPECT_THAT(text, HasSubstr("`b` (output `out`) is blocked on: a/in"));
  EXPECT_THAT(text, HasSubstr("queue_size"));
}

}  // namespace
}  // namespace dora::daemon

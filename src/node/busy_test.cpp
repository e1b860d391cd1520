// SPDX-License-Identifier: Apache-2.0
// Nodes with `latency: busy`: they poll their queues, and whatever ends a wait ends that.
#include <atomic>
#include <map>
#include <thread>

#include <gtest/gtest.h>

#include "node/fake_daemon.hpp"
#include "node/node.hpp"

namespace dora::node {
namespace {

constexpr std::uint32_t queue_size = 100'000;

/// A busy node "b" with inputs from "a" and "c".
class Busy : public testing::Test {
 protected:
  void SetUp() override {
    daemon.add_node("a", {.outputs = {"out"}});
    daemon.add_node("c", {.outputs = {"out"}});
    daemon.add_node("b", {.inputs = {"from-a", "from-c"}, .busy = true});
    const shared_memory::EdgeOptions options{shared_memory::EdgeOptions::Queue::Exact, queue_size};
    daemon.connect("a", "out", "b", "from-a", options);
    daemon.connect("c", "out", "b", "from-c", options);
    a = daemon.join("a");
    c = daemon.join("c");
    b = daemon.join("b");
  }

  static void send(Node& node) {
    const auto output = node.outbox().find("out").value();
    ASSERT_TRUE(node.outbox().send(output, Payload::bytes("x", 1), nullptr));
  }
  /// What comes next at "b", once signals have been looked for as often as it asks.
  Node::Outcome next(std::int64_t timeout_ns = -1) {
    for (;;) {
      Event* event = nullptr;
      const Node::Outcome outcome = b->next(timeout_ns, &event, seen_nudges);
      if (event != nullptr) {
        last_type = event->type();
        last_input = event->id();
        last_sequence = event->head().sequence;
        event->release();
      }
      if (outcome != Node::Outcome::Interrupted) return outcome;
    }
  }
  /// From here on it polls.
  void begin_to_poll() {
    send(*a);
    ASSERT_EQ(next(), Node::Outcome::Event);
  }

  FakeDaemon daemon;
  std::unique_ptr<Node> a, b, c;
  std::uint32_t seen_nudges = 0;
  dora_event_type last_type{};
  std::string last_input;
  std::uint64_t last_sequence = 0;
};

TEST_F(Busy, GetsEveryMessageOfTwoSenders) {
  constexpr std::uint64_t count = 20'000;
  const auto send_all = [](Node& node) {
    for (std::uint64_t i = 0; i < count; ++i)
      send(node);
  };
  std::thread from_a(send_all, std::ref(*a));
  std::thread from_c(send_all, std::ref(*c));
  std::map<std::string, std::uint64_t> seen;
  for (std::uint64_t i = 0; i < 2 * count; ++i) {
    ASSERT_EQ(next(), Node::Outcome::Event);
    ASSERT_EQ(last_sequence, ++seen[last_input]);
  }
  from_a.join();
  from_c.join();
}

TEST_F(Busy, SeesTheFirstMessageOfAnotherInput) {
  begin_to_poll();
  std::thread other([this] { send(*c); });
  EXPECT_EQ(next(), Node::Outcome::Event);
  EXPECT_EQ(last_input, "from-c");
  other.join();
}

TEST_F(Busy, PollsNoLongerThanAsked) {
  begin_to_poll();
  EXPECT_EQ(next(0), Node::Outcome::TimedOut);
  EXPECT_EQ(next(1'000'000), Node::Outcome::TimedOut);
}

TEST_F(Busy, FollowsOrdersWhileItPolls) {
  begin_to_poll();
  std::thread other([this] { daemon.order("b", message::Stop{}); });
  EXPECT_EQ(next(), Node::Outcome::Event);
  EXPECT_EQ(last_type, DORA_EVENT_STOP);
  other.join();
}

TEST_F(Busy, IsNudgedWhileItPolls) {
  begin_to_poll();
  seen_nudges = b->nudges();
  std::thread other([this] { b->nudge(); });
  EXPECT_EQ(next(), Node::Outcome::Nudged);
  other.join();
}

TEST_F(Busy, TwoThreadsShareThePolling) {
  begin_to_poll();
  std::atomic<int> taken{0};
  const auto take = [&] {
    Event* event = nullptr;
    Node::Outcome outcome;
    do {
      outcome = b->next(-1, &event);
    } while (outcome == Node::Outcome::Interrupted);
    if (event != nullptr) event->release();
    taken += outcome == Node::Outcome::Event ? 1 : 0;
  };
  std::thread first(take);
  std::thread second(take);
  send(*a);
  send(*c);
  first.join();
  second.join();
  EXPECT_EQ(taken, 2);
}

}  // namespace
}  // namespace dora::node

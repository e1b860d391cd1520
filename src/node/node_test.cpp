// SPDX-License-Identifier: Apache-2.0
// Whole nodes over real shared memory, in one process: what they send is what they receive.
#include "node/node.hpp"

#include <atomic>
#include <cstring>
#include <numeric>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <poll.h>

#include "array/decoder.hpp"
#include "array/primitive.hpp"
#include "node/fake_daemon.hpp"
#include "node/patience.hpp"

namespace dora::node {
namespace {

struct EventDeleter {
  void operator()(Event* event) const { event->release(); }
};
using EventPointer = std::unique_ptr<Event, EventDeleter>;

/// The next event; null at the end of the stream. Waits as long as the test may run.
EventPointer next(Node& node) {
  Event* event = nullptr;
  Node::Outcome outcome = node.next(-1, &event);
  EXPECT_TRUE(outcome == Node::Outcome::Event || outcome == Node::Outcome::Ended);
  return EventPointer(event);
}

std::vector<std::uint8_t> bytes_of(const Event& event) {
  auto view = array::primitive_view(event.parts().type->type, event.parts().body);
  if (!view) return {};
  const auto* data = static_cast<const std::uint8_t*>(view->data);
  return {data, data + view->length};
}

/// One producer "a" with output "out", one consumer "b" with input "in".
class Pair : public testing::Test {
 protected:
  void join(shared_memory::EdgeOptions options = {}) {
    daemon.add_node("a", {.outputs = {"out"}});
    daemon.add_node("b", {.inputs = {"in"}});
    edge = daemon.connect("a", "out", "b", "in", options);
    a = daemon.join("a");
    b = daemon.join("b");
    out = a->outbox().find("out").value();
  }
  void send(const std::vector<std::uint8_t>& data,
            const message::MetadataWriter* metadata = nullptr) {
    a->follow_orders();
    auto sent = a->outbox().send(out, Payload::bytes(data.data(), data.size()), metadata);
    ASSERT_TRUE(sent) << sent.error().message;
  }

  FakeDaemon daemon;
  std::uint64_t edge = 0;
  std::unique_ptr<Node> a, b;
  std::uint32_t out = 0;
};

TEST_F(Pair, ReceivesWhatWasSentOfEverySize) {
  join();
  for (std::size_t size : {0, 1, 100, 192, 193, 1000, 5000, 70'000, 3'000'000}) {
    std::vector<std::uint8_t> data(size);
    std::iota(data.begin(), data.end(), static_cast<std::uint8_t>(size));
    send(data);
    auto event = next(*b);
    ASSERT_TRUE(event);
    EXPECT_EQ(event->type(), DORA_EVENT_INPUT);
    EXPECT_EQ(event->id(), "in");
    EXPECT_EQ(bytes_of(*event), data) << size;
  }
}

TEST_F(Pair, CarriesMetadataSequenceAndTime) {
  join();
  message::MetadataWriter metadata;
  ASSERT_TRUE(metadata.set_integer("width", 640));
  send({1}, &metadata);
  send({2});
  auto first = next(*b);
  auto second = next(*b);
  ASSERT_EQ(first->metadata().size(), 1u);
  EXPECT_EQ(first->metadata()[0].as_integer(), 640);
  EXPECT_TRUE(second->metadata().empty());
  EXPECT_EQ(second->head().sequence, first->head().sequence + 1);
  EXPECT_GE(second->head().sent_ns, first->head().sent_ns);
}

TEST_F(Pair, TensorKeepsItsShape) {
  join();
  std::vector<float> values{1, 2, 3, 4, 5, 6};
  std::int64_t shape[] = {2, 3};
  dora_tensor tensor{values.data(), shape, 2, 'f', 32, true, "f"};
  ASSERT_TRUE(a->outbox().send(out, Payload::tensor(tensor), nullptr));
  auto event = next(*b);
  EXPECT_TRUE(event->parts().is_ndarray);
  EXPECT_EQ(event->parts().shape, (decltype(event->parts().shape){2, 3}));
}

TEST_F(Pair, SampleIsFilledInPlaceAndSentOnce) {
  join();
  for (std::size_t size : {10, 100'000}) {
    auto sample = a->outbox().loan(out, size, nullptr).value();
    ASSERT_EQ(sample.size(), size);
    std::memset(sample.data(), 7, size);
    ASSERT_TRUE(a->outbox().send(sample));
    EXPECT_EQ(a->outbox().send(sample).error().kind, ErrorKind::InvalidInput);
    EXPECT_EQ(bytes_of(*next(*b)), std::vector<std::uint8_t>(size, 7));
  }
}

TEST_F(Pair, NaturalEndGivesInputsThenClosedThenStopThenTheEnd) {
  join();
  send({1});
  send({2});
  daemon.close_edge(edge);
  EXPECT_EQ(next(*b)->type(), DORA_EVENT_INPUT);
  EXPECT_EQ(next(*b)->type(), DORA_EVENT_INPUT);
  auto closed = next(*b);
  EXPECT_EQ(closed->type(), DORA_EVENT_INPUT_CLOSED);
  EXPECT_EQ(closed->id(), "in");
  auto stop = next(*b);
  EXPECT_EQ(stop->type(), DORA_EVENT_STOP);
  EXPECT_EQ(stop->id(), "ALL_INPUTS_CLOSED");
  EXPECT_FALSE(next(*b));
  EXPECT_FALSE(next(*b));
}

TEST_F(Pair, AFailureIsToldAfterWhatWasSentAndBeforeTheInputCloses) {
  join();
  send({1});
  send({2});
  daemon.order(
      "b", message::NodeFailed{
               NodeId::parse("a").value(), "exited with code 1", {DataId::parse("in").value()}});
  daemon.close_edge(edge);
  EXPECT_EQ(bytes_of(*next(*b)), std::vector<std::uint8_t>{1});
  EXPECT_EQ(bytes_of(*next(*b)), std::vector<std::uint8_t>{2});
  auto failed = next(*b);
  EXPECT_EQ(failed->type(), DORA_EVENT_NODE_FAILED);
  EXPECT_EQ(failed->id(), "a");
  EXPECT_EQ(next(*b)->type(), DORA_EVENT_INPUT_CLOSED);
  EXPECT_EQ(next(*b)->id(), "ALL_INPUTS_CLOSED");
  EXPECT_FALSE(next(*b));
}

TEST_F(Pair, AFailureIsToldAtOnceWhenNothingWaits) {
  join();
  daemon.order("b", message::NodeFailed{NodeId::parse("a").value(), "killed", {}});
  EXPECT_EQ(next(*b)->type(), DORA_EVENT_NODE_FAILED);
}

TEST(NodeFailures, NoInputOfTheFailedNodeClosesBeforeItIsTold) {
  FakeDaemon daemon;
  daemon.add_node("a", {.outputs = {"x", "y"}});
  daemon.add_node("b", {.inputs = {"first", "second"}});
  auto first = daemon.connect("a", "x", "b", "first");
  auto second = daemon.connect("a", "y", "b", "second");
  auto a = daemon.join("a");
  auto b = daemon.join("b");
  const std::uint8_t byte = 5;
  ASSERT_TRUE(a->outbox().send(a->outbox().find("y").value(), Payload::bytes(&byte, 1), nullptr));
  daemon.order(
      "b", message::NodeFailed{NodeId::parse("a").value(),
                               "exited with code 1",
                               {DataId::parse("first").value(), DataId::parse("second").value()}});
  daemon.close_edge(first);
  daemon.close_edge(second);
  EXPECT_EQ(next(*b)->id(), "second");
  EXPECT_EQ(next(*b)->type(), DORA_EVENT_NODE_FAILED);
  auto closed = next(*b);
  EXPECT_EQ(closed->type(), DORA_EVENT_INPUT_CLOSED);
  EXPECT_EQ(closed->id(), "first");
  EXPECT_EQ(next(*b)->id(), "second");
}

TEST_F(Pair, AnInputThatClosesLetsGoOfItsEdge) {
  join();
  daemon.close_edge(edge);
  EXPECT_EQ(next(*b)->type(), DORA_EVENT_INPUT_CLOSED);
  // Else the daemon would keep the edges of every life of a restarted producer.
  EXPECT_TRUE(daemon.is_consumer_closed(edge));
}

TEST_F(Pair, ManualStopOvertakesWhatIsQueued) {
  join();
  send({1});
  daemon.order("b", message::Stop{});
  auto stop = next(*b);
  EXPECT_EQ(stop->type(), DORA_EVENT_STOP);
  EXPECT_EQ(stop->id(), "MANUAL");
  EXPECT_EQ(next(*b)->type(), DORA_EVENT_INPUT);
  EXPECT_FALSE(next(*b));
}

TEST_F(Pair, QueueOfGivenSizeKeepsTheNewest) {
  join({.queue = shared_memory::EdgeOptions::Queue::Exact, .size = 3});
  for (std::uint8_t i = 0; i < 10; ++i)
    send({i});
  for (std::uint8_t i : {7, 8, 9})
    EXPECT_EQ(bytes_of(*next(*b)), std::vector<std::uint8_t>{i});
  auto counters = daemon.counters(edge);
  EXPECT_EQ(counters.sent, 10u);
  EXPECT_EQ(counters.delivered, 3u);
  EXPECT_EQ(counters.dropped_in_all(), 7u);
}

TEST_F(Pair, BackpressureHoldsTheSenderUntilThereIsRoom) {
  join({.queue = shared_memory::EdgeOptions::Queue::Backpressure, .size = 2});
  constexpr int count = 200;
  std::thread sender([&] {
    for (int i = 0; i < count; ++i)
      send({static_cast<std::uint8_t>(i)});
  });
  for (int i = 0; i < count; ++i) {
    EXPECT_EQ(bytes_of(*next(*b)), std::vector<std::uint8_t>{static_cast<std::uint8_t>(i)});
  }
  sender.join();
  EXPECT_EQ(daemon.counters(edge).dropped_in_all(), 0u);
}

TEST_F(Pair, BackpressureEndsWithTheConsumer) {
  join({.queue = shared_memory::EdgeOptions::Queue::Backpressure, .size = 1});
  send({1});
  std::thread sender([&] { send({2}); });
  daemon.disconnect_edge(edge);
  sender.join();
}

TEST_F(Pair, BackpressureEndsWithTheStop) {
  join({.queue = shared_memory::EdgeOptions::Queue::Backpressure, .size = 1});
  send({1});
  std::thread sender([&] { send({2}); });
  daemon.order("a", message::Stop{});
  sender.join();
}

TEST_F(Pair, ANudgeEndsAWaitForRoomAndNoneIsLost) {
  join({.queue = shared_memory::EdgeOptions::Queue::Backpressure, .size = 1});
  send({1});
  const auto try_to_send = [&] { return a->outbox().send(out, Payload::bytes("", 1), nullptr); };
  // One that came before the sleep.
  patience.seen_nudges = a->nudges();
  a->nudge();
  EXPECT_TRUE(is_interruption(try_to_send().error()));
  // Those that come at any moment of it.
  std::atomic<std::uint32_t> ended{0};
  std::thread sender([&] {
    for (;;) {
      const std::uint32_t seen = patience.seen_nudges.emplace(a->nudges());
      ended.store(seen);
      // Without an end: a lost nudge makes the test hang.
      if (try_to_send()) return;
    }
  });
  for (int round = 0; round < 2000; ++round) {
    a->nudge();
    while (ended.load() < a->nudges())
      std::this_thread::yield();
  }
  EXPECT_EQ(bytes_of(*next(*b)), std::vector<std::uint8_t>{1});
  sender.join();
  patience = {};
}

TEST_F(Pair, WhoMayNotWaitForRoomDoesNot) {
  join({.queue = shared_memory::EdgeOptions::Queue::Backpressure, .size = 1});
  patience.deadline_ns = 0;
  send({1});
  auto sent = a->outbox().send(out, Payload::bytes("", 1), nullptr);
  patience = {};
  ASSERT_FALSE(sent);
  EXPECT_TRUE(is_interruption(sent.error()));
  EXPECT_EQ(sent.error().message, "waiting for room at b/in: interrupted by a signal");
}

TEST(NodeJoining, ANudgeEndsTheWaitForTheOthers) {
  auto [daemon, end] = message::DatagramSocket::create_pair().value();  // that never answers
  message::NodeConfig config;
  config.version = "test";
  config.node = NodeId::parse("a").value();
  config.socket_fd = ::dup(end.fd());
  auto node = Node::create(message::encode(config)).value();
  patience.seen_nudges = node->nudges();
  node->nudge();
  EXPECT_TRUE(is_interruption(node->join().error()));
  patience.seen_nudges = node->nudges();
  std::thread other([&] { node->nudge(); });
  EXPECT_TRUE(is_interruption(node->join().error()));
  other.join();
  patience = {};
}

TEST_F(Pair, WaitingThreadIsWokenByASend) {
  join();
  std::thread receiver([&] { EXPECT_EQ(bytes_of(*next(*b)), std::vector<std::uint8_t>{42}); });
  send({42});
  receiver.join();
}

TEST_F(Pair, ManyThreadsReceiveEachMessageOnce) {
  join({.queue = shared_memory::EdgeOptions::Queue::Exact, .size = 10'000});
  constexpr int count = 5'000;
  std::atomic<int> received{0};
  std::vector<std::thread> receivers;
  for (int i = 0; i < 4; ++i) {
    receivers.emplace_back([&] {
      while (auto event = next(*b)) {
        if (event->type() == DORA_EVENT_INPUT) ++received;
      }
    });
  }
  std::thread poller([&] {
    Event* event = nullptr;
    Node::Outcome outcome;
    while ((outcome = b->next(0, &event)) != Node::Outcome::Ended) {
      if (outcome != Node::Outcome::Event) continue;
      if (event->type() == DORA_EVENT_INPUT) ++received;
      event->release();
    }
  });
  for (int i = 0; i < count; ++i)
    send({1});
  daemon.close_edge(edge);
  for (auto& receiver : receivers)
    receiver.join();
  poller.join();
  EXPECT_EQ(received, count);
}

TEST_F(Pair, ANudgeEndsTheWaitOfEveryThreadAndNoneIsLost) {
  join();
  constexpr int rounds = 2000;
  std::atomic<int> nudged[2] = {0, 0};
  std::atomic<bool> done{false};
  std::vector<std::thread> threads;
  for (auto& count : nudged) {
    threads.emplace_back([&] {
      std::uint32_t seen = 0;
      while (!done.load()) {
        const std::uint32_t before = b->nudges();
        if (before == seen) {
          Event* event = nullptr;
          // Without an end: a lost nudge makes the test hang.
          if (b->next(-1, &event, seen) != Node::Outcome::Nudged) return;
        }
        seen = b->nudges();
        count.store(static_cast<int>(seen));
      }
    });
  }
  // A third one takes bits from the doorbell all the time.
  threads.emplace_back([&] {
    while (!done.load())
      b->follow_orders();
  });
  for (int round = 1; round <= rounds; ++round) {
    b->nudge();
    for (auto& count : nudged) {
      while (count.load() < round)
        std::this_thread::yield();
    }
  }
  done.store(true);
  b->nudge();
  for (std::thread& thread : threads)
    thread.join();
}

TEST_F(Pair, EventDescriptorWakesAnEventLoop) {
  join();
  std::int64_t deadline = 0;
  ASSERT_FALSE(b->arm(&deadline));
  EXPECT_EQ(deadline, Timer::never);
  pollfd wait{b->event_fd(), POLLIN, 0};
  EXPECT_EQ(::poll(&wait, 1, 0), 0);
  send({1});
  EXPECT_EQ(::poll(&wait, 1, -1), 1);
  EXPECT_TRUE(b->arm(nullptr));
  EXPECT_EQ(bytes_of(*next(*b)), std::vector<std::uint8_t>{1});
  EXPECT_FALSE(b->arm(nullptr));
  EXPECT_EQ(::poll(&wait, 1, 0), 0);
}

TEST_F(Pair, EventsOutliveTheirNode) {
  join();
  std::vector<std::uint8_t> data(200'000, 9);
  send(data);
  auto event = next(*b);
  b.reset();
  a.reset();
  EXPECT_EQ(bytes_of(*event), data);
}

TEST_F(Pair, HoardedEventsNeverStallTheSender) {
  join({.queue = shared_memory::EdgeOptions::Queue::Exact, .size = 4});
  std::vector<EventPointer> held;
  for (int i = 0; i < 100; ++i) {
    send(std::vector<std::uint8_t>(10'000, static_cast<std::uint8_t>(i)));
    held.push_back(next(*b));
  }
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(bytes_of(*held[static_cast<std::size_t>(i)]),
              std::vector<std::uint8_t>(10'000, static_cast<std::uint8_t>(i)));
  }
}

TEST_F(Pair, LossOfTheDaemonIsAnErrorAndThenTheEnd) {
  join();
  daemon.vanish("b");
  auto error = next(*b);
  EXPECT_EQ(error->type(), DORA_EVENT_ERROR);
  EXPECT_TRUE(error->text().starts_with("fatal event stream error:")) << error->text();
  EXPECT_FALSE(next(*b));
}

TEST_F(Pair, ClosedOutputIsRefusedAndReported) {
  join();
  std::uint32_t outputs[] = {out};
  ASSERT_TRUE(a->close_outputs(outputs));
  std::uint8_t byte = 0;
  EXPECT_EQ(a->outbox().send(out, Payload::bytes(&byte, 1), nullptr).error().kind,
            ErrorKind::Disconnected);
  bool told = false;
  for (const auto& message : daemon.heard_from("a")) {
    told = told || std::holds_alternative<message::CloseOutputs>(message);
  }
  EXPECT_TRUE(told);
}

TEST(NodeTimers, TickWithoutAnySender) {
  FakeDaemon daemon;
  // Ten ticks wait: the first is lost only when this process stands still for two seconds.
  constexpr std::int64_t interval_ns = 200'000'000;
  daemon.add_node("t", {.timers = {{DataId::parse("tick").value(), interval_ns, 10, true}}});
  auto node = daemon.join("t");
  auto first = next(*node);
  auto second = next(*node);
  EXPECT_EQ(first->id(), "tick");
  EXPECT_EQ(first->head().sequence, 0u);
  EXPECT_EQ(second->head().sent_ns - first->head().sent_ns, interval_ns);
  auto value = array::primitive_view(second->parts().type->type, second->parts().body);
  ASSERT_TRUE(value);
  EXPECT_EQ(value->length, 1);
  EXPECT_EQ(*static_cast<const std::uint64_t*>(value->data), 1u);
}

TEST(NodeTimers, TicksOfAnInputAreEmpty) {
  FakeDaemon daemon;
  daemon.add_node("t", {.timers = {{DataId::parse("tick").value(), 1'000'000, 10, false}}});
  auto node = daemon.join("t");
  auto tick = next(*node);
  EXPECT_EQ(tick->parts().type->format, "n");
  ArrowArray array{};
  ASSERT_TRUE(
      array::decode(tick->parts().type->type, tick->parts().body, {[](void*) {}, nullptr}, &array));
  EXPECT_EQ(array.length, 0);
  array.release(&array);
}

TEST(NodeOutputs, UnknownOnesAreToldApartFromImpossibleOnes) {
  FakeDaemon daemon;
  daemon.add_node("a", {.outputs = {"image"}});
  auto node = daemon.join("a");
  auto unknown = node->outbox().find("imgae");
  EXPECT_EQ(unknown.error().kind, ErrorKind::NotFound);
  EXPECT_NE(unknown.error().message.find("image"), std::string::npos);
  EXPECT_EQ(node->outbox().find("no spaces").error().kind, ErrorKind::InvalidInput);
}

}  // namespace
}  // namespace dora::node

// SPDX-License-Identifier: Apache-2.0
#include "daemon/memory_broker.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include "shared_memory/arena.hpp"
#include "shared_memory/edge_consumer.hpp"
#include "shared_memory/edge_producer.hpp"

namespace dora::daemon {
namespace {

namespace shm = shared_memory;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr NodeIndex consumer = 0;
constexpr NodeIndex producer = 1;

// producer ─out─► consumer/in
RunPlan two_nodes(InputPlan::Queue queue = InputPlan::Queue::Burst) {
  RunPlan plan;
  plan.nodes.resize(2);
  plan.nodes[consumer].id = *NodeId::parse("consumer");
  plan.nodes[producer].id = *NodeId::parse("producer");
  plan.nodes[producer].outputs = {*DataId::parse("out")};
  InputPlan input;
  input.id = *DataId::parse("in");
  input.producer = plan.nodes[producer].id;
  input.output = *DataId::parse("out");
  input.queue = queue;
  input.queue_size = 2;
  plan.nodes[consumer].inputs = {input};
  return plan;
}

shm::MemoryFile adopt(int fd) {
  return *shm::MemoryFile::adopt(FileDescriptor(::fcntl(fd, F_DUPFD_CLOEXEC, 0)));
}

/// The producing side, as the node library would make it of what it was sent.
struct Producer {
  Producer(const std::vector<int>& setup, const ControlMessage& connect)
      : arena(*shm::Arena::create(adopt(setup[0]))),
        edge(*shm::EdgeProducer::open(
            adopt(connect.fds[0]),
            *shm::DoorbellPage::open(adopt(connect.fds[1]),
                                     FileDescriptor(::fcntl(connect.fds[2], F_DUPFD_CLOEXEC, 0))),
            arena, options(std::get<message::ConnectOutput>(connect.message)))) {}
  static shm::EdgeProducer::Options options(const message::ConnectOutput& connect) {
    return {.edge = connect.edge, .consumer = "consumer/in", .doorbell_bit = connect.doorbell_bit};
  }
  void send(int count) {
    for (int i = 0; i < count; ++i) {
      shm::OutgoingMessage message;
      message.header.sequence = static_cast<std::uint64_t>(i);
      edge.send(message);
    }
  }
  shm::Arena arena;
  shm::EdgeProducer edge;
};

struct BrokerScene {
  explicit BrokerScene(InputPlan::Queue queue = InputPlan::Queue::Burst)
      : plan(two_nodes(queue)), broker(plan) {
    EXPECT_TRUE(broker.provide(consumer));
    EXPECT_TRUE(broker.provide(producer));
  }
  RunPlan plan;
  MemoryBroker broker;
};

TEST(MemoryBroker, BothSidesGetTheSameEdge) {
  BrokerScene scene;
  const auto to_producer = scene.broker.connections_of(producer);
  const auto to_consumer = scene.broker.connections_of(consumer);
  ASSERT_EQ(to_producer.size(), 1U);
  ASSERT_EQ(to_consumer.size(), 1U);
  const auto& output = std::get<message::ConnectOutput>(to_producer[0].message);
  const auto& input = std::get<message::ConnectInput>(to_consumer[0].message);
  EXPECT_EQ(output.edge, input.edge);
  EXPECT_EQ(output.consumer.text(), "consumer");
  EXPECT_EQ(input.producer.text(), "producer");
  EXPECT_EQ(output.doorbell_bit, input.doorbell_bit);
  EXPECT_EQ(to_producer[0].fds.size(), 3U);
  EXPECT_EQ(to_consumer[0].fds.size(), 2U);
  EXPECT_TRUE(scene.broker.connections_of(producer).empty()) << "each edge is given once";
}

TEST(MemoryBroker, AConsumerCannotWriteToTheArena) {
  BrokerScene scene;
  const auto to_consumer = scene.broker.connections_of(consumer);
  const int arena = to_consumer[0].fds[1];
  EXPECT_EQ(::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, arena, 0), MAP_FAILED);
  EXPECT_NE(::ftruncate(arena, 0), 0);
}

TEST(MemoryBroker, CountsWhatTheEdgeCarried) {
  BrokerScene scene(InputPlan::Queue::DropOldest);
  const auto connections = scene.broker.connections_of(producer);
  Producer node(scene.broker.setup_fds(producer), connections[0]);
  node.send(5);
  auto totals = scene.broker.totals();
  ASSERT_EQ(totals.size(), 1U);
  EXPECT_EQ(totals[0].producer, "producer");
  EXPECT_EQ(totals[0].input, "in");
  EXPECT_EQ(totals[0].sent, 5U);
  EXPECT_EQ(totals[0].dropped(), 3U);
  EXPECT_EQ(totals[0].in_flight, 2U);

  const auto warnings = scene.broker.new_drop_warnings();
  ASSERT_EQ(warnings.size(), 1U);
  EXPECT_THAT(warnings[0], HasSubstr("3 of 5 messages of producer/out"));
  EXPECT_THAT(warnings[0], HasSubstr("queue_size"));
  EXPECT_THAT(scene.broker.new_drop_warnings(), IsEmpty());
  node.send(1);
  EXPECT_EQ(scene.broker.new_drop_warnings().size(), 1U);
}

TEST(MemoryBroker, ARestartedProducerGetsAFreshEdgeAndNothingIsForgotten) {
  BrokerScene scene;
  const auto first = scene.broker.connections_of(producer);
  scene.broker.connections_of(consumer);
  const auto old_edge = std::get<message::ConnectOutput>(first[0].message).edge;
  {
    Producer node(scene.broker.setup_fds(producer), first[0]);
    node.send(3);
  }
  scene.broker.on_death(producer);
  ASSERT_TRUE(scene.broker.provide(producer));
  const auto notices = scene.broker.renewal_notices(producer);
  ASSERT_EQ(notices.size(), 2U);
  EXPECT_EQ(notices[0].to, consumer);
  const auto& fresh = std::get<message::ConnectInput>(notices[0].message.message);
  EXPECT_NE(fresh.edge, old_edge);
  EXPECT_EQ(std::get<message::InputClosed>(notices[1].message.message).edge, old_edge);

  const auto second = scene.broker.connections_of(producer);
  ASSERT_EQ(second.size(), 1U);
  EXPECT_EQ(std::get<message::ConnectOutput>(second[0].message).edge, fresh.edge);
  Producer node(scene.broker.setup_fds(producer), second[0]);
  node.send(2);
  EXPECT_EQ(scene.broker.totals()[0].sent, 5U);
  // What closes the input from here on names the new edge.
  EXPECT_EQ(std::get<message::InputClosed>(scene.broker.close_input(consumer, 0).message).edge,
            fresh.edge);
}

TEST(MemoryBroker, ARestartedConsumerGetsAFreshEdge) {
  BrokerScene scene;
  const auto first = scene.broker.connections_of(producer);
  scene.broker.connections_of(consumer);
  Producer node(scene.broker.setup_fds(producer), first[0]);
  scene.broker.on_death(consumer);
  ASSERT_TRUE(scene.broker.provide(consumer));
  const auto notices = scene.broker.renewal_notices(consumer);
  ASSERT_EQ(notices.size(), 2U);
  EXPECT_EQ(notices[0].to, producer);
  EXPECT_TRUE(std::holds_alternative<message::ConnectOutput>(notices[0].message.message));
  EXPECT_TRUE(std::holds_alternative<message::DisconnectOutput>(notices[1].message.message));
  EXPECT_EQ(scene.broker.connections_of(consumer).size(), 1U);
}

TEST(MemoryBroker, NeighboursThatAreNotSetUpAreNotTold) {
  BrokerScene scene;
  scene.broker.on_death(producer);
  ASSERT_TRUE(scene.broker.provide(producer));
  EXPECT_TRUE(scene.broker.renewal_notices(producer).empty());
  EXPECT_EQ(scene.broker.connections_of(consumer).size(), 1U);
  EXPECT_EQ(scene.broker.connections_of(producer).size(), 1U);
}

TEST(MemoryBroker, AnEndedConsumerIsToldOnce) {
  BrokerScene scene;
  scene.broker.connections_of(producer);
  scene.broker.connections_of(consumer);
  scene.broker.on_death(consumer);
  const auto notices = scene.broker.disconnect(consumer);
  ASSERT_EQ(notices.size(), 1U);
  EXPECT_EQ(notices[0].to, producer);
  EXPECT_TRUE(scene.broker.disconnect(consumer).empty());
}

template <typename Message>
std::vector<std::uint64_t> edges_in(const std::vector<MemoryBroker::Notice>& notices) {
  std::vector<std::uint64_t> edges;
  for (const auto& notice : notices) {
    if (const auto* message = std::get_if<Message>(&notice.message.message))
      edges.push_back(message->edge);
  }
  return edges;
}

TEST(MemoryBroker, AConsumerThatLeavesAndLivesIsRetiredUntilItsProcessEnds) {
  BrokerScene scene;
  const auto connections = scene.broker.connections_of(producer);
  Producer node(scene.broker.setup_fds(producer), connections[0]);
  scene.broker.connections_of(consumer);
  const auto first = scene.broker.visit_of(consumer);
  EXPECT_THAT(edges_in<message::RetireOutput>(scene.broker.retire(consumer)), ElementsAre(1U));
  EXPECT_TRUE(scene.broker.retire(consumer).empty()) << "told once";

  // It comes again, from another process say, and that one is killed.
  ASSERT_TRUE(scene.broker.provide(consumer));
  const auto renewed = scene.broker.renewal_notices(consumer);
  EXPECT_THAT(edges_in<message::ConnectOutput>(renewed), ElementsAre(2U));
  EXPECT_TRUE(edges_in<message::DisconnectOutput>(renewed).empty());
  scene.broker.connections_of(consumer);
  scene.broker.on_death(consumer);
  EXPECT_THAT(edges_in<message::DisconnectOutput>(scene.broker.disconnect(consumer)),
              ElementsAre(2U));

  EXPECT_TRUE(scene.broker.is_lent_to(consumer, first));
  EXPECT_THAT(edges_in<message::DisconnectOutput>(scene.broker.release(consumer, first)),
              ElementsAre(1U));
  EXPECT_FALSE(scene.broker.is_lent_to(consumer, first));
  EXPECT_TRUE(scene.broker.release(consumer, first).empty()) << "told once";
}

TEST(MemoryBroker, AnEdgeIsForgottenWhenARetiredConsumerGaveEverythingBack) {
  BrokerScene scene;
  const auto connections = scene.broker.connections_of(producer);
  Producer node(scene.broker.setup_fds(producer), connections[0]);
  scene.broker.connections_of(consumer);
  const auto first = scene.broker.visit_of(consumer);
  scene.broker.retire(consumer);
  ASSERT_TRUE(scene.broker.provide(consumer));
  scene.broker.renewal_notices(consumer);
  EXPECT_TRUE(scene.broker.is_lent_to(consumer, first));
  node.edge.retire();
  node.edge.finish();
  EXPECT_FALSE(scene.broker.is_lent_to(consumer, first));
  scene.broker.renewal_notices(consumer);
  EXPECT_TRUE(scene.broker.release(consumer, first).empty()) << "nobody has to be told";
}

TEST(MemoryBroker, CrashLoopsDoNotPileUpEdges) {
  BrokerScene scene;
  scene.broker.connections_of(consumer);
  const auto descriptors = [] {
    int count = 0;
    for (int fd = 0; fd < 1024; ++fd)
      count += ::fcntl(fd, F_GETFD) >= 0;
    return count;
  };
  const auto restart = [&](NodeIndex node) {
    scene.broker.connections_of(node);
    scene.broker.on_death(node);
    ASSERT_TRUE(scene.broker.provide(node));
    scene.broker.renewal_notices(node);
  };
  for (int i = 0; i < 5; ++i) {
    restart(producer);
    restart(consumer);
  }
  const int before = descriptors();
  for (int i = 0; i < 20; ++i) {
    restart(producer);
    restart(consumer);
  }
  EXPECT_EQ(descriptors(), before);
}

}  // namespace
}  // namespace dora::daemon

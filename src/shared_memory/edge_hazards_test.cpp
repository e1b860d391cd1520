// SPDX-License-Identifier: Apache-2.0
// What goes wrong: hoarding, full memory, peers that die, fork or write nonsense.
#include <random>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shared_memory/fake_edge.hpp"

namespace dora::shared_memory {
namespace {

using Queue = EdgeOptions::Queue;

TEST(Hoarding, NeverStallsTheSenderAndKeepsEveryArrayIntact) {
  FakeSender sender;
  FakeConsumer end = sender.connect({Queue::Exact, 2});
  std::vector<Received> hoard;
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(sender.send(20'000));
    hoard.push_back(*end.consumer->pop().value());
  }
  EXPECT_EQ(end.consumer->borrowed(), max_borrowed);
  EXPECT_EQ(end.counters().copied, 100U - max_borrowed);
  for (int i = 0; i < 1000; ++i)
    ASSERT_TRUE(sender.send(20'000));
  EXPECT_EQ(end.dropped(Drop::NoSlot), 0U);
  for (const Received& kept : hoard) {
    EXPECT_TRUE(is_intact(kept.block.bytes(), kept.header.sequence));
  }
  hoard.clear();
  EXPECT_EQ(end.consumer->borrowed(), 0U);
}

TEST(Blocks, OutliveTheNodesOnBothSides) {
  std::optional<Received> kept;
  {
    FakeSender sender;
    FakeConsumer end = sender.connect();
    ASSERT_TRUE(sender.send(20'000));
    kept = std::move(*end.consumer->pop().value());
  }
  EXPECT_TRUE(kept->block.is_borrowed());
  EXPECT_TRUE(is_intact(kept->block.bytes(), 1));
  kept.reset();
}

TEST(FullMemory, TakesQueuedMessagesBackBeforeItFails) {
  FakeSender sender(8 << 20);
  FakeConsumer end = sender.connect({Queue::Exact, 100});
  for (int i = 0; i < 50; ++i)
    ASSERT_TRUE(sender.send(1 << 20)) << i;
  EXPECT_EQ(end.dropped(Drop::NoMemory), 50U - 8);
  EXPECT_EQ(end.drain().back(), 50U);
}

TEST(FullMemory, NamesTheConsumerThatHoldsMost) {
  FakeSender sender(8 << 20);
  FakeConsumer light = sender.connect();
  FakeConsumer heavy = sender.connect();
  std::vector<Received> held;
  for (int i = 0; i < 8; ++i) {
    ASSERT_TRUE(sender.send(1 << 20));
    light.drain();
    held.push_back(*heavy.consumer->pop().value());
  }
  auto refused = sender.send(1 << 20);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::Busy);
  EXPECT_NE(refused.error().message.find("'consumer2/in'"), std::string::npos)
      << refused.error().message;
  held.pop_back();
  EXPECT_TRUE(sender.send(1 << 20));
  EXPECT_EQ(sender.send(9 << 20).error().kind, ErrorKind::Busy) << "will never fit";
}

TEST(FullMemory, DropsNothingOfAnEdgeWithBackpressure) {
  FakeSender sender(8 << 20);
  FakeConsumer end = sender.connect({Queue::Backpressure, 100});
  for (int i = 0; i < 8; ++i)
    ASSERT_TRUE(sender.send(1 << 20));
  EXPECT_FALSE(sender.send(1 << 20));
  EXPECT_EQ(end.drain().size(), 8U);
}

TEST(DeadConsumer, GivesEverythingBackAtOnce) {
  FakeSender sender;
  FakeConsumer dead = sender.connect();
  FakeConsumer alive = sender.connect();
  for (int i = 0; i < 20; ++i)
    ASSERT_TRUE(sender.send(50'000));
  std::vector<Received> held;
  for (int i = 0; i < 10; ++i)
    held.push_back(*dead.consumer->pop().value());
  alive.drain();
  EXPECT_GT(sender.outputs->heaviest_consumer()->second, 500'000U);
  dead.monitor->close_consumer();
  EXPECT_TRUE(sender.output->remove_edge(1));
  sender.outputs->collect();
  EXPECT_EQ(sender.outputs->arena().used_bytes(), 0U);
  EXPECT_EQ(dead.dropped(Drop::ConsumerGone), 10U);
  ASSERT_TRUE(sender.send(50'000));
  EXPECT_EQ(alive.drain().size(), 1U);
}

TEST(RetiredConsumer, KeepsWhatItTookUntilItGivesItBack) {
  FakeSender sender;
  FakeConsumer retired = sender.connect();
  for (int i = 0; i < 8; ++i)
    ASSERT_TRUE(sender.send(50'000));
  std::vector<Received> held;
  for (int i = 0; i < 5; ++i)
    held.push_back(*retired.consumer->pop().value());
  retired.consumer->close();
  ASSERT_TRUE(sender.output->retire_edge(1));
  EXPECT_FALSE(sender.output->has_edges());
  EXPECT_EQ(retired.dropped(Drop::ConsumerGone), 3U);
  EXPECT_EQ(retired.counters().in_flight, 0U);
  // Others come, and use all memory that is free.
  FakeConsumer other = sender.connect();
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(sender.send(50'000));
    other.drain();
  }
  for (const Received& each : held)
    EXPECT_TRUE(is_intact(each.block.bytes(), each.header.sequence));
  EXPECT_EQ(sender.outputs->heaviest_consumer()->first, "consumer1/in");
  EXPECT_FALSE(retired.monitor->is_producer_done());
  held.clear();
  sender.outputs->collect();
  EXPECT_EQ(sender.outputs->arena().used_bytes(), 0U);
  EXPECT_TRUE(retired.monitor->is_producer_done());
  EXPECT_FALSE(sender.output->remove_edge(1)) << "nothing is left of it";
}

TEST(RetiredConsumer, LosesEverythingWithItsProcess) {
  FakeSender sender;
  FakeConsumer retired = sender.connect();
  ASSERT_TRUE(sender.send(50'000));
  const Received held = *retired.consumer->pop().value();
  ASSERT_TRUE(sender.output->retire_edge(1));
  EXPECT_TRUE(sender.output->is_lending(1));
  EXPECT_TRUE(sender.output->remove_edge(1));
  EXPECT_EQ(sender.outputs->arena().used_bytes(), 0U);
}

TEST(RetiredConsumer, IsNotWaitedForByBackPressureAndKeepsWhatItTook) {
  FakeSender sender;
  FakeConsumer end = sender.connect({Queue::Backpressure, 1});
  ASSERT_TRUE(sender.send(50'000));
  const Received held = *end.consumer->pop().value();
  ASSERT_TRUE(sender.send(50'000));
  end.consumer->close();
  for (int i = 0; i < 20; ++i)
    ASSERT_TRUE(sender.send(50'000)) << "it closed its side: nobody waits";
  EXPECT_TRUE(is_intact(held.block.bytes(), held.header.sequence));
}

TEST(DeadProducer, LeavesItsMessagesToBeRead) {
  auto sender = std::make_unique<FakeSender>();
  FakeConsumer end = sender->connect();
  for (int i = 0; i < 5; ++i)
    ASSERT_TRUE(sender->send(3000));
  sender.reset();
  EXPECT_FALSE(end.consumer->is_producer_closed());
  end.monitor->close_producer();
  end.doorbell->ring_insistently(1);
  EXPECT_TRUE(end.consumer->is_producer_closed());
  EXPECT_FALSE(end.consumer->is_empty());
  EXPECT_EQ(end.drain().size(), 5U);
}

TEST(ForkedChild, LeavesTheConnectionAlone) {
  FakeSender sender;
  FakeConsumer end = sender.connect();
  ASSERT_TRUE(sender.send(20'000));
  ASSERT_TRUE(sender.send(8));
  std::optional<Received> held = std::move(*end.consumer->pop().value());
  const pid_t child = ::fork();
  if (child == 0) {
    // What was borrowed can be read; giving it back and closing does nothing.
    const bool is_right = is_intact(held->block.bytes(), 1) && end.doorbell->is_inherited();
    held.reset();
    end.consumer.reset();
    end.monitor.reset();
    end.memory.reset();
    end.doorbell.reset();
    ::_exit(is_right ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  sender.outputs->collect();
  EXPECT_GT(sender.outputs->arena().used_bytes(), 0U) << "the child returned nothing";
  EXPECT_TRUE(is_intact(held->block.bytes(), 1));
  EXPECT_EQ(end.drain(), std::vector<std::uint64_t>{2});
}

TEST(SickConsumer, CannotMakeTheSenderLoseTrackOfItsMemory) {
  std::mt19937_64 random(11);
  for (int round = 0; round < 200; ++round) {
    FakeSender sender(16 << 20);
    FakeConsumer sick = sender.connect({Queue::Exact, static_cast<std::uint32_t>(random() % 5)});
    FakeConsumer healthy = sender.connect({Queue::Exact, 1000});
    EdgeLayout& edge = sick.memory->layout();
    auto* words = sick.memory->returned_slots().words();
    std::uint64_t last = 0;
    for (int step = 0; step < 100; ++step) {
      if (random() % 2 == 0) edge.ordinary_read = random() % 3 == 0 ? random() : random() % 50;
      if (random() % 4 == 0) edge.protected_read = random();
      if (random() % 4 == 0) edge.returned_summary = random();
      if (random() % 3 == 0) words[random() % 10] = random();
      if (random() % 4 == 0) edge.ordinary_written = random();
      if (random() % 4 == 0) edge.producer_counters.sent = random();
      if (random() % 4 == 0) sick.memory->ordinary_ring().cells[random() % 4] = 0xffffffff;
      const std::uint16_t flags = random() % 4 == 0   ? message_protected
                                  : random() % 8 == 0 ? message_flush
                                                      : std::uint16_t{0};
      static_cast<void>(sender.send(random() % 3000, flags));
      // The others get everything.
      while (auto received = healthy.consumer->pop().value()) {
        ASSERT_EQ(received->header.sequence, ++last);
        ASSERT_TRUE(is_intact(received->block.bytes(), last));
      }
    }
    ASSERT_EQ(last, sender.output->last_sequence());
    sender.output->remove_edge(1);
    sender.outputs->collect();
    ASSERT_EQ(sender.outputs->arena().used_bytes(), 0U) << "all memory comes back";
  }
}

TEST(SickProducer, CannotMakeTheConsumerReadOutsideOrHang) {
  std::mt19937_64 random(12);
  for (int round = 0; round < 300; ++round) {
    FakeSender sender(4 << 20);
    FakeConsumer end = sender.connect({Queue::Burst, 0});
    end.doorbell->note_first_wait(1);
    EdgeLayout& edge = end.memory->layout();
    const auto value = [&]() -> std::uint64_t {
      switch (random() % 4) {
        case 0:
          return random() % 64;
        case 1:
          return random() % 8192;
        case 2:
          return ~std::uint64_t{0} - random() % 64;
        default:
          return random();
      }
    };
    for (int i = 0; i < 4; ++i)
      ASSERT_TRUE(sender.send(random() % 3000));
    for (int step = 0; step < 60; ++step) {
      SlotHeader& slot = end.memory->slot(static_cast<std::uint32_t>(random() % 6)).header;
      switch (random() % 10) {
        case 0:
          edge.ordinary_written = value();
          break;
        case 1:
          edge.protected_written = value();
          break;
        case 2:
          slot.block_offset = value();
          break;
        case 3:
          slot.block_length = value();
          break;
        case 4:
          slot.metadata_length = static_cast<std::uint32_t>(value());
          break;
        case 5:
          slot.rank = static_cast<std::uint16_t>(value());
          break;
        case 6:
          slot.sent_ns = static_cast<std::int64_t>(value());
          break;
        case 7:
          slot.sequence = value();
          break;
        case 8:
          end.memory->ordinary_ring().cells[random() % 8] = static_cast<std::uint32_t>(value());
          break;
        case 9:
          slot.type_offset = value();
          break;
      }
      static_cast<void>(end.consumer->peek());
      auto received = end.consumer->pop();
      if (!received) {
        EXPECT_EQ(received.error().kind, ErrorKind::InvalidInput);
      } else if (*received) {
        // Every byte can be read, and type_offset leads nowhere bad.
        std::byte sum{};
        for (const std::byte byte : (*received)->block.bytes())
          sum ^= byte;
        static_cast<void>(sum);
        static_cast<void>(end.consumer->type((*received)->header.type_offset));
      }
    }
  }
}

TEST(SickProducer, IsReportedOnceAndCounted) {
  FakeSender sender;
  FakeConsumer end = sender.connect();
  end.memory->layout().ordinary_written = 1'000'000;
  auto refused = end.consumer->pop();
  ASSERT_FALSE(refused);
  EXPECT_TRUE(end.consumer->is_broken());
  EXPECT_TRUE(end.consumer->is_empty());
  EXPECT_FALSE(end.consumer->pop().value());
  EXPECT_EQ(end.counters().malformed, 1U);
}

TEST(SickProducer, LosesOneMessageWhenOneHeaderIsWrong) {
  FakeSender sender;
  FakeConsumer end = sender.connect();
  ASSERT_TRUE(sender.send(100));
  ASSERT_TRUE(sender.send(100));
  end.memory->slot(0).header.block_length = 5000;
  EXPECT_FALSE(end.consumer->pop());
  EXPECT_EQ(end.consumer->pop().value()->header.sequence, 2U);
  EXPECT_EQ(end.counters().malformed, 1U);
}

}  // namespace
}  // namespace dora::shared_memory

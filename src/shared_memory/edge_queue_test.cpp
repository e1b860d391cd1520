// SPDX-License-Identifier: Apache-2.0
// What a queue keeps and what it drops, and that every message is accounted for.
#include <numeric>
#include <random>
#include <thread>

#include <gtest/gtest.h>

#include "shared_memory/fake_edge.hpp"

namespace dora::shared_memory {
namespace {

using Queue = EdgeOptions::Queue;
using Numbers = std::vector<std::uint64_t>;

constexpr std::int64_t milliseconds = 1'000'000;
constexpr std::int64_t seconds = 1'000'000'000;

Numbers range(std::uint64_t first, std::uint64_t last) {
  Numbers numbers(last - first + 1);
  std::iota(numbers.begin(), numbers.end(), first);
  return numbers;
}

void expect_conserved(const EdgeCounters& counters) {
  EXPECT_EQ(counters.sent, counters.delivered + counters.dropped_in_all() + counters.in_flight);
  EXPECT_EQ(counters.in_flight, counters.queued);
}

TEST(Edge, CarriesMessagesOfEverySize) {
  FakeSender sender;
  FakeConsumer end = sender.connect();
  for (const std::size_t size :
       {0UL, 1UL, 8UL, 192UL, 193UL, 1024UL, 1025UL, 100'000UL, 1UL << 20, 5'000'001UL}) {
    ASSERT_TRUE(sender.send(size));
    EXPECT_EQ(end.doorbell->take(), 1U);
    auto key = end.consumer->peek();
    ASSERT_TRUE(key);
    auto received = end.consumer->pop().value();
    ASSERT_TRUE(received);
    EXPECT_EQ(key->sequence, received->header.sequence);
    EXPECT_EQ(key->sent_ns, fake_now_ns);
    EXPECT_EQ(received->header.timestamp_ns, 7);
    EXPECT_EQ(received->block.bytes().size(), size);
    EXPECT_TRUE(is_intact(received->block.bytes(), received->header.sequence));
    EXPECT_EQ(received->block.is_borrowed(), size > copy_bytes);
    const std::uint64_t alignment = size <= 64 ? 8 : block_alignment;
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(received->block.bytes().data()) % alignment, 0U);
  }
  EXPECT_TRUE(end.consumer->is_empty());
  sender.outputs->collect();
  EXPECT_EQ(sender.outputs->arena().used_bytes(), 0U);
  expect_conserved(end.counters());
}

TEST(Edge, KeepsExactlyTheNewest) {
  for (const std::uint32_t size : {1U, 2U, 3U, 10U, 100U}) {
    FakeSender sender;
    FakeConsumer end = sender.connect({Queue::Exact, size});
    for (int i = 0; i < 250; ++i)
      ASSERT_TRUE(sender.send());
    EXPECT_EQ(end.drain(), range(250 - size + 1, 250));
    EXPECT_EQ(end.dropped(Drop::QueueFull), 250 - size);
    expect_conserved(end.counters());
  }
}

TEST(Edge, TreatsSizeZeroAsOne) {
  FakeSender sender;
  FakeConsumer end = sender.connect({Queue::Exact, 0});
  ASSERT_TRUE(sender.send());
  ASSERT_TRUE(sender.send());
  EXPECT_EQ(end.drain(), Numbers{2});
}

TEST(Edge, YieldsTheNewestMessageAtTheMomentOfTakingWithSizeOne) {
  FakeSender sender;
  FakeConsumer end = sender.connect({Queue::Exact, 1});
  for (std::uint64_t number = 1; number <= 9; ++number) {
    ASSERT_TRUE(sender.send());
    if (number % 3 == 0) {
      EXPECT_EQ(end.drain(), Numbers{number});
    }
  }
}

TEST(BurstRule, KeepsEverythingUntilTheConsumerAsks) {
  FakeSender sender;
  FakeConsumer end = sender.connect();
  for (int i = 0; i < 1000; ++i) {
    fake_now_ns += 50 * milliseconds;
    ASSERT_TRUE(sender.send());
  }
  EXPECT_EQ(end.drain(), range(1, 1000));
}

TEST(BurstRule, HoldsAtMost1024) {
  FakeSender sender;
  FakeConsumer end = sender.connect();
  for (int i = 0; i < 1500; ++i)
    ASSERT_TRUE(sender.send());
  EXPECT_EQ(end.drain(), range(1500 - 1024 + 1, 1500));
  EXPECT_EQ(end.dropped(Drop::QueueFull), 1500U - 1024);
}

TEST(BurstRule, CutsOldMessagesToTheTenNewestWhenOneIsRead) {
  FakeSender sender;
  FakeConsumer end = sender.connect();
  end.doorbell->note_first_wait(fake_now_ns);
  fake_now_ns += 3 * seconds;
  for (int i = 0; i < 50; ++i)
    ASSERT_TRUE(sender.send());
  fake_now_ns += 100 * milliseconds;
  EXPECT_EQ(end.consumer->count(), 50U);
  EXPECT_EQ(end.consumer->peek()->sequence, 1U) << "exactly 100 ms is not older";
  fake_now_ns += 1;
  EXPECT_EQ(end.consumer->peek()->sequence, 41U);
  EXPECT_EQ(end.drain(), range(41, 50));
  EXPECT_EQ(end.dropped(Drop::TooOld), 40U);
  expect_conserved(end.counters());
}

TEST(BurstRule, CutsOldMessagesWhenOneArrives) {
  FakeSender sender;
  FakeConsumer end = sender.connect();
  end.doorbell->note_first_wait(fake_now_ns);
  fake_now_ns += 3 * seconds;
  for (int i = 0; i < 50; ++i)
    ASSERT_TRUE(sender.send());
  fake_now_ns += 101 * milliseconds;
  ASSERT_TRUE(sender.send());
  EXPECT_EQ(end.counters().queued, 10U);
  EXPECT_EQ(end.drain(), range(42, 51));
}

TEST(BurstRule, CountsAgeFromTwoSecondsAfterTheFirstWait) {
  FakeSender sender;
  FakeConsumer end = sender.connect();
  for (int i = 0; i < 100; ++i)
    ASSERT_TRUE(sender.send());
  fake_now_ns += 10 * seconds;
  end.doorbell->note_first_wait(fake_now_ns);
  fake_now_ns += 2 * seconds + 100 * milliseconds;
  EXPECT_EQ(end.consumer->peek()->sequence, 1U);
  fake_now_ns += 1;
  EXPECT_EQ(end.consumer->peek()->sequence, 91U);
}

TEST(BurstRule, LetsASlowConsumerWorkOnNothingOlderThanTheTenNewest) {
  FakeSender sender;
  FakeConsumer end = sender.connect();
  end.doorbell->note_first_wait(fake_now_ns);
  fake_now_ns += 3 * seconds;
  for (int frame = 0; frame < 300; ++frame) {  // 30 per second; one of ten can be worked on
    fake_now_ns += 33 * milliseconds;
    ASSERT_TRUE(sender.send());
    if (frame % 10 != 9) continue;
    const auto received = end.consumer->pop().value();
    ASSERT_TRUE(received);
    if (frame > 20) {
      EXPECT_GE(received->header.sequence + 10, sender.output->last_sequence());
    }
  }
}

TEST(BurstRule, HoldsTenWhateverTheirSizeAndMoreUpTo64MiB) {
  FakeSender sender(400 << 20);
  FakeConsumer end = sender.connect();
  for (int i = 0; i < 12; ++i)
    ASSERT_TRUE(sender.send(8 << 20));
  EXPECT_EQ(end.counters().queued, 10U);
  EXPECT_EQ(end.dropped(Drop::TooManyBytes), 2U);
  EXPECT_EQ(end.drain(), range(3, 12));
  for (int i = 0; i < 40; ++i)
    ASSERT_TRUE(sender.send(2 << 20));
  EXPECT_EQ(end.counters().queued, 32U);
  EXPECT_EQ(end.drain(), range(21, 52));
}

TEST(Flush, DropsWhatWaitedBefore) {
  FakeSender sender;
  FakeConsumer end = sender.connect();
  for (int i = 0; i < 5; ++i)
    ASSERT_TRUE(sender.send());
  ASSERT_TRUE(sender.send(8, message_protected));
  ASSERT_TRUE(sender.send(8, message_flush));
  ASSERT_TRUE(sender.send());
  EXPECT_EQ(end.drain(), (Numbers{6, 7, 8}));
  EXPECT_EQ(end.dropped(Drop::Flushed), 5U);
  expect_conserved(end.counters());
}

TEST(Protected, AreNeverEvictedAndKeepTheirPlaceInTheOrder) {
  FakeSender sender;
  FakeConsumer end = sender.connect({Queue::Exact, 2});
  for (int i = 0; i < 20; ++i)
    ASSERT_TRUE(sender.send(8, i % 5 == 0 ? message_protected : 0));
  EXPECT_EQ(end.drain(), (Numbers{1, 6, 11, 16, 19, 20}));
  expect_conserved(end.counters());
}

TEST(Protected, AreBoundedByAnErrorOfTheSender) {
  FakeSender sender;
  FakeConsumer slow = sender.connect({Queue::Exact, 1});
  FakeConsumer fast = sender.connect({Queue::Exact, 1});
  for (std::uint32_t i = 0; i < protected_capacity; ++i) {
    ASSERT_TRUE(sender.send(8, message_protected));
    fast.drain();
  }
  auto refused = sender.send(8, message_protected);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::Busy);
  EXPECT_NE(refused.error().message.find("consumer1/in"), std::string::npos);
  EXPECT_TRUE(fast.drain().empty()) << "all or nothing";
  EXPECT_TRUE(sender.send()) << "others still go";
  EXPECT_EQ(slow.drain().size(), protected_capacity + 1U);
}

TEST(Backpressure, RefusesWhatDoesNotFitAndDropsNothing) {
  FakeSender sender;
  FakeConsumer slow = sender.connect({Queue::Backpressure, 3});
  FakeConsumer fast = sender.connect({Queue::Exact, 10});
  for (int i = 0; i < 3; ++i)
    ASSERT_TRUE(sender.send());
  EXPECT_EQ(fast.drain(), range(1, 3));
  Loan loan = sender.outputs->loan(5000).value();
  auto refused = sender.output->publish(std::move(loan), {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::Busy);
  EXPECT_NE(refused.error().message.find("consumer1/in"), std::string::npos);
  EXPECT_TRUE(fast.drain().empty());
  ASSERT_TRUE(slow.consumer->pop().value());
  EXPECT_EQ(sender.output->blocked_by(false), nullptr);
  ASSERT_TRUE(sender.output->publish(std::move(loan), {})) << "the loan survived the refusal";
  EXPECT_EQ(slow.drain(), range(2, 4));
  EXPECT_EQ(fast.drain(), Numbers{4});
  expect_conserved(slow.counters());
}

TEST(Backpressure, WakesTheSenderWhenThereIsRoom) {
  FakeSender sender;
  FakeConsumer end = sender.connect({Queue::Backpressure, 1});
  constexpr std::uint64_t messages = 2000;
  std::thread consumer([&] {
    std::uint64_t last = 0;
    while (last < messages) {
      end.doorbell->wait(no_deadline);
      end.doorbell->take();
      for (const std::uint64_t number : end.drain()) {
        EXPECT_EQ(number, last + 1);
        last = number;
      }
    }
  });
  for (std::uint64_t i = 0; i < messages; ++i) {
    while (EdgeProducer* edge = sender.output->blocked_by(false)) {
      edge->space_waiter()->wait(no_deadline, nullptr);
    }
    ASSERT_TRUE(sender.send());
  }
  consumer.join();
  expect_conserved(end.counters());
  EXPECT_EQ(end.counters().delivered, messages);
}

TEST(Backpressure, EndsWithTheConsumer) {
  FakeSender sender;
  FakeConsumer end = sender.connect({Queue::Backpressure, 1});
  ASSERT_TRUE(sender.send());
  EdgeProducer* edge = sender.output->blocked_by(false);
  ASSERT_NE(edge, nullptr);
  std::thread daemon([&] {
    while (end.monitor->blocked_since_ns() == 0)
      std::this_thread::yield();
    end.monitor->close_consumer();
  });
  edge->space_waiter()->wait(no_deadline, nullptr);
  daemon.join();
  EXPECT_EQ(sender.output->blocked_by(false), nullptr);
  ASSERT_TRUE(sender.send());
  EXPECT_EQ(end.dropped(Drop::ConsumerGone), 1U);
}

TEST(Backpressure, IsVisibleWhileItLastsAndCanBeInterrupted) {
  FakeSender sender;
  FakeConsumer end = sender.connect({Queue::Backpressure, 1});
  ASSERT_TRUE(sender.send());
  auto waiter = sender.output->blocked_by(false)->space_waiter();
  EXPECT_EQ(waiter->consumer(), "consumer1/in");
  EXPECT_EQ(waiter->edge(), 1U);
  EXPECT_EQ(end.monitor->blocked_since_ns(), waiter->since_ns());
  std::thread daemon([&] {
    while (!end.memory->space().is_waited_on())
      std::this_thread::yield();
    end.monitor->interrupt_sender();
  });
  waiter->wait(no_deadline, nullptr);
  daemon.join();
  EXPECT_EQ(waiter->wait(0, nullptr), WaitResult::TimedOut);
  EXPECT_EQ(waiter->wait(no_deadline, [] { return true; }), WaitResult::Woken);
  // The oldest of several threads counts, until the last one is through.
  const std::int64_t since = waiter->since_ns();
  auto second = sender.output->blocked_by(false)->space_waiter();
  EXPECT_EQ(end.monitor->blocked_since_ns(), since);
  waiter.reset();
  EXPECT_EQ(end.monitor->blocked_since_ns(), since);
  second.reset();
  EXPECT_EQ(end.monitor->blocked_since_ns(), 0);
  EXPECT_GT(end.counters().blocked_ns, 0U);
}

TEST(FanOut, UsesOneChunkForAllConsumers) {
  FakeSender sender;
  std::vector<FakeConsumer> ends;
  for (int i = 0; i < 16; ++i)
    ends.push_back(sender.connect());
  ASSERT_TRUE(sender.send(100'000));
  const std::uint64_t used = sender.outputs->arena().used_bytes();
  EXPECT_LT(used, 200'000U);
  std::vector<Received> received;
  for (FakeConsumer& end : ends)
    received.push_back(*end.consumer->pop().value());
  for (const Received& message : received) {
    EXPECT_EQ(message.block.bytes().size(), 100'000U);
    EXPECT_TRUE(is_intact(message.block.bytes(), 1));
  }
  received.resize(1);
  sender.outputs->collect();
  EXPECT_EQ(sender.outputs->arena().used_bytes(), used);
  received.clear();
  sender.outputs->collect();
  EXPECT_EQ(sender.outputs->arena().used_bytes(), 0U);
}

TEST(FanOut, ConsumersComeAndGoWhileItSends) {
  FakeSender sender;
  FakeConsumer first = sender.connect();
  ASSERT_TRUE(sender.send(5000));
  FakeConsumer second = sender.connect();
  ASSERT_TRUE(sender.send(5000));
  EXPECT_TRUE(sender.output->remove_edge(1));
  EXPECT_FALSE(sender.output->remove_edge(1));
  ASSERT_TRUE(sender.send(5000));
  EXPECT_EQ(second.drain(), range(2, 3));
  EXPECT_EQ(first.dropped(Drop::ConsumerGone), 2U);
  EXPECT_TRUE(sender.output->remove_edge(2));
  EXPECT_EQ(sender.outputs->arena().used_bytes(), 0U);
  ASSERT_TRUE(sender.send(5000)) << "nobody listens: fine";
}

TEST(Conservation, HoldsForRandomQueuesAndUse) {
  std::mt19937_64 random(3);
  for (int round = 0; round < 60; ++round) {
    FakeSender sender(16 << 20);
    std::vector<FakeConsumer> ends;
    std::vector<std::vector<Received>> held(4);
    for (std::size_t i = 0; i < 1 + random() % 4; ++i) {
      const auto queue = static_cast<Queue>(random() % 3);
      ends.push_back(sender.connect({queue, static_cast<std::uint32_t>(random() % 12)}));
    }
    std::vector<std::uint64_t> last(ends.size());
    for (int step = 0; step < 400; ++step) {
      fake_now_ns += static_cast<std::int64_t>(random() % (20 * milliseconds));
      const std::size_t k = random() % ends.size();
      switch (random() % 6) {
        case 0:
        case 1: {
          const std::uint16_t flags = random() % 8 == 0    ? message_protected
                                      : random() % 16 == 0 ? message_flush
                                                           : std::uint16_t{0};
          static_cast<void>(sender.send(random() % (std::uint64_t{1} << (random() % 20)), flags));
          break;
        }
        case 2:
        case 3:
          if (auto received = ends[k].consumer->pop().value()) {
            ASSERT_GT(received->header.sequence, last[k]);
            last[k] = received->header.sequence;
            ASSERT_TRUE(is_intact(received->block.bytes(), last[k]));
            held[k].push_back(std::move(*received));
          }
          break;
        case 4:
          if (!held[k].empty()) {
            std::swap(held[k][random() % held[k].size()], held[k].back());
            ASSERT_TRUE(is_intact(held[k].back().block.bytes(), held[k].back().header.sequence));
            held[k].pop_back();
          }
          break;
        case 5:
          ends[k].doorbell->note_first_wait(fake_now_ns);
          break;
      }
    }
    for (std::size_t k = 0; k < ends.size(); ++k) {
      expect_conserved(ends[k].counters());
      if (random() % 2 == 0) {  // the consumer dies with what it holds
        ends[k].monitor->close_consumer();
        sender.output->remove_edge(k + 1);
        EXPECT_EQ(ends[k].counters().queued, 0U);
      } else {
        ends[k].drain();
        held[k].clear();
      }
      expect_conserved(ends[k].counters());
      EXPECT_EQ(ends[k].counters().in_flight, 0U);
    }
    sender.outputs->collect();
    EXPECT_EQ(sender.outputs->arena().used_bytes(), 0U) << "every chunk came back";
  }
}

}  // namespace
}  // namespace dora::shared_memory

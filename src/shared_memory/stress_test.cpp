// SPDX-License-Identifier: Apache-2.0
// Two producers and two consumers at full speed, each in a thread of its own, with blocks kept and
// returned in any order by further threads. Checks that no message is corrupted, reordered or
// unaccounted for, that no wake-up is lost, and that all memory comes back.
//
// DORA_STRESS_MESSAGES sets the number of messages per producer (default 20000).
#include <atomic>
#include <cstdlib>
#include <mutex>
#include <random>
#include <thread>

#include <gtest/gtest.h>

#include "shared_memory/fake_edge.hpp"

namespace dora::shared_memory {
namespace {

using Queue = EdgeOptions::Queue;

std::uint64_t messages_per_producer() {
  // Read before any thread exists. NOLINTNEXTLINE(concurrency-mt-unsafe)
  const char* wanted = std::getenv("DORA_STRESS_MESSAGES");
  return wanted == nullptr ? 20'000 : std::strtoull(wanted, nullptr, 10);
}

/// A message, and what checks it when it is given back.
struct Kept {
  std::uint64_t sequence;
  Block block;
};

/// A thread that gives blocks back, out of order and late.
class Returner {
 public:
  Returner() : thread_([this] { run(); }) {}
  ~Returner() {
    is_done_ = true;
    thread_.join();
    for (const Kept& kept : kept_)
      check(kept);
  }
  void keep(Kept kept) {
    std::lock_guard lock(mutex_);
    kept_.push_back(std::move(kept));
  }
  std::uint64_t corrupted() const { return corrupted_; }

 private:
  void run() {
    std::mt19937_64 random(17);
    while (!is_done_) {
      std::unique_lock lock(mutex_);
      if (kept_.size() < random() % 24) {
        lock.unlock();
        std::this_thread::yield();
        continue;
      }
      if (kept_.empty()) continue;
      std::swap(kept_[random() % kept_.size()], kept_.back());
      const Kept kept = std::move(kept_.back());
      kept_.pop_back();
      lock.unlock();
      check(kept);
    }
  }
  void check(const Kept& kept) {
    if (!is_intact(kept.block.bytes(), kept.sequence)) ++corrupted_;
  }
  std::mutex mutex_;
  std::vector<Kept> kept_;
  std::atomic<bool> is_done_{false};
  std::atomic<std::uint64_t> corrupted_{0};
  std::thread thread_;
};

void produce(FakeSender& sender, std::uint64_t messages, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  for (std::uint64_t i = 0; i < messages; ++i) {
    const std::size_t size = random() % 4 == 0 ? random() % 20'000 : random() % 300;
    const std::uint16_t flags = random() % 64 == 0    ? message_protected
                                : random() % 256 == 0 ? message_flush
                                                      : std::uint16_t{0};
    for (;;) {
      if (EdgeProducer* edge = sender.output->blocked_by((flags & message_protected) != 0)) {
        if ((flags & message_protected) != 0) {
          std::this_thread::yield();
        } else {
          edge->space_waiter()->wait(no_deadline, nullptr);
        }
        continue;
      }
      if (sender.send(size, flags)) break;
    }
  }
  sender.output->close();
}

void consume(std::vector<FakeConsumer*> inputs, DoorbellPage& doorbell, Returner& returner,
             std::uint64_t& wrong) {
  std::vector<std::uint64_t> last(inputs.size());
  std::vector<bool> is_closed(inputs.size());
  for (;;) {
    bool is_over = true;
    for (std::size_t k = 0; k < inputs.size(); ++k) {
      is_closed[k] = inputs[k]->consumer->is_producer_closed();
      while (auto received = inputs[k]->consumer->pop().value()) {
        const std::uint64_t sequence = received->header.sequence;
        if (sequence <= last[k] || !is_intact(received->block.bytes(), sequence)) ++wrong;
        last[k] = sequence;
        returner.keep({sequence, std::move(received->block)});
      }
      is_over = is_over && is_closed[k];
    }
    if (is_over) return;
    doorbell.wait(no_deadline);
    doorbell.take();
  }
}

void stress(std::array<EdgeOptions, 4> options) {
  const std::uint64_t messages = messages_per_producer();
  FakeSender senders[2];
  std::shared_ptr<DoorbellPage> doorbells[2];
  for (auto& doorbell : doorbells) {
    doorbell = DoorbellPage::open(DoorbellPage::create_file().value(),
                                  DoorbellPage::create_event_fd().value())
                   .value();
  }
  std::array<FakeConsumer, 4> ends;
  for (std::size_t i = 0; i < 4; ++i) {
    ends[i] = senders[i / 2].connect(options[i], doorbells[i % 2]);
  }
  std::uint64_t wrong[2] = {};
  {
    Returner returners[2];
    std::thread consumers[2];
    for (std::size_t k = 0; k < 2; ++k) {
      consumers[k] = std::thread(
          [&, k] { consume({&ends[k], &ends[k + 2]}, *doorbells[k], returners[k], wrong[k]); });
    }
    std::thread first([&] { produce(senders[0], messages, 1); });
    produce(senders[1], messages, 2);
    first.join();
    for (std::thread& consumer : consumers)
      consumer.join();
    for (const Returner& returner : returners)
      EXPECT_EQ(returner.corrupted(), 0U);
  }
  EXPECT_EQ(wrong[0] + wrong[1], 0U);
  for (const FakeConsumer& end : ends) {
    const EdgeCounters counters = end.counters();
    EXPECT_EQ(counters.sent, messages);
    EXPECT_EQ(counters.delivered + counters.dropped_in_all(), messages);
    EXPECT_EQ(counters.queued, 0U);
    EXPECT_EQ(counters.malformed, 0U);
    EXPECT_EQ(counters.dropped[static_cast<std::size_t>(Drop::NoSlot)], 0U);
  }
  for (FakeSender& sender : senders) {
    sender.outputs->collect();
    EXPECT_EQ(sender.outputs->arena().used_bytes(), 0U);
  }
}

TEST(Stress, SmallQueues) {
  stress({{{Queue::Exact, 1}, {Queue::Exact, 2}, {Queue::Exact, 1}, {Queue::Exact, 7}}});
}

TEST(Stress, BurstQueues) {
  stress({{{}, {}, {Queue::Exact, 1}, {}}});
}

TEST(Stress, Backpressure) {
  stress({{{Queue::Backpressure, 1},
           {Queue::Exact, 1},
           {Queue::Backpressure, 3},
           {Queue::Backpressure, 10}}});
}

}  // namespace
}  // namespace dora::shared_memory

// SPDX-License-Identifier: Apache-2.0
#include "shared_memory/doorbell_page.hpp"

#include <atomic>
#include <csignal>
#include <thread>

#include <gtest/gtest.h>
#include <poll.h>
#include <pthread.h>

#include "base/clock.hpp"

namespace dora::shared_memory {
namespace {

std::shared_ptr<DoorbellPage> make_page() {
  return DoorbellPage::open(DoorbellPage::create_file().value(),
                            DoorbellPage::create_event_fd().value())
      .value();
}

bool is_readable(int fd) {
  pollfd poll_fd{.fd = fd, .events = POLLIN, .revents = 0};
  return ::poll(&poll_fd, 1, 0) == 1;
}

TEST(Doorbell, CostsNoWakeWhileTheNodeIsAwake) {
  auto page = make_page();
  EXPECT_FALSE(page->ring(1));
  EXPECT_FALSE(page->ring(2));
  EXPECT_EQ(page->take(), 3U);
  EXPECT_EQ(page->take(), 0U);
}

TEST(Doorbell, CostsOneWakeForABurst) {
  auto page = make_page();
  ASSERT_TRUE(page->arm());
  EXPECT_TRUE(page->ring(1).event_fd);
  for (int i = 0; i < 100; ++i)
    EXPECT_FALSE(page->ring(1));
  EXPECT_FALSE(page->ring(2));
}

TEST(Doorbell, MakesTheEventDescriptorReadable) {
  auto page = make_page();
  ASSERT_TRUE(page->arm());
  EXPECT_FALSE(is_readable(page->event_fd()));
  page->ring_and_wake(4);
  EXPECT_TRUE(is_readable(page->event_fd()));
  page->disarm();
  EXPECT_FALSE(is_readable(page->event_fd()));
  EXPECT_FALSE(page->arm()) << "something is ready";
  EXPECT_EQ(page->take(), 4U);
  EXPECT_TRUE(page->arm());
  page->disarm();
  page->ring_and_wake(4);
  EXPECT_FALSE(is_readable(page->event_fd())) << "nobody asked";
}

TEST(Doorbell, IgnoresBitsThatAreNotReadyBits) {
  auto page = make_page();
  page->ring(bell_parked | bell_parked_fd | bell_control);
  EXPECT_EQ(page->take(), bell_control);
}

TEST(Doorbell, WaitEndsAtTheDeadline) {
  auto page = make_page();
  EXPECT_EQ(page->wait(monotonic_ns() + 1'000'000), WaitResult::TimedOut);
  EXPECT_EQ(page->wait(0), WaitResult::TimedOut);
  EXPECT_EQ(page->wait(-1), WaitResult::TimedOut);
  EXPECT_FALSE(page->ring(1)) << "nobody is parked any more";
  EXPECT_EQ(page->wait(no_deadline), WaitResult::Woken);
}

TEST(Doorbell, WaitEndsWithARing) {
  auto page = make_page();
  std::thread ringer([&] {
    // Until the ring finds a sleeper, it is taken back and repeated.
    for (;;) {
      if (Wake wake = page->ring(8)) {
        page->wake(wake);
        return;
      }
      page->take();
    }
  });
  WaitResult result = WaitResult::TimedOut;
  std::uint32_t bits = 0;
  while (bits == 0) {
    result = page->wait(no_deadline);
    bits = page->take();
    if (bits == 0) continue;
  }
  ringer.join();
  EXPECT_EQ(result, WaitResult::Woken);
}

std::atomic<int> signals{0};

TEST(Doorbell, WaitEndsWithASignal) {
  struct sigaction action{};
  action.sa_handler = [](int) { signals.fetch_add(1); };
  struct sigaction before{};
  ASSERT_EQ(::sigaction(SIGUSR1, &action, &before), 0);
  auto page = make_page();
  std::atomic<bool> is_done{false};
  const pthread_t waiting = ::pthread_self();
  std::thread sender([&] {
    while (!is_done) {
      ::pthread_kill(waiting, SIGUSR1);
      std::this_thread::yield();
    }
  });
  EXPECT_EQ(page->wait(no_deadline), WaitResult::Interrupted);
  is_done = true;
  sender.join();
  ::sigaction(SIGUSR1, &before, nullptr);
}

TEST(Doorbell, RemembersTheFirstWait) {
  auto page = make_page();
  EXPECT_EQ(page->first_wait_ns(), 0);
  page->note_first_wait(5);
  page->note_first_wait(9);
  EXPECT_EQ(page->first_wait_ns(), 5);
}

TEST(Doorbell, SpinsUntilARing) {
  auto page = make_page();
  EXPECT_FALSE(page->spin(1000));
  std::thread ringer([&] { page->ring(1); });
  EXPECT_TRUE(page->spin(60'000'000'000));
  ringer.join();
}

}  // namespace
}  // namespace dora::shared_memory

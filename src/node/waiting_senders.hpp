#pragma once
// SPDX-License-Identifier: Apache-2.0
// The threads of a node that wait for room, so that they can be woken without a lock: a signal
// handler may run in the very thread that holds it.

#include <array>
#include <atomic>
#include <cstddef>
#include <thread>

#include "shared_memory/edge_producer.hpp"

namespace dora::node {

class WaitingSenders {
 public:
  /// Wakes all of them that have a place. Any thread, and signal handlers.
  void wake() {
    // All of this is in one order with Place: either we see the waiter, or it sees what we were
    // called for, if it looks after it took its place.
    wakers_.fetch_add(1, std::memory_order_seq_cst);
    for (auto& place : places_) {
      if (auto* waiter = place.load(std::memory_order_seq_cst)) waiter->interrupt();
    }
    wakers_.fetch_sub(1, std::memory_order_seq_cst);
  }

  /// While it lives, wake() reaches a waiter; unless all places are taken.
  class Place {
   public:
    Place(WaitingSenders& senders, shared_memory::SpaceWaiter& waiter) : senders_(&senders) {
      for (auto& place : senders.places_) {
        shared_memory::SpaceWaiter* nobody = nullptr;
        if (!place.compare_exchange_strong(nobody, &waiter, std::memory_order_seq_cst)) continue;
        taken_ = &place;
        return;
      }
    }
    ~Place() {
      if (taken_ == nullptr) return;
      taken_->store(nullptr, std::memory_order_seq_cst);
      // Whoever wakes at this moment may have read it before.
      while (senders_->wakers_.load(std::memory_order_seq_cst) != 0)
        std::this_thread::yield();
    }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

    bool is_taken() const { return taken_ != nullptr; }

   private:
    WaitingSenders* senders_;
    std::atomic<shared_memory::SpaceWaiter*>* taken_ = nullptr;
  };

 private:
  static constexpr std::size_t most_places = 16;
  std::array<std::atomic<shared_memory::SpaceWaiter*>, most_places> places_{};
  std::atomic<int> wakers_{0};
};

}  // namespace dora::node

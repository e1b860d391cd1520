#pragma once
// SPDX-License-Identifier: Apache-2.0
// The word on which senders wait for a place in a full queue (back pressure).
//
//   bit 0      WAITING   somebody sleeps, or is about to
//   bits 1..   a count of announcements
//
//   sender:    fetch_or(WAITING); is there a place now? else futex wait while the word is unchanged
//   consumer:  takes a message; fetch_add(count); if WAITING was set: clears it and wakes everybody
//
// Both sides change the word by read-modify-write, the sender before it looks at the position, the
// consumer after it moved it. If the consumer's change comes first, the sender's sees everything
// before it, the moved position included; if the sender's comes first, the consumer sees WAITING.
// A plain load on either side would leave a gap in which both miss each other. The count is there
// for two senders: without it, one that sets WAITING again could put the other to sleep on a word
// that looks unchanged.

#include <cstdint>

#include "base/crash_point.hpp"
#include "shared_memory/atomics.hpp"

namespace dora::shared_memory {

inline constexpr std::uint32_t space_waiting = 1;
inline constexpr std::uint32_t space_announcement = 2;

template <typename Policy>
class SpaceWord {
 public:
  using Word = typename Policy::template Atomic<std::uint32_t>;
  explicit SpaceWord(Word& word) : word_(&word) {}

  /// Sender, any number of threads: sleeps once, unless `has_space()`. Look again whatever comes
  /// back.
  template <typename HasSpace>
  WaitResult wait(HasSpace&& has_space, std::int64_t deadline_ns) {
    // acquire: if an announcement came first, the moved position is visible to has_space().
    // relaxed otherwise: who announces later learns nothing from us but the bit.
    const std::uint32_t seen =
        word_->fetch_or(space_waiting, std::memory_order_acquire) | space_waiting;
    if (has_space()) return WaitResult::Woken;
    crash_point("producer.waiting");
    return Policy::wait(*word_, seen, deadline_ns);
  }

  /// Consumer, after it moved its position: wakes who waits.
  void announce() {
    // release: the moved position is visible to a sender that changes the word later.
    const std::uint32_t old = word_->fetch_add(space_announcement, std::memory_order_release);
    if ((old & space_waiting) == 0) return;
    crash_point("consumer.announced");
    wake();
  }

  /// As announce(), but wakes in any case: for the daemon, as a consumer may have died between
  /// clearing the bit and waking.
  void interrupt() {
    word_->fetch_add(space_announcement, std::memory_order_release);
    wake();
  }

  bool is_waited_on() const {
    return (word_->load(std::memory_order_relaxed) & space_waiting) != 0;  // for display only
  }

 private:
  void wake() {
    // Cleared before the wake: who sets it afterwards sleeps on a later value, or not at all.
    // relaxed: the bit carries no message, the count above does.
    word_->fetch_and(~space_waiting, std::memory_order_relaxed);
    Policy::wake(*word_, everybody);
  }
  Word* word_;
};

}  // namespace dora::shared_memory

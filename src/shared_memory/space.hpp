#pragma once
// SPDX-License-Identifier: Apache-2.0
// The word on which a sender waits for a place in a full queue (back pressure).
//
//   sender:    fetch_or(waiting); is there a place now? else futex wait on `waiting`
//   consumer:  takes a message; fetch_and(~waiting); wakes if it was set
//
// Both sides change the word by read-modify-write after respectively before they look at or move
// the position. The two are ordered on that word: if the consumer's comes first, the sender's sees
// everything before it, the moved position included; if the sender's comes first, the consumer sees
// `waiting` and wakes. A plain load on either side would leave a gap for both to miss each other.

#include <cstdint>

#include "shared_memory/atomics.hpp"

namespace dora::shared_memory {

inline constexpr std::uint32_t space_waiting = 1;

template <typename Policy>
class SpaceWord {
 public:
  using Word = typename Policy::template Atomic<std::uint32_t>;
  explicit SpaceWord(Word& word) : word_(&word) {}

  /// Sender: sleeps once, unless `has_space()`. The caller looks again whatever comes back.
  template <typename HasSpace>
  WaitResult wait(HasSpace&& has_space, std::int64_t deadline_ns) {
    // release: orders nothing of ours, but keeps this change part of the chain that the consumer
    // acquires. acquire: if the consumer's change came first, its moved position is visible below.
    word_->fetch_or(space_waiting, std::memory_order_acq_rel);
    if (has_space()) return WaitResult::Woken;
    return Policy::wait(*word_, space_waiting, deadline_ns);
  }

  /// Consumer, after it moved its position: wakes who waits.
  void announce() {
    // release: the moved position is visible to a sender that changes the word later. acquire: as
    // above.
    const std::uint32_t old = word_->fetch_and(~space_waiting, std::memory_order_acq_rel);
    if ((old & space_waiting) != 0) Policy::wake(*word_, everybody);
  }

  bool is_waited_on() const {
    return (word_->load(std::memory_order_relaxed) & space_waiting) != 0;  // for display only
  }

 private:
  Word* word_;
};

}  // namespace dora::shared_memory

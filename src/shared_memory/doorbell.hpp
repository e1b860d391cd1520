#pragma once
// SPDX-License-Identifier: Apache-2.0
// The doorbell: one 32-bit word on which a node sleeps, and which says what waits for it.
//
//   bit 31      PARKED     a thread sleeps (or is about to) in the futex of the word
//   bit 30      PARKED_FD  an event loop sleeps on the node's event descriptor
//   bit 29      CONTROL    a datagram waits on the control socket
//   bits 0..28  READY      a group of inputs has messages (input i belongs to bit i mod 29)
//
// Ready bits and parked bits share one word, and everybody changes it by read-modify-write. These
// are totally ordered for one word, so either the ringer sees the sleeper, or the sleeper sees the
// ring: no lost wake-up, and a burst rings a sleeper once. Written as a template so that the
// interleaving explorer runs this very code.
//
// While messages flow, the word does not change at all: a node that finds messages leaves the bits
// set (glance), and a ringer that finds its bit set leaves the word alone. So it stays in the
// caches of both. A fence on each side makes that safe: between the message and the look at the
// bit, and between the taking of the bit and the look for messages. Whichever comes second sees the
// other.

#include <cstdint>

#include "base/crash_point.hpp"
#include "shared_memory/atomics.hpp"

namespace dora::shared_memory {

inline constexpr std::uint32_t bell_parked = 1U << 31;
inline constexpr std::uint32_t bell_parked_fd = 1U << 30;
inline constexpr std::uint32_t bell_control = 1U << 29;
inline constexpr std::uint32_t bell_groups = 29;
/// Everything that is a reason to be awake.
inline constexpr std::uint32_t bell_ready = bell_control | (bell_control - 1);

constexpr std::uint32_t bell_bit_of_input(std::uint32_t input) {
  return 1U << (input % bell_groups);
}

/// What a ringer owes the sleeper.
struct Wake {
  bool futex = false;
  bool event_fd = false;
  explicit operator bool() const { return futex || event_fd; }
};

template <typename Policy>
class Doorbell {
 public:
  using Word = typename Policy::template Atomic<std::uint32_t>;

  explicit Doorbell(Word& word) : word_(&word) {}

  /// Announces `bits`. What was written before is seen by whoever takes them. The caller performs
  /// the wake it is told (wake_futex, or a write to the event descriptor); it may do so later.
  Wake ring(std::uint32_t bits) {
    bits &= bell_ready;
    if constexpr (Policy::has_fence) {
      Policy::fence();
      // relaxed: if this is a value from before a take, then the fence of that take comes after
      // ours, and who took looks for messages behind it.
      if ((word_->load(std::memory_order_relaxed) & bits) == bits) return {};
    }
    // release: what was written before is visible to who takes the bit. Nothing is acquired: "the
    // bit was set already" only means that a take comes later, and that take sees what came before.
    const std::uint32_t old = word_->fetch_or(bits, std::memory_order_release);
    if ((old & bell_ready) != 0) return {};  // whoever rang before has woken, or is about to wake
    return {.futex = (old & bell_parked) != 0, .event_fd = (old & bell_parked_fd) != 0};
  }

  /// As ring(), but wakes a sleeper also when bits were set before: for the daemon, which rings on
  /// behalf of a producer that may have died between its ring and its wake.
  Wake ring_insistently(std::uint32_t bits) {
    const std::uint32_t old = word_->fetch_or(bits & bell_ready, std::memory_order_release);
    return {.futex = (old & bell_parked) != 0, .event_fd = (old & bell_parked_fd) != 0};
  }

  /// Takes the ready bits, all of them. Leaves the parked bits of others alone. Look for messages
  /// afterwards, not before.
  std::uint32_t take() {
    // acquire: what every ringer since the last take wrote before its ring is visible. All changes
    // of the word are read-modify-writes, so each ring heads a release sequence up to here.
    const std::uint32_t taken = word_->fetch_and(~bell_ready, std::memory_order_acquire);
    // See ring(): messages behind which nobody rings are visible from here on.
    if constexpr (Policy::has_fence) Policy::fence();
    return taken & bell_ready;
  }

  /// The ready bits at this moment, without taking them. A hint, for spinning: nothing read after
  /// it is ordered by it.
  std::uint32_t ready() const { return word_->load(std::memory_order_relaxed) & bell_ready; }

  /// The same, and what their ringers wrote before is visible. Whoever finds nothing behind them
  /// must take() them before it waits, and look again.
  std::uint32_t glance() const {
    // acquire: as in take(). The bits stay set, so nothing that comes later can be missed.
    return word_->load(std::memory_order_acquire) & bell_ready;
  }

  // Below everything is relaxed: parked bits carry no message; it is their place in the order of
  // changes of the one word that counts, and that all orderings have. take() acquires.

  /// Sleeps until a ready bit is set, `deadline_ns` passes, or a signal arrives. Woken means that
  /// take() is worth a try; another thread may have taken the bits meanwhile. One thread at a time.
  WaitResult wait(std::int64_t deadline_ns) {
    WaitResult result = WaitResult::Woken;
    while (result == WaitResult::Woken) {
      const std::uint32_t seen =
          word_->fetch_or(bell_parked, std::memory_order_relaxed) | bell_parked;
      if ((seen & bell_ready) != 0) break;
      // Also after a wake-up: another thread may have taken the bit before us. The kernel compares
      // the whole word with `seen`: a ring since then, or an event loop that armed or disarmed,
      // makes it return at once.
      crash_point("consumer.parked");
      result = Policy::wait(*word_, seen, deadline_ns);
    }
    const std::uint32_t last = word_->fetch_and(~bell_parked, std::memory_order_relaxed);
    return (last & bell_ready) != 0 ? WaitResult::Woken : result;
  }

  /// For event loops: asks for a write to the event descriptor at the next ring. False, and nothing
  /// is armed, when a ready bit is set already.
  bool arm() {
    std::uint32_t seen = word_->load(std::memory_order_relaxed);  // the exchange below checks it
    do {
      if ((seen & bell_ready) != 0) return false;
    } while (!word_->compare_exchange_strong(seen, seen | bell_parked_fd, std::memory_order_relaxed,
                                             std::memory_order_relaxed));
    return true;
  }

  /// The event loop is awake: rings need not write to the event descriptor any more.
  void disarm() { word_->fetch_and(~bell_parked_fd, std::memory_order_relaxed); }

  void wake_futex() { Policy::wake(*word_, 1); }

 private:
  Word* word_;
};

}  // namespace dora::shared_memory

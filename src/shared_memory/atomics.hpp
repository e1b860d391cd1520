#pragma once
// SPDX-License-Identifier: Apache-2.0
// The memory operations of the lock-free parts, as a policy. Programs use SystemAtomics; the
// interleaving explorer (src/interleaving) runs the very same code with atomics of its own, which
// may show every value that C++ allows, stale ones included.
//
// A policy has: Atomic<T> with the members of std::atomic that take explicit orderings; fence(), a
// sequentially consistent one; wait(word, expected, deadline_ns) and wake(word, count) with the
// meaning of futex(2).

#include <atomic>
#include <cstdint>
#include <limits>

namespace dora::shared_memory {

enum class WaitResult {
  Woken,        ///< a wake-up arrived, or there was no reason to wait
  TimedOut,     ///< the deadline passed
  Interrupted,  ///< a signal handler ran
};

/// As a deadline: none.
inline constexpr std::int64_t no_deadline = std::numeric_limits<std::int64_t>::max();
/// As a count: wakes everybody who waits.
inline constexpr int everybody = std::numeric_limits<int>::max();

struct SystemAtomics {
  template <typename T>
  using Atomic = std::atomic<T>;
  /// Whether fence() is one. ThreadSanitizer knows none: then do without.
#ifdef __SANITIZE_THREAD__
  static constexpr bool has_fence = false;
  static void fence() {}
#else
  static constexpr bool has_fence = true;
  /// Of two of these one comes first, and who comes second sees what the other wrote before.
  static void fence() { std::atomic_thread_fence(std::memory_order_seq_cst); }
#endif

  /// Sleeps while `word` equals `expected`, at most until `deadline_ns` (CLOCK_MONOTONIC). The word
  /// may lie in memory shared between processes. May return Woken without a reason.
  static WaitResult wait(std::atomic<std::uint32_t>& word, std::uint32_t expected,
                         std::int64_t deadline_ns);
  /// Wakes up to `count` of those who wait on `word`.
  static void wake(std::atomic<std::uint32_t>& word, int count);
};

/// In a loop that waits for another processor: leaves this one's units to its sibling.
inline void relax_processor() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

static_assert(std::atomic<std::uint32_t>::is_always_lock_free &&
              sizeof(std::atomic<std::uint32_t>) == 4);
static_assert(std::atomic<std::uint64_t>::is_always_lock_free &&
              sizeof(std::atomic<std::uint64_t>) == 8);

}  // namespace dora::shared_memory

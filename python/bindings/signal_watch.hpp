#pragma once
// SPDX-License-Identifier: Apache-2.0
// Lets a signal end a wait of the main thread, whatever thread the kernel picks to run its handler,
// and also when it comes just before the wait begins.
//
// Python's own handlers only make a note, which the main thread must look for; a futex that goes to
// sleep after the note was made sleeps on. So while a SignalWatch lives, every handler that was
// installed runs as before and then nudges the node. Looking every 100 ms would do, too, but an
// idle node has nothing to wake up for.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

#include <dora/host.h>

#include "python.hpp"

namespace dora::python {

/// Main thread only, nested at most (a Python handler may wait, too), with the GIL when it is made
/// and destroyed. Make it, read dora_node_nudges, run PyErr_CheckSignals, then wait. `node` must
/// outlive it.
class SignalWatch {
 public:
  explicit SignalWatch(dora_node* node);
  ~SignalWatch();
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;

 private:
  dora_node* outer_;  ///< of the watch in which this one is nested
};

/// The rounds of one wait without the GIL. For the first 100 ms it costs nothing: a signal that
/// comes just before the sleep is seen after them. From then on it does not wake up for nothing.
/// Only the main thread runs Python's signal handlers; others need no watch.
class Wait {
 public:
  explicit Wait(dora_node* node) : node_(node) {}

  /// With the GIL, before dora_node_nudges is read and signals are looked for.
  void begin_round() {
    const auto now = Clock::now();
    if (begin_ == Clock::time_point()) begin_ = now;
    cheap_ = std::max(begin_ + cheap_time - now, Clock::duration::zero());
    if (cheap_ == Clock::duration::zero() && !watch_ && is_main_thread()) watch_.emplace(node_);
  }
  /// How long to sleep in this round, of `left_ns` (negative: without an end).
  std::int64_t slice(std::int64_t left_ns) const {
    if (cheap_ == Clock::duration::zero()) return left_ns;
    return left_ns < 0 ? cheap_.count() : std::min(left_ns, cheap_.count());
  }
  /// A round of a call that takes no time-out (dora_thread_limit_waits), without the GIL.
  template <typename Function>
  dora_status run_round(std::uint32_t seen_nudges, Function&& function) const {
    return without_gil([&] {
      dora_thread_limit_waits(slice(-1), seen_nudges);
      const dora_status status = function();
      dora_thread_unlimit_waits();
      return status;
    });
  }

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::milliseconds cheap_time{100};

  dora_node* node_;
  Clock::time_point begin_;
  Clock::duration cheap_{};
  std::optional<SignalWatch> watch_;
};

}  // namespace dora::python

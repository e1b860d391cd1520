// SPDX-License-Identifier: Apache-2.0
// How the threads of a node wait: one sleeps on its doorbell, the others for their turn.
#include <algorithm>

#include "base/clock.hpp"
#include "node/node.hpp"

namespace dora::node {
namespace {

using shared_memory::WaitResult;

/// A node with `latency: busy` looks for signals this often.
constexpr std::int64_t spin_slice_ns = 50'000'000;
/// And at the clock after so many looks into its queues.
constexpr int polls_per_clock = 64;

}  // namespace

[[gnu::hot]] WaitResult Node::wait_locked(std::unique_lock<std::mutex>& lock,
                                          std::int64_t deadline_ns, std::uint32_t seen_turn,
                                          std::uint32_t seen_nudges) {
  if (turn_taken_) return wait_for_turn(lock, deadline_ns, seen_turn);
  turn_taken_ = true;
  nudges_of_turn_ = seen_nudges;
  lock.unlock();
  WaitResult result = sleep_on_doorbell(deadline_ns);
  lock.lock();
  turn_taken_ = false;
  // Whoever queues may have more to take, or must take over the watch.
  if (turn_waiters_ > 0) pass_the_turn();
  return result;
}

// A doorbell that stands rung is not rung again (doorbell.hpp): then the one word that a sender
// writes, and this node reads, is the position of the queue. Each word less is half of what a
// message costs between two processors.
[[gnu::hot]] WaitResult Node::poll_locked(std::unique_lock<std::mutex>& lock,
                                          std::int64_t deadline_ns, std::uint32_t seen_nudges) {
  turn_taken_ = true;
  nudges_of_turn_ = seen_nudges;
  const std::int64_t end_ns = std::min(deadline_ns, monotonic_ns() + spin_slice_ns);
  WaitResult result = WaitResult::Interrupted;  // signals do not: let the caller look
  do {
    for (int i = 0; i < polls_per_clock && result == WaitResult::Interrupted; ++i) {
      lock.unlock();
      shared_memory::relax_processor();
      lock.lock();
      // An order, a nudge, or another thread took the bits: look in the ordinary way.
      if (!glance_at_doorbell_locked() || inbox_->has_message()) result = WaitResult::Woken;
    }
  } while (result == WaitResult::Interrupted && monotonic_ns() < end_ns);
  turn_taken_ = false;
  if (turn_waiters_ > 0) pass_the_turn();
  return result == WaitResult::Interrupted && end_ns == deadline_ns ? WaitResult::TimedOut : result;
}

WaitResult Node::wait_for_turn(std::unique_lock<std::mutex>& lock, std::int64_t deadline_ns,
                               std::uint32_t seen_turn) {
  ++turn_waiters_;
  lock.unlock();
  WaitResult result = shared_memory::SystemAtomics::wait(turn_word_, seen_turn, deadline_ns);
  lock.lock();
  --turn_waiters_;
  return result;
}

void Node::pass_the_turn() {
  turn_word_.fetch_add(1, std::memory_order_relaxed);
  shared_memory::SystemAtomics::wake(turn_word_, 1);
}

[[gnu::hot]] WaitResult Node::sleep_on_doorbell(std::int64_t deadline_ns) {
  if (setup_.busy) return spin_on_doorbell(deadline_ns);
  if (!spin_budget_.is_allowed()) return sleep_undisturbed(deadline_ns);
  const std::int64_t begin = monotonic_ns();
  const std::int64_t budget = std::min(spin_budget_.next_ns(), deadline_ns - begin);
  WaitResult result = WaitResult::Woken;
  if (budget <= 0 || !bell_->spin(budget)) result = sleep_undisturbed(deadline_ns);
  if (result == WaitResult::Woken) spin_budget_.on_rung(monotonic_ns() - begin);
  return result;
}

[[gnu::hot]] WaitResult Node::sleep_undisturbed(std::int64_t deadline_ns) {
  for (;;) {
    // When nothing is left to be given back, the sleep is undisturbed.
    const std::int64_t tend_ns = outbox_.tend_memory(monotonic_ns());
    const WaitResult result = bell_->wait(std::min(tend_ns, deadline_ns));
    if (result != WaitResult::TimedOut || deadline_ns <= tend_ns) return result;
  }
}

[[gnu::hot]] WaitResult Node::spin_on_doorbell(std::int64_t deadline_ns) {
  if (bell_->is_ready()) return WaitResult::Woken;
  const std::int64_t left = deadline_ns - monotonic_ns();
  if (left <= 0) return WaitResult::TimedOut;
  if (bell_->spin(std::min(left, spin_slice_ns))) return WaitResult::Woken;
  // Signals do not interrupt a spin: let the caller look.
  return left <= spin_slice_ns ? WaitResult::TimedOut : WaitResult::Interrupted;
}

}  // namespace dora::node

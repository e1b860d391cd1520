// SPDX-License-Identifier: Apache-2.0
#include "shared_memory/atomics.hpp"

#include <cerrno>

#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

namespace dora::shared_memory {

[[gnu::hot]] WaitResult SystemAtomics::wait(std::atomic<std::uint32_t>& word,
                                            std::uint32_t expected, std::int64_t deadline_ns) {
  timespec deadline{};
  timespec* limit = nullptr;
  if (deadline_ns != no_deadline) {
    if (deadline_ns < 0) deadline_ns = 0;
    deadline.tv_sec = deadline_ns / 1'000'000'000;
    deadline.tv_nsec = deadline_ns % 1'000'000'000;
    limit = &deadline;
  }
  // FUTEX_WAIT_BITSET takes an absolute CLOCK_MONOTONIC time. Not FUTEX_PRIVATE_FLAG: the word is
  // shared between processes.
  long result = ::syscall(SYS_futex, &word, FUTEX_WAIT_BITSET, expected, limit, nullptr,
                          FUTEX_BITSET_MATCH_ANY);
  if (result == 0) return WaitResult::Woken;
  if (errno == ETIMEDOUT) return WaitResult::TimedOut;
  if (errno == EINTR) return WaitResult::Interrupted;
  return WaitResult::Woken;  // EAGAIN: the word had changed already
}

[[gnu::hot]] void SystemAtomics::wake(std::atomic<std::uint32_t>& word, int count) {
  ::syscall(SYS_futex, &word, FUTEX_WAKE, count, nullptr, nullptr, 0);
}

}  // namespace dora::shared_memory

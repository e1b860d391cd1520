#pragma once
// SPDX-License-Identifier: Apache-2.0
// How long a thread waits in the calls that have no limit of their own: joining a dataflow, and
// sending where there must be room first. For hosts of other languages, which have reasons of their
// own to end a wait: see dora_thread_limit_waits in <dora/host.h>.

#include <cstdint>
#include <optional>

#include "base/clock.hpp"
#include "shared_memory/atomics.hpp"

namespace dora::node {

struct Patience {
  /// 0: what would have to wait ends at once.
  std::int64_t deadline_ns = shared_memory::no_deadline;
  /// Of the node whose call it is: more than these end the wait.
  std::optional<std::uint32_t> seen_nudges;

  bool is_nudged(std::uint32_t nudges) const { return seen_nudges && *seen_nudges != nudges; }
  bool is_over(std::uint32_t nudges) const {
    if (is_nudged(nudges) || deadline_ns == 0) return true;
    return deadline_ns != shared_memory::no_deadline && monotonic_ns() >= deadline_ns;
  }
};

/// That of the calling thread: at first without end.
inline constinit thread_local Patience patience;

}  // namespace dora::node

#pragma once
// SPDX-License-Identifier: Apache-2.0
// fork() inside a node (multiprocessing, data loaders): the child inherits objects whose shared
// pages it must not touch, as its parent still plays their part. Those pages are not mapped in the
// child at all (MADV_DONTFORK); everything that would touch them first asks
// Mapping::is_inherited(), which compares generations from here. What the child maps itself works
// as usual.

#include <atomic>
#include <cstdint>

namespace dora::shared_memory {

/// Makes fork_generation() count from now on. Cheap, any thread, any number of times.
void install_fork_guard();

namespace detail {
extern std::atomic<std::uint32_t> forks;
}  // namespace detail

/// Differs between a process and the children it forks.
inline std::uint32_t fork_generation() {
  // relaxed: written only by the child's own fork handler, before any other thread of it exists.
  return detail::forks.load(std::memory_order_relaxed);
}

}  // namespace dora::shared_memory

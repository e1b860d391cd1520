// SPDX-License-Identifier: Apache-2.0
#include "shared_memory/fork_guard.hpp"

#include <pthread.h>

namespace dora::shared_memory {

namespace detail {
std::atomic<std::uint32_t> forks{0};
}  // namespace detail

void install_fork_guard() {
  static const int installed = ::pthread_atfork(nullptr, nullptr, [] {
    detail::forks.fetch_add(1, std::memory_order_relaxed);  // see fork_generation()
  });
  static_cast<void>(installed);
}

}  // namespace dora::shared_memory

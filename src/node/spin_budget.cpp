// SPDX-License-Identifier: Apache-2.0
#include "node/spin_budget.hpp"

#include <sched.h>
#include <unistd.h>

namespace dora::node {

bool has_processors_to_spare() {
  cpu_set_t usable;
  CPU_ZERO(&usable);
  // Fails on machines with more processors than the set can name: those have enough.
  if (::sched_getaffinity(0, sizeof usable, &usable) != 0) return true;
  return may_spin(CPU_COUNT(&usable), static_cast<int>(::sysconf(_SC_NPROCESSORS_ONLN)));
}

}  // namespace dora::node

// SPDX-License-Identifier: Apache-2.0
#include "base/check.hpp"

#include <cstdio>
#include <cstdlib>

namespace dora {

void check_failed(const char* condition, const char* file, int line) noexcept {
  std::fprintf(stderr, "dora: internal error: %s does not hold (%s:%d). This is a bug of dora.\n",
               condition, file, line);
  std::abort();
}

}  // namespace dora

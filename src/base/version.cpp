// SPDX-License-Identifier: Apache-2.0
#include "base/version.hpp"

namespace dora {

std::string_view version() {
  return DORA_VERSION;
}

}  // namespace dora

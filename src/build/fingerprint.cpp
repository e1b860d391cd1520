// SPDX-License-Identifier: Apache-2.0
#include "build/fingerprint.hpp"

#include <fmt/format.h>

namespace dora::build {

void Fingerprint::add(std::string_view part) {
  for (std::size_t length = part.size(), i = 0; i < 8; ++i, length >>= 8U)
    add_byte(static_cast<unsigned char>(length));
  for (const char byte : part)
    add_byte(static_cast<unsigned char>(byte));
}

void Fingerprint::add_byte(unsigned char byte) {
  value_ = (value_ ^ byte) * 1099511628211U;
}

std::string Fingerprint::text() const {
  return fmt::format("{:016x}", value_);
}

}  // namespace dora::build

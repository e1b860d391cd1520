// SPDX-License-Identifier: Apache-2.0
#include "base/random.hpp"

#include <array>

#include <fmt/format.h>
#include <sys/random.h>

#include "base/check.hpp"
#include "base/clock.hpp"
#include "base/file_descriptor.hpp"

namespace dora {

void fill_random(std::span<unsigned char> bytes) {
  while (!bytes.empty()) {
    auto count = retry_interrupted([&] { return ::getrandom(bytes.data(), bytes.size(), 0); });
    CHECK(count > 0);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
}

std::string new_uuid() {
  std::array<unsigned char, 16> bytes{};
  fill_random(bytes);
  auto milliseconds = static_cast<std::uint64_t>(realtime_ns() / 1'000'000);
  for (int i = 0; i < 6; ++i) {
    bytes[i] = static_cast<unsigned char>(milliseconds >> (8 * (5 - i)));
  }
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0F) | 0x70);  // version 7
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3F) | 0x80);  // RFC variant
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += fmt::format("{:02x}", bytes[i]);
  }
  return text;
}

}  // namespace dora

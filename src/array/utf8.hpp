#pragma once
// SPDX-License-Identifier: Apache-2.0
// Whether bytes are UTF-8.

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace dora::array {

inline bool is_utf8(const std::byte* bytes, std::int64_t size) {
  const auto* at = reinterpret_cast<const unsigned char*>(bytes);
  const auto* end = at + size;
  while (at < end) {
    std::uint64_t eight = 0;
    if (end - at >= 8) {
      std::memcpy(&eight, at, 8);
      if ((eight & 0x8080808080808080U) == 0) {
        at += 8;
        continue;
      }
    }
    if (*at < 0x80) {
      ++at;
      continue;
    }
    // The second byte's range excludes overlong forms, surrogates and what lies beyond U+10FFFF.
    unsigned char lead = *at;
    int more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
    unsigned char least = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    unsigned char most = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    if (lead < 0xc2 || lead > 0xf4 || end - at <= more) return false;
    if (at[1] < least || at[1] > most) return false;
    for (int i = 2; i <= more; ++i) {
      if (at[i] < 0x80 || at[i] > 0xbf) return false;
    }
    at += more + 1;
  }
  return true;
}

}  // namespace dora::array

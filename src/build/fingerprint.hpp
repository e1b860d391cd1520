#pragma once
// SPDX-License-Identifier: Apache-2.0
// What a build was made from, as one word: when it differs, something changed.

#include <cstdint>
#include <string>
#include <string_view>

namespace dora::build {

/// FNV-1a over parts, each with its length before it. No secret: it finds changes, not forgeries.
class Fingerprint {
 public:
  void add(std::string_view part);
  /// Sixteen hexadecimal digits.
  std::string text() const;

 private:
  void add_byte(unsigned char byte);

  std::uint64_t value_ = 14695981039346656037U;
};

}  // namespace dora::build

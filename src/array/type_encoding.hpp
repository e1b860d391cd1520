#pragma once
// SPDX-License-Identifier: Apache-2.0
// The pieces of an encoded type; docs/array-body.md describes them to the byte.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace dora::array {

inline constexpr std::uint32_t type_version = 1;

/// The flags of a column: below, those of the C data interface; above, what follows in the
/// encoding.
inline constexpr std::uint32_t arrow_flags = 7;
inline constexpr std::uint32_t has_metadata_flag = 1 << 8;
inline constexpr std::uint32_t has_dictionary_flag = 1 << 9;

class TypeWriter {
 public:
  void number(std::uint32_t value) { raw(std::as_bytes(std::span(&value, 1))); }
  /// With a NUL behind, so that it can be pointed to as a C string.
  void text(std::string_view text) {
    metadata(text);
    bytes_.push_back(std::byte{0});
  }
  void metadata(std::string_view text) {
    number(static_cast<std::uint32_t>(text.size()));
    raw(std::as_bytes(std::span(text)));
  }
  void raw(std::span<const std::byte> bytes) {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  }
  std::span<const std::byte> bytes() const { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
};

/// Reads what TypeWriter wrote; nothing where the bytes end too early.
class TypeReader {
 public:
  explicit TypeReader(std::span<const std::byte> bytes) : rest_(bytes) {}

  std::optional<std::uint32_t> number() {
    std::uint32_t value = 0;
    if (rest_.size() < sizeof(value)) return std::nullopt;
    std::memcpy(&value, rest_.data(), sizeof(value));
    rest_ = rest_.subspan(sizeof(value));
    return value;
  }
  /// Nothing also if the text holds a NUL or none follows it.
  std::optional<std::string_view> text() {
    auto text = metadata();
    if (!text || rest_.empty() || rest_[0] != std::byte{0}) return std::nullopt;
    if (text->find('\0') != std::string_view::npos) return std::nullopt;
    rest_ = rest_.subspan(1);
    return text;
  }
  std::optional<std::string_view> metadata() {
    auto size = number();
    if (!size || *size > rest_.size()) return std::nullopt;
    std::string_view text(reinterpret_cast<const char*>(rest_.data()), *size);
    rest_ = rest_.subspan(*size);
    return text;
  }
  std::span<const std::byte> rest() const { return rest_; }

 private:
  std::span<const std::byte> rest_;
};

}  // namespace dora::array

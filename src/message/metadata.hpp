#pragma once
// SPDX-License-Identifier: Apache-2.0
// The metadata of a message: names with typed values, as bytes in front of the payload.
//
// Entries follow each other in key order, each padded to 8 bytes (docs/shared-memory.md):
//   kind u8 | 0 u8 | key length u16 | value length u32 | key | value | padding
// Numbers are little endian; a list of strings is u32 length + bytes, repeated.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace dora::message {

enum class ValueKind : std::uint8_t {
  Bool = 1,
  Integer = 2,
  Float = 3,
  String = 4,
  ListInteger = 5,
  ListFloat = 6,
  ListString = 7,
  Timestamp = 8,  ///< nanoseconds since the Unix epoch
};

inline constexpr std::size_t max_metadata_bytes = 64UZ * 1024;
inline constexpr std::size_t max_metadata_entries = 256;

/// Collects entries to be sent. A key that is set again keeps the later value; keys that begin with
/// "__dora_" are left out. Setting fails with InvalidInput when the key is empty or a limit is
/// passed.
class MetadataWriter {
 public:
  Result<> set_bool(std::string_view key, bool value);
  Result<> set_integer(std::string_view key, std::int64_t value);
  Result<> set_float(std::string_view key, double value);
  Result<> set_string(std::string_view key, std::string_view value);
  Result<> set_integers(std::string_view key, std::span<const std::int64_t> values);
  Result<> set_floats(std::string_view key, std::span<const double> values);
  Result<> set_strings(std::string_view key, std::span<const std::string_view> values);
  Result<> set_timestamp(std::string_view key, std::int64_t nanoseconds);
  void clear();

  std::size_t size_bytes() const { return size_bytes_; }
  bool is_empty() const { return entries_.empty(); }
  /// Writes size_bytes() bytes.
  void write(std::byte* destination) const;

  /// Whether the message belongs to a request or goal, and must never be evicted from a queue.
  bool is_correlated() const;
  /// Whether the message discards what is queued before it.
  bool is_flush() const { return flush_; }

 private:
  struct Entry {
    std::string key;
    ValueKind kind;
    std::string value;
    std::size_t size_bytes() const;
  };
  Result<> set(std::string_view key, ValueKind kind, std::string value);

  std::vector<Entry> entries_;  // in key order
  std::size_t size_bytes_ = 0;
  bool flush_ = false;
};

/// One entry of received metadata; views into the received bytes.
struct MetadataEntry {
  std::string_view key;
  ValueKind kind = ValueKind::Bool;
  std::span<const std::byte> value;

  bool as_bool() const;
  std::int64_t as_integer() const;  ///< also Timestamp
  double as_float() const;
  std::string_view as_string() const;
  /// Elements of a list of numbers (8 bytes each), or of strings.
  std::size_t list_size() const;
  std::string_view string_at(std::size_t index) const;
};

/// Reads received bytes. They come from another process: anything malformed ends the list with an
/// error, nothing is read out of bounds, and every entry returned is well-formed.
Result<std::vector<MetadataEntry>> read_metadata(std::span<const std::byte> bytes);

}  // namespace dora::message

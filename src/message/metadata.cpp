// SPDX-License-Identifier: Apache-2.0
#include "message/metadata.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include <fmt/format.h>

namespace dora::message {
namespace {

constexpr std::size_t head_bytes = 8;

std::size_t padded(std::size_t size) {
  return (size + 7) & ~std::size_t{7};
}

template <typename T>
std::string bytes_of(std::span<const T> values) {
  return {reinterpret_cast<const char*>(values.data()), values.size_bytes()};
}

template <typename T>
T read_at(std::span<const std::byte> bytes, std::size_t offset = 0) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

bool is_valid(ValueKind kind, std::span<const std::byte> value) {
  switch (kind) {
    case ValueKind::Bool:
      return value.size() == 1;
    case ValueKind::Integer:
    case ValueKind::Float:
    case ValueKind::Timestamp:
      return value.size() == 8;
    case ValueKind::String:
      return true;
    case ValueKind::ListInteger:
    case ValueKind::ListFloat:
      return value.size() % 8 == 0;
    case ValueKind::ListString: {
      std::size_t at = 0;
      while (at < value.size()) {
        if (value.size() - at < 4) return false;
        std::size_t length = read_at<std::uint32_t>(value, at);
        if (value.size() - at - 4 < length) return false;
        at += 4 + length;
      }
      return true;
    }
  }
  return false;
}

}  // namespace

std::size_t MetadataWriter::Entry::size_bytes() const {
  return padded(head_bytes + key.size() + value.size());
}

Result<> MetadataWriter::set(std::string_view key, ValueKind kind, std::string value) {
  if (key.empty()) return fail(ErrorKind::InvalidInput, "a metadata key must not be empty");
  if (key.starts_with("__dora_")) return {};
  auto place = std::ranges::lower_bound(entries_, key, {}, &Entry::key);
  bool exists = place != entries_.end() && place->key == key;
  std::size_t before = exists ? place->size_bytes() : 0;
  std::size_t after = padded(head_bytes + key.size() + value.size());
  if (size_bytes_ - before + after > max_metadata_bytes) {
    return fail(ErrorKind::InvalidInput,
                fmt::format("metadata is limited to {} bytes in all; '{}' passes that: send large "
                            "values as payload",
                            max_metadata_bytes, key.substr(0, 64)));
  }
  if (!exists && entries_.size() == max_metadata_entries) {
    return fail(ErrorKind::InvalidInput,
                fmt::format("metadata is limited to {} keys", max_metadata_entries));
  }
  if (key == "flush") flush_ = kind == ValueKind::Bool && value[0] != 0;
  size_bytes_ = size_bytes_ - before + after;
  if (exists) {
    place->kind = kind;
    place->value = std::move(value);
  } else {
    entries_.insert(place, Entry{std::string(key), kind, std::move(value)});
  }
  return {};
}

Result<> MetadataWriter::set_bool(std::string_view key, bool value) {
  return set(key, ValueKind::Bool, std::string(1, value ? '\1' : '\0'));
}
Result<> MetadataWriter::set_integer(std::string_view key, std::int64_t value) {
  return set(key, ValueKind::Integer, bytes_of(std::span<const std::int64_t>(&value, 1)));
}
Result<> MetadataWriter::set_float(std::string_view key, double value) {
  return set(key, ValueKind::Float, bytes_of(std::span<const double>(&value, 1)));
}
Result<> MetadataWriter::set_string(std::string_view key, std::string_view value) {
  return set(key, ValueKind::String, std::string(value));
}
Result<> MetadataWriter::set_integers(std::string_view key, std::span<const std::int64_t> values) {
  return set(key, ValueKind::ListInteger, bytes_of(values));
}
Result<> MetadataWriter::set_floats(std::string_view key, std::span<const double> values) {
  return set(key, ValueKind::ListFloat, bytes_of(values));
}
Result<> MetadataWriter::set_strings(std::string_view key,
                                     std::span<const std::string_view> values) {
  std::string bytes;
  for (std::string_view text : values) {
    auto length = static_cast<std::uint32_t>(text.size());
    bytes.append(reinterpret_cast<const char*>(&length), sizeof length);
    bytes.append(text);
  }
  return set(key, ValueKind::ListString, std::move(bytes));
}
Result<> MetadataWriter::set_timestamp(std::string_view key, std::int64_t nanoseconds) {
  return set(key, ValueKind::Timestamp, bytes_of(std::span<const std::int64_t>(&nanoseconds, 1)));
}

void MetadataWriter::clear() {
  entries_.clear();
  size_bytes_ = 0;
  flush_ = false;
}

void MetadataWriter::write(std::byte* destination) const {
  for (const Entry& entry : entries_) {
    std::array<std::byte, head_bytes> head{};
    auto key_length = static_cast<std::uint16_t>(entry.key.size());
    auto value_length = static_cast<std::uint32_t>(entry.value.size());
    head[0] = static_cast<std::byte>(entry.kind);
    std::memcpy(&head[2], &key_length, sizeof key_length);
    std::memcpy(&head[4], &value_length, sizeof value_length);
    std::memcpy(destination, head.data(), head_bytes);
    std::memcpy(destination + head_bytes, entry.key.data(), entry.key.size());
    std::memcpy(destination + head_bytes + entry.key.size(), entry.value.data(),
                entry.value.size());
    std::size_t used = head_bytes + entry.key.size() + entry.value.size();
    std::memset(destination + used, 0, entry.size_bytes() - used);
    destination += entry.size_bytes();
  }
}

bool MetadataWriter::is_correlated() const {
  return std::ranges::any_of(entries_, [](const Entry& entry) {
    return entry.key == "request_id" || entry.key == "goal_id" || entry.key == "goal_status";
  });
}

bool MetadataEntry::as_bool() const {
  return kind == ValueKind::Bool && value[0] != std::byte{0};
}
std::int64_t MetadataEntry::as_integer() const {
  return read_at<std::int64_t>(value);
}
double MetadataEntry::as_float() const {
  return read_at<double>(value);
}
std::string_view MetadataEntry::as_string() const {
  return {reinterpret_cast<const char*>(value.data()), value.size()};
}

std::size_t MetadataEntry::list_size() const {
  if (kind != ValueKind::ListString) return value.size() / 8;
  std::size_t count = 0;
  for (std::size_t at = 0; at < value.size(); ++count) {
    at += 4 + read_at<std::uint32_t>(value, at);
  }
  return count;
}

std::string_view MetadataEntry::string_at(std::size_t index) const {
  std::size_t at = 0;
  while (index-- > 0)
    at += 4 + read_at<std::uint32_t>(value, at);
  return as_string().substr(at + 4, read_at<std::uint32_t>(value, at));
}

Result<std::vector<MetadataEntry>> read_metadata(std::span<const std::byte> bytes) {
  std::vector<MetadataEntry> entries;
  while (!bytes.empty()) {
    if (bytes.size() < head_bytes) return fail(ErrorKind::InvalidInput, "metadata is cut off");
    auto kind = static_cast<ValueKind>(bytes[0]);
    std::size_t key_length = read_at<std::uint16_t>(bytes, 2);
    std::size_t value_length = read_at<std::uint32_t>(bytes, 4);
    std::size_t size = padded(head_bytes + key_length + value_length);
    if (key_length == 0 || size > bytes.size()) {
      return fail(ErrorKind::InvalidInput, "metadata has an entry of impossible length");
    }
    auto key = bytes.subspan(head_bytes, key_length);
    auto value = bytes.subspan(head_bytes + key_length, value_length);
    if (!is_valid(kind, value)) {
      return fail(ErrorKind::InvalidInput, "metadata has an entry of impossible type");
    }
    entries.push_back({{reinterpret_cast<const char*>(key.data()), key.size()}, kind, value});
    bytes = bytes.subspan(size);
  }
  return entries;
}

}  // namespace dora::message

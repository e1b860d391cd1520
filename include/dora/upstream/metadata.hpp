#pragma once
// SPDX-License-Identifier: Apache-2.0
// Metadata as C++ nodes of dora-rs see it: kept by value, read with one getter for each type.

#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <map>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <dora/sending.hpp>
#include <dora/upstream/rust_types.hpp>

enum class MetadataValueType : std::uint8_t {
  Bool,
  Integer,
  Float,
  String,
  ListInt,
  ListFloat,
  ListString,
  Timestamp
};

/// Getters throw rust::Error when the key is missing, or its value of another type.
class Metadata final {
 public:
  Metadata() = default;
  /// That of an input.
  explicit Metadata(const dora_event* event) {
    const std::int64_t ns = dora_event_timestamp_ns(event);
    // As NTP counts: seconds in the upper half, fractions in the lower.
    timestamp_ = (static_cast<std::uint64_t>(ns / second_ns) << 32) |
                 ((static_cast<std::uint64_t>(ns % second_ns) << 32) / second_ns);
    const std::size_t count = dora_event_metadata_count(event);
    for (std::size_t i = 0; i < count; ++i) {
      dora_text key;
      dora_value value;
      if (dora_event_metadata_at(event, i, &key, &value))
        values_[std::string(key.data, key.length)] = read(value);
    }
  }

  std::uint64_t timestamp() const { return timestamp_; }

  bool get_bool(rust::Str key) const { return get<bool>(key, MetadataValueType::Bool); }
  std::int64_t get_int(rust::Str key) const {
    return get<std::int64_t>(key, MetadataValueType::Integer);
  }
  double get_float(rust::Str key) const { return get<double>(key, MetadataValueType::Float); }
  rust::String get_str(rust::Str key) const {
    return get<std::string>(key, MetadataValueType::String);
  }
  rust::Vec<std::int64_t> get_list_int(rust::Str key) const {
    return rust::Vec<std::int64_t>(get<Integers>(key, MetadataValueType::ListInt));
  }
  rust::Vec<double> get_list_float(rust::Str key) const {
    return rust::Vec<double>(get<Floats>(key, MetadataValueType::ListFloat));
  }
  rust::Vec<rust::String> get_list_string(rust::Str key) const {
    rust::Vec<rust::String> all;
    for (const std::string& each : get<Strings>(key, MetadataValueType::ListString))
      all.push_back(each);
    return all;
  }
  /// Nanoseconds since the Unix epoch.
  std::int64_t get_timestamp(rust::Str key) const {
    return get<Time>(key, MetadataValueType::Timestamp).ns;
  }
  MetadataValueType type(rust::Str key) const { return type_of(find(key)); }
  rust::Vec<rust::String> list_keys() const {
    rust::Vec<rust::String> keys;
    for (const auto& [key, value] : values_)
      keys.push_back(key);
    return keys;
  }
  rust::String get_json(rust::Str key) const { return json(find(key)); }
  rust::String to_json() const {
    std::string text = "{\"timestamp\":" + std::to_string(timestamp_) + ",\"parameters\":{";
    for (const char* separator = ""; const auto& [key, value] : values_) {
      constexpr const char* names[] = {"Bool",    "Integer",   "Float",      "String",
                                       "ListInt", "ListFloat", "ListString", "Timestamp"};
      text += separator + json(key) + ":{\"" + names[value.index()] + "\":" + json(value) + "}";
      separator = ",";
    }
    return text + "}}";
  }

  void set_bool(rust::Str key, bool value) { set(key, value); }
  void set_int(rust::Str key, std::int64_t value) { set(key, value); }
  void set_float(rust::Str key, double value) { set(key, value); }
  void set_string(rust::Str key, rust::String value) { set(key, std::string(value)); }
  void set_list_int(rust::Str key, rust::Vec<std::int64_t> value) {
    set(key, Integers(value.begin(), value.end()));
  }
  void set_list_float(rust::Str key, rust::Vec<double> value) {
    set(key, Floats(value.begin(), value.end()));
  }
  void set_list_string(rust::Str key, rust::Vec<rust::String> value) {
    Strings strings;
    for (const rust::String& each : value)
      strings.emplace_back(each);
    set(key, std::move(strings));
  }
  void set_timestamp(rust::Str key, std::int64_t ns) { set(key, Time{ns}); }

  void set_request_id(rust::String value) { set_string("request_id", std::move(value)); }
  rust::String request_id() const { return get_str("request_id"); }
  void set_goal_id(rust::String value) { set_string("goal_id", std::move(value)); }
  rust::String goal_id() const { return get_str("goal_id"); }
  void set_goal_status(rust::String value) { set_string("goal_status", std::move(value)); }
  rust::String goal_status() const { return get_str("goal_status"); }

  /// For sending. Throws dora::Error when it is too much.
  dora::Metadata to_send() const {
    dora::Metadata all;
    for (const auto& [key, value] : values_)
      std::visit([&, &name = key](const auto& each) { add(all, name, each); }, value);
    return all;
  }

 private:
  struct Time {
    std::int64_t ns;
  };
  using Integers = std::vector<std::int64_t>;
  using Floats = std::vector<double>;
  using Strings = std::vector<std::string>;
  /// In the order of MetadataValueType.
  using Value =
      std::variant<bool, std::int64_t, double, std::string, Integers, Floats, Strings, Time>;
  static constexpr std::int64_t second_ns = 1'000'000'000;

  static MetadataValueType type_of(const Value& value) {
    return static_cast<MetadataValueType>(value.index());
  }
  static const char* name_of(MetadataValueType type) {
    constexpr const char* names[] = {"bool",      "integer",     "float",        "string",
                                     "list<int>", "list<float>", "list<string>", "timestamp"};
    return names[static_cast<std::size_t>(type)];
  }

  const Value& find(rust::Str key) const {
    const auto found = values_.find(std::string(key));
    if (found != values_.end()) return found->second;
    throw rust::Error("metadata missing key '" + std::string(key) + "'");
  }
  template <typename T>
  const T& get(rust::Str key, MetadataValueType wanted) const {
    const Value& value = find(key);
    if (const T* found = std::get_if<T>(&value)) return *found;
    throw rust::Error("metadata key '" + std::string(key) + "' has type '" +
                      name_of(type_of(value)) + "', expected '" + name_of(wanted) + "'");
  }
  void set(rust::Str key, Value value) { values_[std::string(key)] = std::move(value); }

  static Value read(const dora_value& value) {
    switch (value.kind) {
      case DORA_VALUE_BOOL:
        return value.boolean;
      case DORA_VALUE_INTEGER:
        return value.integer;
      case DORA_VALUE_FLOAT:
        return value.number;
      case DORA_VALUE_STRING:
        return std::string(value.text.data, value.text.length);
      case DORA_VALUE_LIST_INTEGER:
        return copied(value.integers, value.count);
      case DORA_VALUE_LIST_FLOAT:
        return copied(value.numbers, value.count);
      case DORA_VALUE_LIST_STRING: {
        Strings strings;
        for (std::size_t i = 0; i < value.count; ++i) {
          const dora_text each = dora_value_string(&value, i);
          strings.emplace_back(each.data, each.length);
        }
        return strings;
      }
      case DORA_VALUE_TIMESTAMP:
        return Time{value.integer};
    }
    return std::string();
  }
  template <typename T>
  static std::vector<T> copied(const T* from, std::size_t count) {
    std::vector<T> copy(count);
    // May be unaligned.
    if (count > 0) std::memcpy(copy.data(), from, count * sizeof(T));
    return copy;
  }

  template <typename T>
  static void add(dora::Metadata& all, const std::string& key, const T& value) {
    if constexpr (std::is_same_v<T, Time>) {
      dora::Error::check(
          dora_metadata_set_timestamp(all.get(), {key.data(), key.size()}, value.ns));
    } else if constexpr (std::is_same_v<T, Strings>) {
      std::vector<dora_text> texts;
      for (const std::string& each : value)
        texts.push_back({each.data(), each.size()});
      dora::Error::check(dora_metadata_set_strings(all.get(), {key.data(), key.size()},
                                                   texts.data(), texts.size()));
    } else if constexpr (std::is_same_v<T, Integers> || std::is_same_v<T, Floats>) {
      all.set(key, std::span<const typename T::value_type>(value));
    } else if constexpr (std::is_same_v<T, std::string>) {
      all.set(key, std::string_view(value));
    } else {
      all.set(key, value);
    }
  }

  static std::string json(const Value& value) {
    return std::visit([](const auto& each) { return json(each); }, value);
  }
  static std::string json(bool value) { return value ? "true" : "false"; }
  static std::string json(std::int64_t value) { return std::to_string(value); }
  static std::string json(double value) {
    if (!std::isfinite(value)) return "null";
    char text[32];
    const auto end = std::to_chars(text, text + sizeof text, value).ptr;
    std::string number(text, end);
    return number.find_first_of(".e") == std::string::npos ? number + ".0" : number;
  }
  static std::string json(const std::string& value) {
    std::string text = "\"";
    for (const char letter : value) {
      if (letter == '"' || letter == '\\') {
        text += {'\\', letter};
      } else if (static_cast<unsigned char>(letter) < 0x20) {
        char code[8];
        std::snprintf(code, sizeof code, "\\u%04x", static_cast<unsigned>(letter));
        text += code;
      } else {
        text += letter;
      }
    }
    return text + '"';
  }
  /// RFC 3339 in UTC.
  static std::string json(Time value) {
    const std::int64_t fraction = ((value.ns % second_ns) + second_ns) % second_ns;
    const std::time_t seconds = (value.ns - fraction) / second_ns;
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    char text[64];
    const std::size_t length = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
    std::string all = "\"" + std::string(text, length);
    if (fraction != 0) {
      std::snprintf(text, sizeof text, ".%09d", static_cast<int>(fraction));
      all += text;
    }
    return all + "Z\"";
  }
  template <typename T>
  static std::string json(const std::vector<T>& values) {
    std::string text = "[";
    for (const char* separator = ""; const auto& each : values) {
      text += separator + json(each);
      separator = ",";
    }
    return text + "]";
  }

  std::uint64_t timestamp_ = 0;
  std::map<std::string, Value> values_;
};

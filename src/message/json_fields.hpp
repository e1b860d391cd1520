#pragma once
// SPDX-License-Identifier: Apache-2.0
// Messages as JSON objects. Each struct lists its members once, in a `fields` overload; writing and
// strict reading (nothing missing, nothing unknown, no wrong type) follow from that list.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/ids.hpp"
#include "base/result.hpp"

namespace dora::message {

class JsonWriter;
class JsonReader;

inline boost::json::value to_value(const std::string& text) {
  return boost::json::string(text);
}
inline boost::json::value to_value(bool value) {
  return value;
}
template <typename T>
  requires std::is_integral_v<T>
boost::json::value to_value(T value) {
  return value;
}
template <typename Rules>
boost::json::value to_value(const Name<Rules>& name) {
  return boost::json::string(name.text());
}
template <typename T>
boost::json::value to_value(const std::optional<T>& value) {
  return value ? to_value(*value) : boost::json::value(nullptr);
}
template <typename T>
  requires std::is_class_v<T>
boost::json::value to_value(const T& object);
template <typename T>
boost::json::value to_value(const std::vector<T>& list) {
  boost::json::array array;
  for (const auto& item : list)
    array.push_back(to_value(item));
  return array;
}

inline bool from_value(const boost::json::value& value, std::string& out) {
  if (!value.is_string()) return false;
  out = std::string(value.get_string());
  return true;
}
inline bool from_value(const boost::json::value& value, bool& out) {
  if (!value.is_bool()) return false;
  out = value.get_bool();
  return true;
}
template <typename T>
  requires std::is_integral_v<T>
bool from_value(const boost::json::value& value, T& out) {
  boost::json::error_code error;
  out = value.to_number<T>(error);
  return !error.failed() && (value.is_int64() || value.is_uint64());
}
template <typename Rules>
bool from_value(const boost::json::value& value, Name<Rules>& out) {
  std::string text;
  if (!from_value(value, text)) return false;
  auto parsed = Name<Rules>::parse(text);
  if (!parsed) return false;
  out = *std::move(parsed);
  return true;
}
template <typename T>
bool from_value(const boost::json::value& value, std::optional<T>& out) {
  if (value.is_null()) {
    out.reset();
    return true;
  }
  return from_value(value, out.emplace());
}
template <typename T>
  requires std::is_class_v<T>
bool from_value(const boost::json::value& value, T& out);
template <typename T>
bool from_value(const boost::json::value& value, std::vector<T>& out) {
  if (!value.is_array()) return false;
  out.clear();
  for (const auto& item : value.get_array()) {
    if (!from_value(item, out.emplace_back())) return false;
  }
  return true;
}

/// Collects members into an object.
class JsonWriter {
 public:
  template <typename T>
  void operator()(std::string_view key, const T& value) {
    object[key] = to_value(value);
  }
  boost::json::object object;
};

/// Takes members out of an object and notes the first that is missing or of a wrong type.
class JsonReader {
 public:
  explicit JsonReader(const boost::json::object& from) : object(from) {}
  template <typename T>
  void operator()(std::string_view key, T& value) {
    ++seen;
    const auto* found = object.if_contains(key);
    if (problem.empty() && (found == nullptr || !from_value(*found, value))) {
      problem = fmt::format("member '{}' is {}", key, found == nullptr ? "missing" : "not valid");
    }
  }
  const boost::json::object& object;
  std::size_t seen = 0;
  std::string problem;
};

template <typename T>
  requires std::is_class_v<T>
boost::json::value to_value(const T& object) {
  JsonWriter writer;
  fields(writer, const_cast<T&>(object));
  return std::move(writer.object);
}

template <typename T>
  requires std::is_class_v<T>
bool from_value(const boost::json::value& value, T& out) {
  if (!value.is_object()) return false;
  JsonReader reader(value.get_object());
  fields(reader, out);
  return reader.problem.empty() && reader.seen == reader.object.size();
}

/// Parses text from another process into an object: bounded depth, never throws.
inline Result<boost::json::object> parse_object(std::string_view text) {
  boost::json::error_code error;
  boost::json::parse_options options;
  options.max_depth = 16;
  auto value =
      boost::json::parse(boost::json::string_view(text.data(), text.size()), error, {}, options);
  if (error.failed()) return fail(ErrorKind::InvalidInput, "not JSON: " + error.message());
  if (!value.is_object()) return fail(ErrorKind::InvalidInput, "not a JSON object");
  return std::move(value.get_object());
}

/// Reads `object` into `out`; `what` names the message in the error.
template <typename T>
Result<> read_object(const boost::json::object& object, std::string_view what, T& out) {
  JsonReader reader(object);
  fields(reader, out);
  if (!reader.problem.empty()) {
    return fail(ErrorKind::InvalidInput, fmt::format("message '{}': {}", what, reader.problem));
  }
  return {};
}

}  // namespace dora::message

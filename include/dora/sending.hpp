#pragma once
// SPDX-License-Identifier: Apache-2.0
// What nodes and operators in C++ share: errors, events, metadata, and the ways to send. Thin
// owners over the C API (<dora/node.h>), whose conventions hold. C++20.

#include <chrono>
#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <dora/node.h>

namespace dora {

/// A call of the C API failed.
class Error : public std::runtime_error {
 public:
  Error(dora_status status, const std::string& message)
      : std::runtime_error(message), status_(status) {}
  dora_status status() const { return status_; }

  static void check(dora_status status) {
    if (status != DORA_OK) throw Error(status, dora_error_message());
  }

 private:
  dora_status status_;
};

/// A number that an array can have as elements.
template <typename T>
concept Number =
    (std::integral<T> || std::floating_point<T>) && !std::same_as<T, bool> && sizeof(T) <= 8;

/// The Arrow format letter of a number.
template <Number T>
constexpr char format_of() {
  constexpr int size = sizeof(T) == 1 ? 0 : sizeof(T) == 2 ? 1 : sizeof(T) == 4 ? 2 : 3;
  if constexpr (std::is_floating_point_v<T>) return size == 2 ? 'f' : 'g';
  return std::is_signed_v<T> ? "csil"[size] : "CSIL"[size];
}

/// Metadata to be sent with a message.
class Metadata {
 public:
  Metadata() : handle_(dora_metadata_create()) {}

  Metadata& set(std::string_view key, bool value) {
    return check(dora_metadata_set_bool(get(), text(key), value));
  }
  template <std::integral T>
    requires(!std::same_as<T, bool>)
  Metadata& set(std::string_view key, T value) {
    return check(dora_metadata_set_integer(get(), text(key), static_cast<std::int64_t>(value)));
  }
  Metadata& set(std::string_view key, double value) {
    return check(dora_metadata_set_float(get(), text(key), value));
  }
  Metadata& set(std::string_view key, std::string_view value) {
    return check(dora_metadata_set_string(get(), text(key), text(value)));
  }
  Metadata& set(std::string_view key, const char* value) {
    return set(key, std::string_view(value));
  }
  Metadata& set(std::string_view key, std::span<const std::int64_t> values) {
    return check(dora_metadata_set_integers(get(), text(key), values.data(), values.size()));
  }
  Metadata& set(std::string_view key, std::span<const double> values) {
    return check(dora_metadata_set_floats(get(), text(key), values.data(), values.size()));
  }
  /// Copies an entry that was received.
  Metadata& set(std::string_view key, const dora_value& value);

  dora_metadata* get() const { return handle_.get(); }

 private:
  struct Free {
    void operator()(dora_metadata* metadata) const { dora_metadata_free(metadata); }
  };
  static dora_text text(std::string_view view) { return {view.data(), view.size()}; }
  Metadata& check(dora_status status) {
    Error::check(status);
    return *this;
  }
  std::unique_ptr<dora_metadata, Free> handle_;
};

inline Metadata& Metadata::set(std::string_view key, const dora_value& value) {
  switch (value.kind) {
    case DORA_VALUE_BOOL:
      return set(key, value.boolean);
    case DORA_VALUE_INTEGER:
      return set(key, value.integer);
    case DORA_VALUE_FLOAT:
      return set(key, value.number);
    case DORA_VALUE_STRING:
      return check(dora_metadata_set_string(get(), text(key), value.text));
    case DORA_VALUE_LIST_INTEGER:
      return check(dora_metadata_set_integers(get(), text(key), value.integers, value.count));
    case DORA_VALUE_LIST_FLOAT:
      return check(dora_metadata_set_floats(get(), text(key), value.numbers, value.count));
    case DORA_VALUE_LIST_STRING: {
      std::vector<dora_text> strings;
      for (std::size_t i = 0; i < value.count; ++i)
        strings.push_back(dora_value_string(&value, i));
      return check(dora_metadata_set_strings(get(), text(key), strings.data(), strings.size()));
    }
    case DORA_VALUE_TIMESTAMP:
      return check(dora_metadata_set_timestamp(get(), text(key), value.integer));
  }
  return *this;
}

/// An event; copies share it.
class Event {
 public:
  /// Takes over the reference.
  explicit Event(dora_event* handle) : handle_(handle, Release()) {}
  /// Shares an event that somebody else owns.
  static Event share(dora_event* handle) { return Event(dora_event_retain(handle)); }

  dora_event_type type() const { return dora_event_get_type(get()); }
  bool is_input() const { return type() == DORA_EVENT_INPUT; }
  bool is_input(std::string_view id) const { return is_input() && this->id() == id; }
  bool is_stop() const { return type() == DORA_EVENT_STOP; }
  /// Of the input, the node or the parameter that the type speaks of; why, of a STOP.
  std::string_view id() const {
    std::size_t length = 0;
    const char* text = dora_event_id(get(), &length);
    return {text, length};
  }
  /// The text of ERROR, or the JSON of NODE_FAILED and PARAM_UPDATE.
  std::string_view text() const {
    std::size_t length = 0;
    const char* text = dora_event_text(get(), &length);
    return {text, length};
  }
  std::int64_t timestamp_ns() const { return dora_event_timestamp_ns(get()); }
  std::uint64_t sequence() const { return dora_event_sequence(get()); }

  /// The payload as an array of numbers, with its shape; nothing when it is none.
  std::optional<dora_tensor> tensor() const {
    dora_tensor tensor{};
    if (!dora_event_tensor(get(), &tensor)) return std::nullopt;
    return tensor;
  }
  /// The payload as numbers of type T, without its shape. Throws when it is anything else.
  template <Number T>
  std::span<const T> numbers() const {
    const auto found = tensor();
    if (!found || found->format != format_of<T>() || found->arrow_format[1] != '\0') {
      throw Error(DORA_INVALID_INPUT,
                  "input '" + std::string(id()) + "' has " +
                      (found ? "the Arrow format '" + std::string(found->arrow_format) + "'"
                             : std::string("no numbers")) +
                      ", not '" + format_of<T>() + "'");
    }
    std::size_t count = 1;
    for (std::int32_t i = 0; i < found->rank; ++i)
      count *= static_cast<std::size_t>(found->shape[i]);
    return {static_cast<const T*>(found->data), count};
  }
  /// The payload of a UInt8 array.
  std::span<const std::uint8_t> bytes() const { return numbers<std::uint8_t>(); }
  /// The payload without a copy; the caller releases both.
  void arrow(ArrowArray& array, ArrowSchema& schema) const {
    Error::check(dora_event_arrow(get(), &array, &schema));
  }

  /// An entry of the metadata; lives as long as the event.
  std::optional<dora_value> metadata(std::string_view key) const {
    const std::size_t count = dora_event_metadata_count(get());
    for (std::size_t i = 0; i < count; ++i) {
      dora_text name;
      dora_value value;
      if (dora_event_metadata_at(get(), i, &name, &value) &&
          std::string_view(name.data, name.length) == key)
        return value;
    }
    return std::nullopt;
  }
  /// All of it, to be passed on.
  Metadata metadata() const {
    Metadata all;
    const std::size_t count = dora_event_metadata_count(get());
    for (std::size_t i = 0; i < count; ++i) {
      dora_text name;
      dora_value value;
      if (dora_event_metadata_at(get(), i, &name, &value)) all.set({name.data, name.length}, value);
    }
    return all;
  }

  dora_event* get() const { return handle_.get(); }

 private:
  struct Release {
    void operator()(dora_event* event) const { dora_event_release(event); }
  };
  std::shared_ptr<dora_event> handle_;
};

/// The ways to send, for Node and for Sender. All of them copy the payload once; `metadata` may be
/// left out.
template <typename Derived>
class Sending {
 public:
  void send_bytes(std::string_view output, std::span<const std::uint8_t> bytes,
                  const Metadata* metadata = nullptr) {
    Error::check(self().bytes_call(self().find(output), bytes.data(), bytes.size(), raw(metadata)));
  }
  void send_bytes(std::string_view output, std::string_view text,
                  const Metadata* metadata = nullptr) {
    send_bytes(output, {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}, metadata);
  }
  /// An array of one dimension, as `pa.array` would send it.
  template <typename Range>
    requires requires(const Range& range) { std::data(range); }
  void send(std::string_view output, const Range& numbers, const Metadata* metadata = nullptr) {
    using T = std::remove_cvref_t<decltype(*std::data(numbers))>;
    const auto length = static_cast<std::int64_t>(std::size(numbers));
    send_tensor<T>(output, std::data(numbers), {&length, 1}, false, metadata);
  }
  template <Number T>
  void send(std::string_view output, T number, const Metadata* metadata = nullptr) {
    const std::int64_t one = 1;
    send_tensor<T>(output, &number, {&one, 1}, false, metadata);
  }
  /// An n-dimensional array in C order, which arrives in Python as one of numpy.
  template <Number T>
  void send_ndarray(std::string_view output, const T* data, std::span<const std::int64_t> shape,
                    const Metadata* metadata = nullptr) {
    send_tensor<T>(output, data, shape, true, metadata);
  }

 protected:
  static const dora_metadata* raw(const Metadata* metadata) {
    return metadata == nullptr ? nullptr : metadata->get();
  }

 private:
  Derived& self() { return static_cast<Derived&>(*this); }

  template <Number T>
  void send_tensor(std::string_view output, const T* data, std::span<const std::int64_t> shape,
                   bool is_ndarray, const Metadata* metadata) {
    const char format[] = {format_of<T>(), '\0'};
    dora_tensor tensor{};
    tensor.data = data;
    tensor.shape = shape.data();
    tensor.rank = static_cast<std::int32_t>(shape.size());
    tensor.format = format[0];
    tensor.item_bits = sizeof(T) * 8;
    tensor.is_ndarray = is_ndarray;
    tensor.arrow_format = format;
    Error::check(self().tensor_call(self().find(output), &tensor, raw(metadata)));
  }
};

}  // namespace dora

#pragma once
// SPDX-License-Identifier: Apache-2.0
// The types `rust::...` in which the C++ API of dora-rs speaks, as far as nodes and operators use
// them: plain owners over the standard library. C++20.

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <initializer_list>
#include <memory>
#include <ostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rust {

/// What the functions that give a result throw.
class Error final : public std::exception {
 public:
  explicit Error(std::string text) : text_(std::move(text)) {}
  const char* what() const noexcept override { return text_.c_str(); }

 private:
  std::string text_;
};

class Str;

/// UTF-8 text with an owner.
class String final {
 public:
  String() = default;
  // NOLINTBEGIN(google-explicit-constructor): texts are passed as they come.
  String(const std::string& text) : text_(text) {}
  String(std::string&& text) : text_(std::move(text)) {}
  String(const char* text) : text_(text) {}
  inline String(Str text);
  // NOLINTEND(google-explicit-constructor)
  String(const char* text, std::size_t size) : text_(text, size) {}

  explicit operator std::string() const { return text_; }

  const char* data() const noexcept { return text_.data(); }
  const char* c_str() const { return text_.c_str(); }
  std::size_t size() const noexcept { return text_.size(); }
  std::size_t length() const noexcept { return text_.size(); }
  bool empty() const noexcept { return text_.empty(); }
  auto begin() noexcept { return text_.begin(); }
  auto end() noexcept { return text_.end(); }
  auto begin() const noexcept { return text_.begin(); }
  auto end() const noexcept { return text_.end(); }

  auto operator<=>(const String&) const = default;
  friend std::ostream& operator<<(std::ostream& stream, const String& text) {
    return stream << text.text_;
  }

 private:
  std::string text_;
};

/// UTF-8 text that somebody else owns; ends with no NUL.
class Str final {
 public:
  Str() = default;
  // NOLINTBEGIN(google-explicit-constructor): texts are passed as they come.
  Str(const String& text) : text_(text.data(), text.size()) {}
  Str(const std::string& text) : text_(text) {}
  Str(const char* text) : text_(text) {}
  // NOLINTEND(google-explicit-constructor)
  Str(const char* text, std::size_t size) : text_(text, size) {}

  explicit operator std::string() const { return std::string(text_); }

  const char* data() const noexcept { return text_.data(); }
  std::size_t size() const noexcept { return text_.size(); }
  std::size_t length() const noexcept { return text_.size(); }
  bool empty() const noexcept { return text_.empty(); }
  auto begin() const noexcept { return text_.begin(); }
  auto end() const noexcept { return text_.end(); }

  auto operator<=>(const Str&) const = default;
  friend std::ostream& operator<<(std::ostream& stream, const Str& text) {
    return stream << text.text_;
  }

 private:
  std::string_view text_;
};

inline String::String(Str text) : text_(text.data(), text.size()) {}

/// Elements that somebody else owns.
template <typename T>
class Slice final {
 public:
  using value_type = T;

  Slice() = default;
  Slice(T* data, std::size_t size) : data_(data), size_(size) {}
  template <typename Container>
    requires requires(Container& container) {
      { std::data(container) } -> std::convertible_to<T*>;
    }
  explicit Slice(Container& container) : Slice(std::data(container), std::size(container)) {}

  T* data() const noexcept { return data_; }
  std::size_t size() const noexcept { return size_; }
  std::size_t length() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  T* begin() const noexcept { return data_; }
  T* end() const noexcept { return data_ + size_; }
  T& operator[](std::size_t index) const noexcept { return data_[index]; }
  T& at(std::size_t index) const {
    if (index >= size_) throw std::out_of_range("rust::Slice");
    return data_[index];
  }
  T& front() const noexcept { return data_[0]; }
  T& back() const noexcept { return data_[size_ - 1]; }

 private:
  T* data_ = nullptr;
  std::size_t size_ = 0;
};

template <typename T>
class Vec final {
 public:
  using value_type = T;

  Vec() = default;
  Vec(std::initializer_list<T> elements) : elements_(elements) {}
  explicit Vec(std::vector<T> elements) : elements_(std::move(elements)) {}

  std::size_t size() const noexcept { return elements_.size(); }
  std::size_t length() const noexcept { return elements_.size(); }
  bool empty() const noexcept { return elements_.empty(); }
  std::size_t capacity() const noexcept { return elements_.capacity(); }
  T* data() noexcept { return elements_.data(); }
  const T* data() const noexcept { return elements_.data(); }
  T& operator[](std::size_t index) noexcept { return elements_[index]; }
  const T& operator[](std::size_t index) const noexcept { return elements_[index]; }
  T& at(std::size_t index) { return elements_.at(index); }
  const T& at(std::size_t index) const { return elements_.at(index); }
  T& front() noexcept { return elements_.front(); }
  const T& front() const noexcept { return elements_.front(); }
  T& back() noexcept { return elements_.back(); }
  const T& back() const noexcept { return elements_.back(); }
  auto begin() noexcept { return elements_.begin(); }
  auto end() noexcept { return elements_.end(); }
  auto begin() const noexcept { return elements_.begin(); }
  auto end() const noexcept { return elements_.end(); }

  void reserve(std::size_t size) { elements_.reserve(size); }
  void push_back(const T& element) { elements_.push_back(element); }
  void push_back(T&& element) { elements_.push_back(std::move(element)); }
  template <typename... Arguments>
  void emplace_back(Arguments&&... arguments) {
    elements_.emplace_back(std::forward<Arguments>(arguments)...);
  }
  void truncate(std::size_t size) { elements_.resize(std::min(size, elements_.size())); }
  void clear() { elements_.clear(); }
  void swap(Vec& other) noexcept { elements_.swap(other.elements_); }

 private:
  std::vector<T> elements_;
};

/// One object with an owner; never empty but after it was moved from.
template <typename T>
class Box final {
 public:
  using element_type = T;

  explicit Box(T&& object) : object_(std::make_unique<T>(std::move(object))) {}
  explicit Box(const T& object)
    requires std::copy_constructible<T>
      : object_(std::make_unique<T>(object)) {}
  Box(Box&&) noexcept = default;
  Box& operator=(Box&&) noexcept = default;
  Box(const Box& other)
    requires std::copy_constructible<T>
      : Box(*other) {}
  ~Box() = default;

  template <typename... Arguments>
  static Box in_place(Arguments&&... arguments) {
    return from_raw(new T(std::forward<Arguments>(arguments)...));
  }
  static Box from_raw(T* object) noexcept { return Box(std::unique_ptr<T>(object)); }
  T* into_raw() noexcept { return object_.release(); }

  T& operator*() noexcept { return *object_; }
  const T& operator*() const noexcept { return *object_; }
  T* operator->() noexcept { return object_.get(); }
  const T* operator->() const noexcept { return object_.get(); }

 private:
  explicit Box(std::unique_ptr<T> object) : object_(std::move(object)) {}
  std::unique_ptr<T> object_;
};

using error = Error;
using string = String;
using str = Str;
template <typename T>
using slice = Slice<T>;
template <typename T>
using vec = Vec<T>;
template <typename T>
using box = Box<T>;

}  // namespace rust

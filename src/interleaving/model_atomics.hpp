#pragma once
// SPDX-License-Identifier: Apache-2.0
// The policy that makes the lock-free parts of shared_memory run under the explorer. Only valid
// inside explore().

#include <atomic>
#include <cstdint>
#include <source_location>
#include <type_traits>

#include "interleaving/memory_model.hpp"
#include "shared_memory/atomics.hpp"

namespace dora::interleaving {

using Place = std::source_location;

// The steps, performed by the running execution.
std::uint32_t model_new_location(Value initial);
Value model_load(std::uint32_t location, std::memory_order order, Place place);
void model_store(std::uint32_t location, Value value, std::memory_order order, Place place);
enum class Change { Exchange, Or, And, Add, Subtract };
/// Returns the value before. `mask` cuts the result to the width of the type.
Value model_change(std::uint32_t location, Change change, Value operand, Value mask,
                   std::memory_order order, Place place);
bool model_compare_exchange(std::uint32_t location, Value& expected, Value desired,
                            std::memory_order success, std::memory_order failure, Place place);
void model_fence(Place place);
shared_memory::WaitResult model_wait(std::uint32_t location, Value expected, bool has_deadline);
void model_wake(std::uint32_t location, int count, Place place);
std::uint32_t model_new_plain();
void model_plain(std::uint32_t plain, bool is_write);

template <typename T>
class ModelAtomic {
  using Unsigned = std::make_unsigned_t<T>;
  static constexpr Value mask = static_cast<Unsigned>(-1);

 public:
  ModelAtomic() : ModelAtomic(T{}) {}
  explicit ModelAtomic(T initial) : location_(model_new_location(to_value(initial))) {}
  ModelAtomic(const ModelAtomic&) = delete;
  ModelAtomic& operator=(const ModelAtomic&) = delete;

  T load(std::memory_order order, Place place = Place::current()) const {
    return static_cast<T>(model_load(location_, order, place));
  }
  void store(T value, std::memory_order order, Place place = Place::current()) {
    model_store(location_, to_value(value), order, place);
  }
  T exchange(T value, std::memory_order order, Place place = Place::current()) {
    return change(Change::Exchange, value, order, place);
  }
  T fetch_or(T value, std::memory_order order, Place place = Place::current()) {
    return change(Change::Or, value, order, place);
  }
  T fetch_and(T value, std::memory_order order, Place place = Place::current()) {
    return change(Change::And, value, order, place);
  }
  T fetch_add(T value, std::memory_order order, Place place = Place::current()) {
    return change(Change::Add, value, order, place);
  }
  T fetch_sub(T value, std::memory_order order, Place place = Place::current()) {
    return change(Change::Subtract, value, order, place);
  }
  bool compare_exchange_strong(T& expected, T desired, std::memory_order success,
                               std::memory_order failure, Place place = Place::current()) {
    Value seen = to_value(expected);
    const bool done =
        model_compare_exchange(location_, seen, to_value(desired), success, failure, place);
    expected = static_cast<T>(seen);
    return done;
  }

  std::uint32_t location() const { return location_; }

 private:
  static Value to_value(T value) { return static_cast<Unsigned>(value); }
  T change(Change change, T operand, std::memory_order order, Place place) {
    return static_cast<T>(model_change(location_, change, to_value(operand), mask, order, place));
  }
  std::uint32_t location_;
};

struct ModelAtomics {
  template <typename T>
  using Atomic = ModelAtomic<T>;
  static constexpr bool has_fence = true;
  static void fence(Place place = Place::current()) { model_fence(place); }

  static shared_memory::WaitResult wait(ModelAtomic<std::uint32_t>& word, std::uint32_t expected,
                                        std::int64_t deadline_ns) {
    return model_wait(word.location(), expected, deadline_ns != shared_memory::no_deadline);
  }
  static void wake(ModelAtomic<std::uint32_t>& word, int count, Place place = Place::current()) {
    model_wake(word.location(), count, place);
  }
};

/// Ordinary memory: any two accesses of which one writes must be ordered by the atomics.
template <typename T>
class Plain {
 public:
  Plain() : plain_(model_new_plain()) {}
  explicit Plain(T value) : plain_(model_new_plain()), value_(value) {}
  T read() const {
    model_plain(plain_, false);
    return value_;
  }
  void write(T value) {
    model_plain(plain_, true);
    value_ = value;
  }

 private:
  std::uint32_t plain_;
  T value_{};
};

/// An event descriptor: a kernel object that orders nothing by itself.
class ModelEvent {
 public:
  ModelEvent() = default;
  void signal() {
    word_.store(1, std::memory_order_relaxed);
    ModelAtomics::wake(word_, shared_memory::everybody);
  }
  /// Sleeps until signalled; stays signalled until drain().
  void wait() { ModelAtomics::wait(word_, 0, shared_memory::no_deadline); }
  void drain() { word_.exchange(0, std::memory_order_relaxed); }

 private:
  ModelAtomic<std::uint32_t> word_{0};
};

}  // namespace dora::interleaving

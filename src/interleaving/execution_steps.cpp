// SPDX-License-Identifier: Apache-2.0
// The steps that the code under test takes, and what they may see.
#include <exception>

#include <fmt/format.h>

#include "interleaving/execution.hpp"

namespace dora::interleaving {

Value Execution::load(std::uint32_t location, std::memory_order order, const Place& place) {
  order = damaged(order, place, "load");
  point();
  const std::uint32_t newest = memory_.newest(location);
  const std::uint32_t first = is_main() ? newest : memory_.first_readable(view(), location);
  // Newest first, so that the first execution is what one would expect.
  std::uint32_t index = newest;
  if (newest != first) index -= choose(newest - first + 1);
  memory_.read(view(), location, index, order);
  const Value value = memory_.value(location, index);
  end_step(index);
  if (is_tracing_) {
    note(describe(index == newest ? "load" : "stale load", location, value, place));
  }
  return value;
}

void Execution::store(std::uint32_t location, Value value, std::memory_order order,
                      const Place& place) {
  order = damaged(order, place, "store");
  const bool is_skipped = is_damaged(place, "store", Damage::Skipped);
  point();
  if (!is_skipped) memory_.store(view(), location, value, order);
  end_step(0);
  if (is_tracing_) note(describe("store", location, value, place));
}

Value Execution::change(std::uint32_t location, const char* name,
                        const std::function<Value(Value)>& apply, std::memory_order order,
                        const Place& place) {
  order = damaged(order, place, name);
  const bool is_torn = is_damaged(place, name, Damage::Torn);
  const bool is_skipped = is_damaged(place, name, Damage::Skipped);
  point();
  const std::uint32_t index = memory_.newest(location);
  const Value old = memory_.value(location, index);
  if (is_torn) {
    memory_.read(view(), location, index, order);
    end_step(index);
    point();
    memory_.store(view(), location, apply(old), order);
    end_step(0);
  } else {
    if (is_skipped) {
      memory_.read(view(), location, index, order);
    } else {
      memory_.read_modify_write(view(), location, apply(old), order);
    }
    end_step(index);
  }
  if (is_tracing_) {
    note(describe(name, location, old, place) + fmt::format(" -> {:#x}", apply(old)));
  }
  return old;
}

bool Execution::compare_exchange(std::uint32_t location, Value& expected, Value desired,
                                 std::memory_order success, std::memory_order failure,
                                 const Place& place) {
  success = damaged(success, place, "compare_exchange");
  failure = damaged(failure, place, "compare_exchange failure");
  const bool is_torn = is_damaged(place, "compare_exchange", Damage::Torn);
  point();
  const std::uint32_t newest = memory_.newest(location);
  if (memory_.value(location, newest) == expected) {
    if (is_torn) {
      memory_.read(view(), location, newest, success);
      end_step(newest);
      point();
      memory_.store(view(), location, desired, success);
      end_step(0);
    } else {
      memory_.read_modify_write(view(), location, desired, success);
      end_step(newest);
    }
    if (is_tracing_) note(describe("compare_exchange", location, desired, place));
    return true;
  }
  // It fails, and is a load: of any value it may see, except the one that would have matched.
  const std::uint32_t first = is_main() ? newest : memory_.first_readable(view(), location);
  std::array<std::uint32_t, 64> candidates{};
  std::uint32_t count = 0;
  for (std::uint32_t index = newest + 1; index-- > first && count < candidates.size();) {
    if (memory_.value(location, index) != expected) candidates[count++] = index;
  }
  const std::uint32_t index = candidates[count > 1 ? choose(count) : 0];
  memory_.read(view(), location, index, failure);
  expected = memory_.value(location, index);
  end_step(index);
  if (is_tracing_) note(describe("failed compare_exchange", location, expected, place));
  return false;
}

void Execution::fence(const Place& place) {
  const bool is_skipped = is_damaged(place, "fence", Damage::Skipped);
  point();
  if (!is_skipped) memory_.fence(view());
  end_step(0);
  note("fence");
}

shared_memory::WaitResult Execution::wait(std::uint32_t location, Value expected,
                                          bool has_deadline) {
  point();
  if (is_main() || threads_[running_].is_unwound) return shared_memory::WaitResult::Woken;
  Thread& self = threads_[running_];
  // The kernel compares the newest value, under the lock that a waker takes too.
  const std::uint32_t newest = memory_.newest(location);
  end_step(newest);
  if (memory_.value(location, newest) != expected) {
    note(fmt::format("{} does not sleep: the word changed", self.name));
    return shared_memory::WaitResult::Woken;
  }
  note(fmt::format("{} sleeps", self.name));
  self.state = Thread::State::Asleep;
  self.sleeps_on = location;
  self.has_deadline = has_deadline;
  self.wait_result = shared_memory::WaitResult::Woken;
  point();
  end_step(static_cast<Value>(self.wait_result));
  return self.wait_result;
}

void Execution::wake(std::uint32_t location, int count, const Place& place) {
  const bool is_skipped = is_damaged(place, "wake", Damage::Skipped);
  point();
  for (Thread& thread : threads_) {
    if (is_skipped || count == 0) break;
    if (thread.state != Thread::State::Asleep || thread.sleeps_on != location) continue;
    thread.state = Thread::State::Ready;
    --count;
    note(fmt::format("{} is woken", thread.name));
  }
  end_step(0);
}

std::uint32_t Execution::new_plain() {
  plains_.emplace_back();
  return static_cast<std::uint32_t>(plains_.size() - 1);
}

void Execution::access_plain(std::uint32_t plain, bool is_write) {
  if (is_main() || threads_[running_].is_unwound) return;
  PlainData& data = plains_[plain];
  const View& known = view();
  for (std::uint32_t other = 0; other < max_threads; ++other) {
    if (other == running_) continue;
    // Every access of `other` must lie in the past of this thread.
    require(data.writers[other] <= known.clock[other],
            "race: plain data written by another thread");
    require(!is_write || data.readers[other] <= known.clock[other],
            "race: plain data still read by another thread");
  }
  // Known to whoever knows of the next step of this thread.
  (is_write ? data.writers : data.readers)[running_] = known.clock[running_];
}

// ---- what ModelAtomic calls ------------------------------------------------------------------

std::uint32_t model_new_location(Value initial) {
  return Execution::current().new_location(initial);
}

Value model_load(std::uint32_t location, std::memory_order order, Place place) {
  return Execution::current().load(location, order, place);
}

void model_store(std::uint32_t location, Value value, std::memory_order order, Place place) {
  Execution::current().store(location, value, order, place);
}

Value model_change(std::uint32_t location, Change change, Value operand, Value mask,
                   std::memory_order order, Place place) {
  const auto apply = [=](Value old) -> Value {
    switch (change) {
      case Change::Exchange:
        return operand;
      case Change::Or:
        return old | operand;
      case Change::And:
        return old & operand;
      case Change::Add:
        return (old + operand) & mask;
      case Change::Subtract:
        return (old - operand) & mask;
    }
    return old;
  };
  static constexpr const char* names[] = {"exchange", "fetch_or", "fetch_and", "fetch_add",
                                          "fetch_sub"};
  return Execution::current().change(location, names[static_cast<int>(change)], apply, order,
                                     place);
}

bool model_compare_exchange(std::uint32_t location, Value& expected, Value desired,
                            std::memory_order success, std::memory_order failure, Place place) {
  return Execution::current().compare_exchange(location, expected, desired, success, failure,
                                               place);
}

void model_fence(Place place) {
  Execution::current().fence(place);
}

shared_memory::WaitResult model_wait(std::uint32_t location, Value expected, bool has_deadline) {
  return Execution::current().wait(location, expected, has_deadline);
}

void model_wake(std::uint32_t location, int count, Place place) {
  Execution::current().wake(location, count, place);
}

std::uint32_t model_new_plain() {
  return Execution::current().new_plain();
}

void model_plain(std::uint32_t plain, bool is_write) {
  Execution::current().access_plain(plain, is_write);
}

}  // namespace dora::interleaving

// SPDX-License-Identifier: Apache-2.0
#include "interleaving/execution.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include <fmt/format.h>

#include "base/check.hpp"

namespace dora::interleaving {
namespace {

/// Unwinds a thread whose execution is over.
struct Abandon {};
struct Failure {
  std::string what;
};

/// No healthy scenario comes near it.
constexpr std::uint32_t max_steps = 2000;

thread_local Execution* running_execution = nullptr;

std::string last_part(std::string_view path) {
  return std::string(path.substr(path.rfind('/') + 1));
}

/// "evict" from "std::optional<...> ns::RingProducer<Policy>::evict() [with ...]".
std::string short_name(std::string_view function) {
  const std::string_view head = function.substr(0, function.find('('));
  return std::string(head.substr(head.find_last_of(": ") + 1));
}

}  // namespace

void require(bool condition, const char* what) {
  if (!condition) throw Failure{what};
}

const char* to_string(Damage damage) {
  switch (damage) {
    case Damage::None:
      return "none";
    case Damage::NoAcquire:
      return "no acquire";
    case Damage::NoRelease:
      return "no release";
    case Damage::Torn:
      return "torn";
    case Damage::Skipped:
      return "skipped";
  }
  return "?";
}

Outcome explore(const std::function<void(Program&)>& build, const Options& options) {
  Execution execution(options);
  return execution.explore(build);
}

Execution::Execution(const Options& options) : options_(options), main_fiber_(Fiber::of_caller()) {}

Execution& Execution::current() {
  CHECK(running_execution != nullptr);
  return *running_execution;
}

Outcome Execution::explore(const std::function<void(Program&)>& build) {
  running_execution = this;
  do {
    run_once(build);
    ++outcome_.executions;
    if (!outcome_.failure && outcome_.executions >= options_.max_executions) {
      outcome_.failure = "too many executions: make the scenario smaller";
      break;
    }
  } while (!outcome_.failure && next_choices());
  if (outcome_.failure && outcome_.trace.empty()) {
    // The same choices once more, now with a record of every step.
    is_tracing_ = true;
    run_once(build);
  }
  outcome_.states = visited_.size();
  running_execution = nullptr;
  return std::move(outcome_);
}

void Execution::run_once(const std::function<void(Program&)>& build) {
  position_ = 0;
  steps_ = 0;
  memory_.clear();
  plains_.clear();
  threads_.clear();
  end_checks_.clear();
  main_view_ = View{};
  running_ = main_thread;
  is_over_ = was_pruned_ = has_death_ = false;

  build(*this);
  for (std::uint32_t i = 0; i < threads_.size(); ++i) {
    threads_[i].view = main_view_;
    threads_[i].view.clock[i] = 1;  // nobody knows of its first steps yet
    begin_thread(i);
  }
  Fiber* first = next_fiber();
  if (first != main_fiber_.get()) Fiber::switch_to(*main_fiber_, *first);
  running_ = main_thread;
  unwind_threads();
  if (is_over_) return;  // pruned or failed
  for (const Thread& thread : threads_)
    main_view_.join(thread.view);
  try {
    for (const auto& checks : end_checks_)
      checks();
  } catch (const Failure& failure) {
    fail(failure.what);
  }
}

void Execution::thread(const char* name, std::function<void()> body) {
  CHECK(threads_.size() < main_thread);
  Thread thread;
  thread.name = name;
  thread.body = std::move(body);
  threads_.push_back(std::move(thread));
}

void Execution::mortal_thread(const char* name, std::function<void()> body) {
  thread(name, std::move(body));
  threads_.back().is_mortal = true;
}

void Execution::begin_thread(std::uint32_t number) {
  if (fibers_.size() <= number) fibers_.push_back(std::make_unique<Fiber>());
  threads_[number].fiber = fibers_[number].get();
  fibers_[number]->start([this, number]() -> Fiber* {
    Thread& self = threads_[number];
    self.has_begun = true;
    self.history = 1;  // on the way to its first step, which is not where it was
    try {
      if (!self.is_unwound) self.body();
    } catch (const Abandon&) {  // NOLINT(bugprone-empty-catch): the execution is over
    } catch (const Failure& failure) {
      fail(failure.what);
    }
    if (self.state != Thread::State::Dead) self.state = Thread::State::Ended;
    return is_over_ || self.is_unwound ? main_fiber_.get() : next_fiber();
  });
}

void Execution::unwind_threads() {
  for (std::uint32_t i = 0; i < threads_.size(); ++i) {
    Thread& thread = threads_[i];
    if (thread.state == Thread::State::Ended || !thread.has_begun) continue;
    thread.is_unwound = true;
    running_ = i;
    Fiber::switch_to(*main_fiber_, *thread.fiber);
  }
  running_ = main_thread;
}

bool Execution::next_choices() {
  // What was not reached this time belongs to a longer execution before.
  choices_.resize(position_);
  while (!choices_.empty() && choices_.back().taken + 1 == choices_.back().count) {
    choices_.pop_back();
  }
  if (choices_.empty()) return false;
  ++choices_.back().taken;
  return true;
}

std::uint32_t Execution::choose(std::uint32_t count) {
  if (position_ == choices_.size()) choices_.push_back({0, count});
  return choices_[position_++].taken;
}

std::uint64_t Execution::state_hash() const {
  std::uint64_t hash = memory_.hash();
  for (const Thread& thread : threads_) {
    hash = mix(hash, thread.history);
    hash = mix(hash, static_cast<std::uint64_t>(thread.state));
  }
  return hash;
}

Fiber* Execution::next_fiber() {
  for (;;) {
    if (is_over_) return main_fiber_.get();
    // Every thread stands before a step, sleeps, or is through. The one that ran last comes first,
    // so that the first execution has few switches.
    std::array<std::pair<std::uint32_t, Next>, 3 * max_threads> options;
    std::uint32_t count = 0;
    bool is_anybody_left = false;
    const std::uint32_t first = is_main() ? 0 : running_;
    for (std::uint32_t i = 0; i < threads_.size(); ++i) {
      const std::uint32_t number = (first + i) % static_cast<std::uint32_t>(threads_.size());
      const Thread& thread = threads_[number];
      if (thread.state == Thread::State::Ready) {
        options[count++] = {number, Next::Step};
      } else if (thread.state == Thread::State::Asleep && thread.has_deadline) {
        options[count++] = {number, Next::TimeOut};
      }
      if (thread.state == Thread::State::Ready || thread.state == Thread::State::Asleep) {
        is_anybody_left = true;
        if (thread.is_mortal && !has_death_) options[count++] = {number, Next::Die};
      }
    }
    if (!is_anybody_left) return main_fiber_.get();
    if (count == 0) {
      fail("every thread sleeps: a wake-up was lost");
      return main_fiber_.get();
    }
    if (position_ == choices_.size() && !visited_.insert(state_hash()).second) {
      is_over_ = was_pruned_ = true;
      return main_fiber_.get();
    }
    const auto [number, next] = options[choose(count)];
    Thread& thread = threads_[number];
    if (next == Next::Die) {
      thread.state = Thread::State::Dead;
      has_death_ = true;
      note(fmt::format("{} dies", thread.name));
      continue;
    }
    if (next == Next::TimeOut) {
      thread.state = Thread::State::Ready;
      thread.wait_result = shared_memory::WaitResult::TimedOut;
      note(fmt::format("{} stops waiting: deadline", thread.name));
    }
    running_ = number;
    return thread.fiber;
  }
}

void Execution::point() {
  if (is_main()) return;
  Thread& self = threads_[running_];
  if (self.is_unwound) return leave();
  if (++steps_ > max_steps) throw Failure{"an execution without end"};
  Fiber* next = next_fiber();
  if (next != self.fiber) Fiber::switch_to(*self.fiber, *next);
  if (self.is_unwound) leave();
}

void Execution::leave() {
  // Destructors that run while unwinding may take steps; nobody looks at their effect.
  if (std::uncaught_exceptions() == 0) throw Abandon{};
}

void Execution::fail(std::string what) {
  if (!outcome_.failure) outcome_.failure = std::move(what);
  is_over_ = true;
}

void Execution::end_step(Value seen) {
  if (is_main()) return;
  Thread& self = threads_[running_];
  self.history = mix(self.history, seen + 1);
  ++self.view.clock[running_];
}

void Execution::note(const std::string& step) {
  if (is_tracing_) outcome_.trace += step + "\n";
}

std::string Execution::describe(const char* operation, std::uint32_t location, Value value,
                                const Place& place) const {
  return fmt::format("{}: {} of {} (location {}): {:#x}",
                     is_main() ? "main" : threads_[running_].name, operation,
                     short_name(place.function_name()), location, value);
}

bool Execution::is_damaged(const Place& place, const char* operation, Damage damage) {
  std::uint64_t key = mix(reinterpret_cast<std::uintptr_t>(place.file_name()),
                          reinterpret_cast<std::uintptr_t>(operation));
  key = mix(key, std::uint64_t{place.line()} << 32 | place.column());
  SiteState& state = sites_[key];
  const auto index = static_cast<std::size_t>(damage);
  if (!state.is_noted[index]) {
    state.is_noted[index] = true;
    const std::string_view file = place.file_name();
    if (file.find("shared_memory/") != std::string_view::npos) {
      const Site site{last_part(file), place.line(), place.column(),
                      short_name(place.function_name()), operation};
      outcome_.possible_mutations.insert({site, damage});
      if (options_.mutation == Mutation{site, damage}) state.damage = damage;
    }
  }
  return state.damage == damage;
}

std::memory_order Execution::damaged(std::memory_order order, const Place& place,
                                     const char* operation) {
  if (is_acquire(order) && is_damaged(place, operation, Damage::NoAcquire)) {
    return is_release(order) ? std::memory_order_release : std::memory_order_relaxed;
  }
  if (is_release(order) && is_damaged(place, operation, Damage::NoRelease)) {
    return is_acquire(order) ? std::memory_order_acquire : std::memory_order_relaxed;
  }
  return order;
}

}  // namespace dora::interleaving

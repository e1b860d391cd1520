#pragma once
// SPDX-License-Identifier: Apache-2.0
// The machinery behind explore(): one execution after another, each determined by its choices.

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "interleaving/explorer.hpp"
#include "interleaving/fiber.hpp"
#include "interleaving/memory_model.hpp"
#include "interleaving/model_atomics.hpp"

namespace dora::interleaving {

class Execution final : public Program {
 public:
  explicit Execution(const Options& options);
  Outcome explore(const std::function<void(Program&)>& build);
  /// The one that runs in this thread.
  static Execution& current();

  void thread(const char* name, std::function<void()> body) override;
  void mortal_thread(const char* name, std::function<void()> body) override;
  void at_end(std::function<void()> checks) override { end_checks_.push_back(std::move(checks)); }

  std::uint32_t new_location(Value initial) { return memory_.add(initial); }
  Value load(std::uint32_t location, std::memory_order order, const Place& place);
  void store(std::uint32_t location, Value value, std::memory_order order, const Place& place);
  Value change(std::uint32_t location, const char* name, const std::function<Value(Value)>& apply,
               std::memory_order order, const Place& place);
  bool compare_exchange(std::uint32_t location, Value& expected, Value desired,
                        std::memory_order success, std::memory_order failure, const Place& place);
  void fence(const Place& place);
  shared_memory::WaitResult wait(std::uint32_t location, Value expected, bool has_deadline);
  void wake(std::uint32_t location, int count, const Place& place);
  std::uint32_t new_plain();
  void access_plain(std::uint32_t plain, bool is_write);

 private:
  struct Thread {
    enum class State { Ready, Asleep, Ended, Dead };
    std::string name;
    std::function<void()> body;
    Fiber* fiber = nullptr;
    View view;
    std::uint64_t history = 0;  ///< of everything it saw
    State state = State::Ready;
    bool is_mortal = false;
    bool has_begun = false;
    bool is_unwound = false;
    std::uint32_t sleeps_on = 0;
    bool has_deadline = false;
    shared_memory::WaitResult wait_result = shared_memory::WaitResult::Woken;
  };
  struct Choice {
    std::uint32_t taken;
    std::uint32_t count;
  };
  struct PlainData {
    std::array<std::uint16_t, max_threads> readers{};
    std::array<std::uint16_t, max_threads> writers{};
  };
  enum class Next { Step, TimeOut, Die };

  static constexpr std::uint32_t main_thread = max_threads - 1;

  void run_once(const std::function<void(Program&)>& build);
  void begin_thread(std::uint32_t number);
  void unwind_threads();
  bool next_choices();
  std::uint32_t choose(std::uint32_t count);
  Fiber* next_fiber();
  void point();
  void end_step(Value seen);
  void fail(std::string what);
  void leave();
  std::uint64_t state_hash() const;
  bool is_main() const { return running_ == main_thread; }
  View& view() { return is_main() ? main_view_ : threads_[running_].view; }
  std::memory_order damaged(std::memory_order order, const Place& place, const char* operation);
  bool is_damaged(const Place& place, const char* operation, Damage damage);
  void note(const std::string& step);
  std::string describe(const char* operation, std::uint32_t location, Value value,
                       const Place& place) const;

  Options options_;
  Outcome outcome_;
  std::vector<Choice> choices_;
  std::size_t position_ = 0;
  std::uint32_t steps_ = 0;
  std::unordered_set<std::uint64_t> visited_;
  /// By a number made of the place and the operation: which damages were noted, and the one to do.
  struct SiteState {
    std::array<bool, 5> is_noted{};
    Damage damage = Damage::None;
  };
  std::unordered_map<std::uint64_t, SiteState> sites_;

  std::unique_ptr<Fiber> main_fiber_;
  std::vector<std::unique_ptr<Fiber>> fibers_;
  std::vector<Thread> threads_;
  std::vector<std::function<void()>> end_checks_;
  Memory memory_;
  std::vector<PlainData> plains_;
  View main_view_;
  std::uint32_t running_ = main_thread;
  bool is_over_ = false;
  bool was_pruned_ = false;
  bool is_tracing_ = false;
  bool has_death_ = false;
};

}  // namespace dora::interleaving

#pragma once
// SPDX-License-Identifier: Apache-2.0
// Runs a small concurrent program in every way it can run: every order of its atomic steps, every
// value that each load may return (memory_model.hpp), death of a thread at every step if asked for.
// For tests of the lock-free parts of shared_memory, which take their atomics as a policy.
//
//   auto outcome = explore([](Program& program) {
//     auto word = std::make_shared<ModelAtomics::Atomic<std::uint32_t>>(0);
//     program.thread("writer", [=] { word->store(1, std::memory_order_release); });
//     program.thread("reader", [=] { word->load(std::memory_order_acquire); });
//     program.at_end([=] { require(word->load(std::memory_order_relaxed) == 1, "the store
//     arrived");
//     });
//   });
//   EXPECT_FALSE(outcome.failure) << outcome.trace;
//
// An execution is determined by its choices. The explorer repeats executions, depth first, changing
// the last choice each time, and leaves one as soon as it reaches a state seen before. A failure is
// a require() that does not hold, a race on plain data, or a state in which all threads sleep.

#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>

namespace dora::interleaving {

/// One execution, being built: add threads, then return.
class Program {
 public:
  virtual ~Program() = default;
  virtual void thread(const char* name, std::function<void()> body) = 0;
  /// As thread(), but it may die before any of its steps. At most one thread dies in an execution.
  virtual void mortal_thread(const char* name, std::function<void()> body) = 0;
  /// Runs after all threads ended, seeing everything they did.
  virtual void at_end(std::function<void()> checks) = 0;
};

/// Fails the execution unless `condition` holds.
void require(bool condition, const char* what);

/// How a step of the code under test is made wrong on purpose.
enum class Damage {
  None,
  NoAcquire,  ///< acquire becomes relaxed, acq_rel becomes release
  NoRelease,  ///< release becomes relaxed, acq_rel becomes acquire
  Torn,       ///< a read-modify-write becomes a load and a store
  Skipped,    ///< a store, wake or read-modify-write has no effect
};
const char* to_string(Damage damage);

/// A step in the source of the code under test.
struct Site {
  std::string file;  ///< without folders
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  std::string function;
  std::string operation;
  auto operator<=>(const Site&) const = default;
};

struct Mutation {
  Site site;
  Damage damage = Damage::None;
  auto operator<=>(const Mutation&) const = default;
};

struct Options {
  std::optional<Mutation> mutation;
  /// Gives up beyond it, with `failure`: a scenario must be explored completely.
  std::uint64_t max_executions = 20'000'000;
};

struct Outcome {
  std::uint64_t executions = 0;
  std::uint64_t states = 0;
  std::optional<std::string> failure;
  std::string trace;  ///< of the failed execution, a step per line
  /// Every damage that can be done to the steps of the code under test that were met.
  std::set<Mutation> possible_mutations;
};

Outcome explore(const std::function<void(Program&)>& build, const Options& options = {});

}  // namespace dora::interleaving

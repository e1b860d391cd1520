#pragma once
// SPDX-License-Identifier: Apache-2.0
// A stack of its own on which a function runs, switched by hand: the explorer's "threads" are
// fibers, so exactly one runs at a time and a switch costs no scheduler. Known to the sanitizers.

#include <functional>
#include <memory>

#include <ucontext.h>

namespace dora::interleaving {

#if defined(__SANITIZE_THREAD__)
#define DORA_FIBERS_ARE_SLOW 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define DORA_FIBERS_ARE_SLOW 1
#endif
#endif
/// Under ThreadSanitizer, which has to be told of every switch.
#if defined(DORA_FIBERS_ARE_SLOW)
inline constexpr bool fibers_are_slow = true;
#else
inline constexpr bool fibers_are_slow = false;
#endif

class Fiber {
 public:
  Fiber();
  ~Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  /// Prepares `body` to run at the next switch_to(). The previous body must have ended, or never
  /// begun. When `body` ends it returns the fiber to switch to.
  void start(std::function<Fiber*()> body);

  /// Leaves `from`, which must be the running one, and continues `to`.
  static void switch_to(Fiber& from, Fiber& to);

  /// Stands for the stack that the caller runs on.
  static std::unique_ptr<Fiber> of_caller();

 private:
  enum class Kind { Caller };
  explicit Fiber(Kind);
  static void enter(unsigned low, unsigned high);
  static void arrive(Fiber& at);

  ucontext_t context_{};
  std::unique_ptr<char[]> stack_;
  std::function<Fiber*()> body_;
  void* sanitizer_state_ = nullptr;  ///< ASan's fake stack, or TSan's fiber
  const void* stack_bottom_ = nullptr;
  std::size_t stack_bytes_ = 0;
};

}  // namespace dora::interleaving

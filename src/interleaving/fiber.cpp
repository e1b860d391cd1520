// SPDX-License-Identifier: Apache-2.0
#include "interleaving/fiber.hpp"

#include <cstdint>
#include <utility>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FIBER_ASAN 1
#elif __has_feature(thread_sanitizer)
#define FIBER_TSAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define FIBER_ASAN 1
#elif defined(__SANITIZE_THREAD__)
#define FIBER_TSAN 1
#endif

#if defined(FIBER_ASAN)
#include <sanitizer/common_interface_defs.h>
#elif defined(FIBER_TSAN)
#include <sanitizer/tsan_interface.h>
#endif

namespace dora::interleaving {
namespace {

constexpr std::size_t stack_size = 256 << 10;
thread_local Fiber* left = nullptr;  ///< where the switch in progress comes from

}  // namespace

Fiber::Fiber() : stack_(new char[stack_size]) {
  stack_bottom_ = stack_.get();
  stack_bytes_ = stack_size;
#if defined(FIBER_TSAN)
  sanitizer_state_ = __tsan_create_fiber(0);
#endif
}

Fiber::Fiber(Kind) {
#if defined(FIBER_TSAN)
  sanitizer_state_ = __tsan_get_current_fiber();
#endif
}

Fiber::~Fiber() {
#if defined(FIBER_TSAN)
  if (stack_ != nullptr) __tsan_destroy_fiber(sanitizer_state_);
#endif
}

std::unique_ptr<Fiber> Fiber::of_caller() {
  return std::unique_ptr<Fiber>(new Fiber(Kind::Caller));
}

void Fiber::start(std::function<Fiber*()> body) {
  body_ = std::move(body);
  ::getcontext(&context_);
  context_.uc_stack.ss_sp = stack_.get();
  context_.uc_stack.ss_size = stack_size;
  context_.uc_link = nullptr;
  // makecontext passes ints only.
  const auto address = reinterpret_cast<std::uintptr_t>(this);
  ::makecontext(&context_, reinterpret_cast<void (*)()>(&Fiber::enter), 2,
                static_cast<unsigned>(address & 0xffffffffU), static_cast<unsigned>(address >> 32));
}

void Fiber::enter(unsigned low, unsigned high) {
  // As it was put together in start(): NOLINTNEXTLINE(performance-no-int-to-ptr)
  auto* self = reinterpret_cast<Fiber*>(std::uintptr_t{high} << 32 | low);
  arrive(*self);
  Fiber* next = self->body_();
  // The stack is reused by start(), so this fiber is never continued here.
  switch_to(*self, *next);
}

void Fiber::switch_to(Fiber& from, Fiber& to) {
  left = &from;
#if defined(FIBER_ASAN)
  __sanitizer_start_switch_fiber(&from.sanitizer_state_, to.stack_bottom_, to.stack_bytes_);
#elif defined(FIBER_TSAN)
  __tsan_switch_to_fiber(to.sanitizer_state_, 0);
#endif
  ::swapcontext(&from.context_, &to.context_);
  arrive(from);
}

void Fiber::arrive([[maybe_unused]] Fiber& at) {
#if defined(FIBER_ASAN)
  __sanitizer_finish_switch_fiber(at.sanitizer_state_, &left->stack_bottom_, &left->stack_bytes_);
  at.sanitizer_state_ = nullptr;
#endif
}

}  // namespace dora::interleaving

// SPDX-License-Identifier: Apache-2.0
#include "operators/crash_report.hpp"

#include <array>
#include <csignal>
#include <cstdio>
#include <cstring>

#include <execinfo.h>
#include <unistd.h>

namespace dora::operators {
namespace {

// A signal handler sees nothing but globals.
thread_local const char* current_operator = nullptr;
std::array<char, 128> node_name{};
bool is_installed = false;

constexpr int deepest_stack = 64;
constexpr std::array fatal_signals = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
// What was to be done with each before, e.g. by Python's faulthandler.
std::array<struct sigaction, fatal_signals.size()> earlier{};

/// Stacks overflow too, so that the handler has one of its own, on each thread.
class SignalStack {
 public:
  SignalStack() {
    stack_t stack{};
    stack.ss_sp = memory_.data();
    stack.ss_size = memory_.size();
    stack_t current{};
    is_ours_ = ::sigaltstack(nullptr, &current) == 0 && (current.ss_flags & SS_DISABLE) != 0 &&
               ::sigaltstack(&stack, nullptr) == 0;
  }
  ~SignalStack() {
    if (!is_ours_) return;
    stack_t none{};
    none.ss_flags = SS_DISABLE;
    ::sigaltstack(&none, nullptr);
  }
  SignalStack(const SignalStack&) = delete;
  SignalStack& operator=(const SignalStack&) = delete;

 private:
  alignas(16) std::array<char, 64UZ * 1024> memory_;
  bool is_ours_ = false;
};

const char* name_of(int signal) {
  switch (signal) {
    case SIGSEGV:
      return "SIGSEGV (it used memory that is not there)";
    case SIGBUS:
      return "SIGBUS (it used memory that cannot be reached)";
    case SIGFPE:
      return "SIGFPE (it divided by zero)";
    case SIGILL:
      return "SIGILL (it ran what is no program)";
    default:
      return "SIGABRT (it gave up)";
  }
}

// Only functions that may be called in a signal handler.
void say(const char* text) {
  (void)!::write(STDERR_FILENO, text, std::strlen(text));
}

void on_signal(int signal, siginfo_t*, void*) {
  // First, lest a mistake in here come here again. Who was to tell of it before does so in the end.
  for (std::size_t i = 0; i < fatal_signals.size(); ++i) {
    if (fatal_signals[i] == signal) (void)::sigaction(signal, &earlier[i], nullptr);
  }
  if (current_operator != nullptr) {
    say("operator '");
    say(current_operator);
    say("' of node '");
    say(node_name.data());
    say("' crashed: ");
    say(name_of(signal));
    say("\nStack, innermost first (addr2line -e FILE OFFSET tells the line):\n");
    std::array<void*, deepest_stack> frames{};
    const int depth = ::backtrace(frames.data(), deepest_stack);
    ::backtrace_symbols_fd(frames.data(), depth, STDERR_FILENO);
  }
  ::raise(signal);
}

}  // namespace

void report_crashes_of(const std::string& node_id) {
  if (is_installed) return;
  is_installed = true;
  std::snprintf(node_name.data(), node_name.size(), "%s", node_id.c_str());
  // The first call loads a library, which a signal handler must not.
  std::array<void*, 1> frame{};
  (void)::backtrace(frame.data(), 1);
  for (std::size_t i = 0; i < fatal_signals.size(); ++i) {
    const int signal = fatal_signals[i];
    if (::sigaction(signal, nullptr, &earlier[i]) != 0 || earlier[i].sa_handler == SIG_IGN)
      continue;
    struct sigaction action{};
    action.sa_sigaction = on_signal;
    // The set must allow the signal that is raised from the handler.
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
    ::sigemptyset(&action.sa_mask);
    (void)::sigaction(signal, &action, nullptr);
  }
}

CrashScope::CrashScope(const std::string& operator_id) : outer_(current_operator) {
  thread_local const SignalStack stack;
  current_operator = operator_id.c_str();
}

CrashScope::~CrashScope() {
  current_operator = outer_;
}

}  // namespace dora::operators

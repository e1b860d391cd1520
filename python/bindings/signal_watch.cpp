// SPDX-License-Identifier: Apache-2.0
#include "signal_watch.hpp"

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <thread>

#include <unistd.h>

namespace dora::python {
namespace {

using Action = struct sigaction;

constexpr int signal_count = 65;

// Process-wide, as handlers are.
std::array<Action, signal_count> originals;
std::array<bool, signal_count> is_wrapped;
std::atomic<dora_node*> watched{nullptr};
std::atomic<int> running_handlers{0};
std::atomic<pid_t> watching_process{0};

/// Faults belong to the instruction that made them: nothing to wait for.
bool is_fault(int number) {
  return number == SIGSEGV || number == SIGBUS || number == SIGFPE || number == SIGILL ||
         number == SIGABRT || number == SIGTRAP || number == SIGSYS;
}

void forward(int number, siginfo_t* info, void* context) {
  const int error = errno;
  running_handlers.fetch_add(1);
  const Action& original = originals[static_cast<std::size_t>(number)];
  if ((original.sa_flags & SA_SIGINFO) != 0) {
    original.sa_sigaction(number, info, context);
  } else {
    original.sa_handler(number);
  }
  dora_node* node = watched.load();
  // A forked child has no part in the node.
  if (node != nullptr && ::getpid() == watching_process.load()) dora_node_nudge(node);
  running_handlers.fetch_sub(1);
  errno = error;
}

}  // namespace

SignalWatch::SignalWatch(dora_node* node) : outer_(watched.exchange(node)) {
  if (outer_ != nullptr) return;
  watching_process.store(::getpid());
  for (int number = 1; number < signal_count; ++number) {
    const auto place = static_cast<std::size_t>(number);
    is_wrapped[place] = false;
    Action action{};
    if (is_fault(number) || ::sigaction(number, nullptr, &action) != 0) continue;
    if ((action.sa_flags & SA_SIGINFO) == 0 &&
        (action.sa_handler == SIG_DFL || action.sa_handler == SIG_IGN)) {
      continue;
    }
    // One that is for one time only would be put back by us.
    if ((action.sa_flags & SA_RESETHAND) != 0) continue;
    originals[place] = action;
    action.sa_flags |= SA_SIGINFO;
    action.sa_sigaction = forward;
    is_wrapped[place] = ::sigaction(number, &action, nullptr) == 0;
  }
}

SignalWatch::~SignalWatch() {
  watched.store(outer_);
  for (int number = 1; number < signal_count; ++number) {
    const auto place = static_cast<std::size_t>(number);
    if (outer_ != nullptr || !is_wrapped[place]) continue;
    Action action{};
    // Unless somebody has replaced it meanwhile.
    if (::sigaction(number, nullptr, &action) == 0 && (action.sa_flags & SA_SIGINFO) != 0 &&
        action.sa_sigaction == forward) {
      ::sigaction(number, &originals[place], nullptr);
    }
  }
  // One that runs on another thread may be about to nudge the node.
  while (running_handlers.load() != 0)
    std::this_thread::yield();
}

}  // namespace dora::python

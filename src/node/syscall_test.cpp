// SPDX-License-Identifier: Apache-2.0
// What sending and receiving costs in kernel calls, counted by ptrace: none while the receiver is
// awake, one wake-up for a burst while it sleeps.
#include <csignal>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include <gtest/gtest.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "node/fake_daemon.hpp"
#include "node/node.hpp"
#include "shared_memory/fake_edge.hpp"

namespace dora::node {
namespace {

#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
constexpr bool can_count = true;
long number_of(const user_regs_struct& registers) {
  return static_cast<long>(registers.orig_rax);
}
#else
constexpr bool can_count = false;  // sanitizers make calls of their own
long number_of(const user_regs_struct&) {
  return 0;
}
#endif

/// Runs `prepare` and then `measured` in a child process; how often `measured` made each call, by
/// number. Nothing when this process may not trace another.
std::optional<std::map<long, int>> calls_of(const std::function<void()>& prepare,
                                            const std::function<void()>& measured) {
  const pid_t child = ::fork();
  if (child == 0) {
    if (::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) ::_exit(99);
    prepare();
    ::raise(SIGSTOP);
    measured();
    ::raise(SIGSTOP);
    ::_exit(0);
  }
  std::map<long, int> counts;
  int status = 0;
  int stops = 0;
  bool is_entry = true;
  while (::waitpid(child, &status, 0) == child && WIFSTOPPED(status)) {
    if (WSTOPSIG(status) == SIGSTOP) {
      if (++stops == 1) ::ptrace(PTRACE_SETOPTIONS, child, nullptr, PTRACE_O_TRACESYSGOOD);
    } else if (WSTOPSIG(status) == (SIGTRAP | 0x80) && stops == 1) {
      user_regs_struct registers{};
      ::ptrace(PTRACE_GETREGS, child, nullptr, &registers);
      if (is_entry) ++counts[number_of(registers)];
      is_entry = !is_entry;
    }
    ::ptrace(stops == 1 ? PTRACE_SYSCALL : PTRACE_CONT, child, nullptr, nullptr);
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 99) return std::nullopt;
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  // raise() itself: the end of the first and the begin of the second.
  for (const long own : {SYS_tgkill, SYS_gettid, SYS_getpid, SYS_rt_sigprocmask})
    counts.erase(own);
  // Where the clock is no memory to be read (virtual machines), asking for the time is a call.
  counts.erase(SYS_clock_gettime);
  return counts;
}

/// Two nodes and the edge between them, made in the child: shared memory is not inherited.
struct Graph {
  explicit Graph(int consumers = 1) {
    daemon.add_node("a", {.outputs = {"out"}});
    for (int i = 0; i < consumers; ++i) {
      const std::string name = "b" + std::to_string(i);
      daemon.add_node(name, {.inputs = {"in"}});
      daemon.connect("a", "out", name, "in");
    }
    sender = daemon.join("a");
    for (int i = 0; i < consumers; ++i)
      receivers.push_back(daemon.join("b" + std::to_string(i)));
    out = sender->outbox().find("out").value();
    // All memory that will be needed was in use before.
    for (int i = 0; i < 500; ++i)
      send(i % 2 == 0 ? 8 : 5000);
    for (auto& receiver : receivers) {
      while (take(*receiver)) {
      }
    }
  }
  void send(std::size_t size) {
    sender->follow_orders();
    if (!sender->outbox().send(out, Payload::bytes(data.data(), size), nullptr)) ::_exit(1);
  }
  static bool take(Node& node) {
    Event* event = nullptr;
    if (node.next(0, &event) != Node::Outcome::Event) return false;
    event->release();
    return true;
  }
  FakeDaemon daemon;
  std::unique_ptr<Node> sender;
  std::vector<std::unique_ptr<Node>> receivers;
  std::uint32_t out = 0;
  std::vector<std::byte> data = std::vector<std::byte>(5000);
};

using Calls = std::map<long, int>;

TEST(Syscalls, NoneWhileTheReceiverIsAwake) {
  if (!can_count) GTEST_SKIP() << "cannot count here";
  std::optional<Graph> graph;
  const auto calls = calls_of([&] { graph.emplace(); },
                              [&] {
                                for (int i = 0; i < 200; ++i) {
                                  graph->send(i % 2 == 0 ? 8 : 5000);
                                  if (!Graph::take(*graph->receivers[0])) ::_exit(2);
                                }
                              });
  if (!calls) GTEST_SKIP() << "ptrace is not allowed here";
  EXPECT_EQ(*calls, Calls{});
}

TEST(Syscalls, OneForABurstToASleepingEventLoop) {
  if (!can_count) GTEST_SKIP() << "cannot count here";
  std::optional<Graph> graph;
  const auto calls = calls_of(
      [&] {
        graph.emplace();
        if (graph->receivers[0]->arm(nullptr)) ::_exit(3);
      },
      [&] {
        for (int i = 0; i < 500; ++i)
          graph->send(i % 2 == 0 ? 8 : 5000);
      });
  if (!calls) GTEST_SKIP() << "ptrace is not allowed here";
  EXPECT_EQ(*calls, (Calls{{SYS_write, 1}}));
}

TEST(Syscalls, OneForEachOfManySleepersHoweverManyMessages) {
  if (!can_count) GTEST_SKIP() << "cannot count here";
  std::optional<Graph> graph;
  const auto calls = calls_of(
      [&] {
        graph.emplace(16);
        for (auto& receiver : graph->receivers) {
          if (receiver->arm(nullptr)) ::_exit(3);
        }
      },
      [&] {
        for (int i = 0; i < 50; ++i)
          graph->send(5000);
      });
  if (!calls) GTEST_SKIP() << "ptrace is not allowed here";
  EXPECT_EQ(*calls, (Calls{{SYS_write, 16}}));
}

TEST(Syscalls, OneForABurstToAThreadInTheFutex) {
  if (!can_count) GTEST_SKIP() << "cannot count here";
  std::optional<shared_memory::FakeSender> sender;
  std::optional<shared_memory::FakeConsumer> end;
  using shared_memory::DoorbellPage;
  const auto calls = calls_of(
      [&] {
        sender.emplace();
        auto file = DoorbellPage::create_file().value();
        const auto mapping =
            shared_memory::Mapping::map(file, shared_memory::Access::ReadWrite).value();
        end.emplace(sender->connect(
            {},
            DoorbellPage::open(std::move(file), DoorbellPage::create_event_fd().value()).value()));
        for (int i = 0; i < 200; ++i) {
          if (!sender->send(i % 2 == 0 ? 8 : 5000)) ::_exit(1);
        }
        end->drain();
        end->doorbell->take();
        // As Doorbell::wait does before it sleeps; whether somebody does is all the same here.
        mapping.at<shared_memory::DoorbellLayout>(0)->word |= shared_memory::bell_parked;
      },
      [&] {
        for (int i = 0; i < 200; ++i) {
          if (!sender->send(i % 2 == 0 ? 8 : 5000)) ::_exit(1);
        }
      });
  if (!calls) GTEST_SKIP() << "ptrace is not allowed here";
  EXPECT_EQ(*calls, (Calls{{SYS_futex, 1}}));
}

}  // namespace
}  // namespace dora::node

// SPDX-License-Identifier: Apache-2.0
// Every role is killed at every place of base/crash_point.hpp. Whoever dies: the others go on and
// end well, every message is accounted for, a neighbour that nobody touched gets all of its
// messages, and no process and no memory is left.
//
//   sender ──data──► taker   by back pressure, by a queue of one, by a burst queue
//             └────► other   by back pressure, by a queue of one
//   quiet  ──data──► listener
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <thread>

#include <boost/asio/io_context.hpp>
#include <dirent.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/crash_point.hpp"
#include "base/random.hpp"
#include "daemon/engine.hpp"
#include "daemon/process_tree.hpp"

namespace dora::daemon {
namespace {

namespace fs = std::filesystem;
using testing::Contains;
using testing::HasSubstr;
using Queue = InputPlan::Queue;

constexpr std::uint64_t messages = 300;

/// A folder that ends with the test.
class Folder {
 public:
  Folder() {
    char pattern[] = "/tmp/dora-crash-XXXXXX";
    if (::mkdtemp(pattern) == nullptr) std::abort();
    path_ = pattern;
  }
  ~Folder() { fs::remove_all(path_); }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

/// How many descriptors of shared memory this process holds.
int open_memory_files() {
  int count = 0;
  DIR* listing = ::opendir("/proc/self/fd");
  while (const dirent* entry = ::readdir(listing)) {
    char target[64] = {};
    if (::readlinkat(::dirfd(listing), entry->d_name, target, sizeof target - 1) > 0)
      count += std::string_view(target).starts_with("/memfd:dora");
  }
  ::closedir(listing);
  return count;
}

class Crash : public testing::Test {
 protected:
  NodePlan node(const char* id, const std::string& what) {
    NodePlan plan;
    plan.id = *NodeId::parse(id);
    plan.program.path = CRASH_NODE;
    plan.program.arguments = what;
    plan.working_directory = folder_.path();
    if (what.starts_with("send")) plan.outputs.push_back(*DataId::parse("data"));
    return plan;
  }
  static InputPlan input(const char* id, const char* producer, Queue queue, std::uint32_t size) {
    InputPlan plan;
    plan.id = *DataId::parse(id);
    plan.producer = *NodeId::parse(producer);
    plan.output = *DataId::parse("data");
    plan.queue = queue;
    plan.queue_size = size;
    return plan;
  }

  /// Runs the graph to its end; `victim` is killed at `place`.
  RunResult run(const std::string& victim, const std::string& place,
                const std::string& sending = "send") {
    RunPlan plan;
    plan.working_directory = folder_.path();
    auto& nodes = plan.nodes;
    nodes.push_back(node("listener", "take 20"));
    nodes.back().inputs = {input("in", "quiet", Queue::Backpressure, 5)};
    nodes.push_back(node("other", "take 0"));
    nodes.back().inputs = {input("blocking", "sender", Queue::Backpressure, 2),
                           input("newest", "sender", Queue::DropOldest, 1)};
    nodes.push_back(node("quiet", fmt::format("send {}", messages)));
    nodes.push_back(node("sender", fmt::format("{} {}", sending, messages)));
    // Keeps more than may be borrowed.
    nodes.push_back(node("taker", "take 20"));
    nodes.back().inputs = {input("blocking", "sender", Queue::Backpressure, 2),
                           input("newest", "sender", Queue::DropOldest, 1),
                           input("burst", "sender", Queue::Burst, 10)};
    for (NodePlan& each : nodes) {
      if (each.id.text() == victim) each.environment["DORA_CRASH_AT"] = place;
    }

    boost::asio::io_context loop;
    std::optional<RunResult> result;
    Engine::Options options;
    options.on_log = [this](const LogEntry& entry) {
      if (entry.stream != LogEntry::Stream::None) lines_[entry.node].push_back(entry.message);
    };
    options.on_finished = [&](const RunResult& finished) {
      result = finished;
      loop.stop();
    };
    {
      Engine engine(loop, std::move(options));
      engine.start(std::move(plan));
      loop.run();
    }
    EXPECT_EQ(open_memory_files(), 0);
    EXPECT_THAT(descendants_of(::getpid(), list_processes()), testing::IsEmpty());
    return result.value_or(RunResult{});
  }

  void expect_order(const RunResult& result, const std::string& victim) {
    for (const NodeResult& each : result.nodes) {
      SCOPED_TRACE(each.node + ": " + each.cause + "\n" +
                   testing::PrintToString(lines_[each.node]));
      if (each.node == victim) {
        EXPECT_EQ(each.outcome, Outcome::Failed);
        EXPECT_THAT(each.cause, HasSubstr("SIGKILL"));
      } else {
        EXPECT_EQ(each.outcome, Outcome::Succeeded);
      }
    }
    for (const EdgeTotals& edge : result.edges) {
      SCOPED_TRACE(fmt::format("{} -> {}/{}", edge.producer, edge.consumer, edge.input));
      EXPECT_EQ(edge.sent, edge.delivered + edge.dropped());
      EXPECT_EQ(edge.in_flight, 0U);
      if (edge.producer == victim || edge.consumer == victim) continue;
      EXPECT_EQ(edge.sent, messages);
      if (edge.input != "newest") {
        EXPECT_EQ(edge.delivered, messages);
      }
    }
    EXPECT_EQ(result.edges.size(), 6U);
  }

  Folder folder_;
  std::map<std::string, std::vector<std::string>> lines_;
};

std::vector<std::string> places(std::string_view role, const std::vector<int>& passings) {
  std::vector<std::string> found;
  for (const std::string_view label : crash_labels) {
    if (!label.starts_with(role)) continue;
    for (const int n : passings)
      found.push_back(fmt::format("{}:{}", label, n));
  }
  return found;
}

std::string name_of(const testing::TestParamInfo<std::string>& param) {
  std::string name = param.param.substr(param.param.find('.') + 1);
  for (char& letter : name) {
    if (std::isalnum(static_cast<unsigned char>(letter)) == 0) letter = '_';
  }
  return name;
}

/// A place that is passed once in a life is not passed a second time: then nobody dies.
bool is_passed_once(std::string_view place) {
  return place.contains("closed");
}

class CrashOfSender : public Crash, public testing::WithParamInterface<std::string> {};
TEST_P(CrashOfSender, DisturbsNobody) {
  const RunResult result = run("sender", GetParam());
  expect_order(result, "sender");
  for (const char* consumer : {"taker", "other"}) {
    EXPECT_THAT(lines_[consumer], Contains("failed: sender")) << consumer;
    EXPECT_THAT(lines_[consumer], Contains("closed: blocking")) << consumer;
    EXPECT_THAT(lines_[consumer], Contains("ended")) << consumer;
  }
}
INSTANTIATE_TEST_SUITE_P(AtEveryPlace, CrashOfSender, testing::ValuesIn([] {
                           auto all = places("producer.", {1, 7});
                           std::erase_if(all, [](const std::string& place) {
                             return is_passed_once(place) && place.ends_with(":7");
                           });
                           return all;
                         }()),
                         name_of);

class CrashOfReceiver : public Crash, public testing::WithParamInterface<std::string> {};
TEST_P(CrashOfReceiver, DisturbsNobody) {
  const RunResult result = run("taker", GetParam());
  expect_order(result, "taker");
  EXPECT_THAT(lines_["sender"], Contains(fmt::format("sent {}", messages)));
}
INSTANTIATE_TEST_SUITE_P(AtEveryPlace, CrashOfReceiver, testing::ValuesIn([] {
                           auto all = places("consumer.", {1, 7});
                           std::erase_if(all, [](const std::string& place) {
                             return is_passed_once(place) && place.ends_with(":7");
                           });
                           return all;
                         }()),
                         name_of);

TEST_F(Crash, WithLoansGivesTheMemoryBack) {
  expect_order(run("taker", "consumer.borrowed:30", "send-and-shrink"), "taker");
  EXPECT_THAT(lines_["sender"], Contains("shrunk"));
}

// ---- The daemon ------------------------------------------------------------------------------

constexpr const char* yaml = R"(
nodes:
  - {{id: sender, path: {0}, args: "send 2000", outputs: [data], restart_policy: on-failure,
     max_restarts: 1}}
  - {{id: fragile, path: {0}, args: fail-once, restart_policy: on-failure,
     inputs: {{data: sender/data}}, outputs: [more]}}
  - {{id: taker, path: {0}, args: take 20,
     inputs: {{data: {{source: sender/data, queue_policy: backpressure}}, more: fragile/more}}}}
)";

/// Processes that carry `marker` in their environment.
std::vector<pid_t> marked(const std::string& marker) {
  std::vector<pid_t> found;
  for (const auto& entry : list_processes()) {
    std::ifstream file(fmt::format("/proc/{}/environ", entry.pid), std::ios::binary);
    const std::string text(std::istreambuf_iterator<char>(file), {});
    if (text.contains(marker)) found.push_back(entry.pid);
  }
  return found;
}

class CrashOfDaemon : public Crash, public testing::WithParamInterface<std::string> {};
TEST_P(CrashOfDaemon, LeavesNothing) {
  std::ofstream(folder_.path() / "dataflow.yml") << fmt::format(yaml, CRASH_NODE);
  const std::string marker = "DORA_CRASH_TEST=" + new_uuid();
  const pid_t child = ::fork();
  if (child == 0) {
    ::setsid();
    // The child has one thread. NOLINTBEGIN(concurrency-mt-unsafe)
    ::putenv(const_cast<char*>(marker.c_str()));
    ::setenv("DORA_CRASH_AT", GetParam().c_str(), 1);
    ::setenv("XDG_RUNTIME_DIR", folder_.path().c_str(), 1);
    // NOLINTEND(concurrency-mt-unsafe)
    if (::chdir(folder_.path().c_str()) != 0 || ::freopen("output", "w", stdout) == nullptr ||
        ::dup2(1, 2) < 0)
      ::_exit(100);
    ::execl(DORA_PROGRAM, "dora", "run", "dataflow.yml", nullptr);
    ::_exit(101);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  std::ifstream output(folder_.path() / "output");
  const std::string text(std::istreambuf_iterator<char>(output), {});
  ASSERT_TRUE(WIFEXITED(status)) << text;
  EXPECT_EQ(WEXITSTATUS(status), 1) << text;
  EXPECT_THAT(text, HasSubstr("SIGKILL"));
  // The front has killed what was left; a process may take a moment to be gone.
  while (!marked(marker).empty())
    std::this_thread::yield();  // the test's watchdog ends what hangs
}
INSTANTIATE_TEST_SUITE_P(AtEveryPlace, CrashOfDaemon, testing::ValuesIn([] {
                           auto all = places("daemon.", {1});
                           // Each order that is sent, from the first memory to the last end.
                           for (int n = 2; n <= 24; n += 2)
                             all.push_back(fmt::format("daemon.sent:{}", n));
                           all.push_back("daemon.provided:3");
                           all.push_back("daemon.spawned:3");
                           return all;
                         }()),
                         name_of);

}  // namespace
}  // namespace dora::daemon

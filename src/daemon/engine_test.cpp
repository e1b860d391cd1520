// SPDX-License-Identifier: Apache-2.0
// The engine with real processes: fake_node.cpp says what they can do.
#include "daemon/engine.hpp"

#include <algorithm>
#include <csignal>
#include <fstream>
#include <map>
#include <sstream>

#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/process_tree.hpp"

namespace dora::daemon {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

class EngineTest : public testing::Test {
 protected:
  void SetUp() override {
    char pattern[] = "/tmp/dora-test-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern), nullptr);
    base_ = pattern;
    Engine::Options options;
    options.on_log = [this](const LogEntry& entry) { on_log(entry); };
    options.on_finished = [this](const RunResult& result) {
      results_.push_back(result);
      loop_.stop();
    };
    options.allow_shell_nodes = true;
    engine_.emplace(loop_, std::move(options));
  }
  void TearDown() override {
    engine_.reset();
    kill_descendants();
    fs::remove_all(base_);
  }

  NodePlan node(const char* id, const std::string& what, std::vector<const char*> outputs = {},
                std::vector<std::array<const char*, 3>> inputs = {}) {
    NodePlan plan;
    plan.id = *NodeId::parse(id);
    plan.program.path = FAKE_NODE;
    plan.program.arguments = what;
    plan.working_directory = base_;
    for (const char* output : outputs)
      plan.outputs.push_back(*DataId::parse(output));
    for (const auto& [input, producer, output] : inputs) {
      InputPlan in;
      in.id = *DataId::parse(input);
      in.producer = *NodeId::parse(producer);
      in.output = *DataId::parse(output);
      plan.inputs.push_back(in);
    }
    return plan;
  }

  std::string start(std::vector<NodePlan> nodes) {
    RunPlan plan;
    plan.working_directory = base_;
    plan.nodes = std::move(nodes);
    return engine_->start(std::move(plan));
  }
  /// Runs until the run is over.
  RunResult finish() {
    loop_.restart();
    loop_.run();
    EXPECT_FALSE(results_.empty());
    return results_.empty() ? RunResult{} : results_.back();
  }
  RunResult run(std::vector<NodePlan> nodes) {
    start(std::move(nodes));
    return finish();
  }
  /// Runs until `node` has printed a line that begins with `text`, and returns that line.
  std::string wait_for(const std::string& node, const std::string& text) {
    for (const std::string& line : lines_[node]) {
      if (line.starts_with(text)) return line;
    }
    awaited_ = {node, text};
    loop_.restart();
    while (awaited_ && loop_.run_one() > 0) {
    }
    EXPECT_FALSE(awaited_) << "the run ended before " << node << " said " << text;
    return said_;
  }

  void on_log(const LogEntry& entry) {
    if (entry.stream == LogEntry::Stream::None) {
      service_.push_back(entry.node + ": " + entry.message);
      return;
    }
    lines_[entry.node].push_back(entry.message);
    if (awaited_ && entry.node == awaited_->first && entry.message.starts_with(awaited_->second)) {
      said_ = entry.message;
      awaited_.reset();
    }
  }
  pid_t pid_of(const std::string& node) {
    const auto runs = engine_->list();
    for (const auto& run : runs) {
      for (const auto& info : run.nodes) {
        if (info.node == node) return info.pid;
      }
    }
    ADD_FAILURE() << node << " does not run";
    return 0;
  }
  NodeResult result_of(const RunResult& result, const char* id) {
    const auto found = std::ranges::find(result.nodes, id, &NodeResult::node);
    EXPECT_NE(found, result.nodes.end());
    return found == result.nodes.end() ? NodeResult{} : *found;
  }

  fs::path base_;
  boost::asio::io_context loop_;
  std::optional<Engine> engine_;
  std::map<std::string, std::vector<std::string>> lines_;
  std::vector<std::string> service_;
  std::vector<RunResult> results_;
  std::optional<std::pair<std::string, std::string>> awaited_;
  std::string said_;
};

TEST_F(EngineTest, ANaturalEndFollowsTheData) {
  const RunResult result = run({node("a", "attach print done", {"x"}),
                                node("b", "attach wait", {"y"}, {{"x", "a", "x"}}),
                                node("c", "attach wait", {}, {{"y", "b", "y"}, {"x", "a", "x"}})});
  EXPECT_TRUE(result.succeeded) << failure_summary(result);
  EXPECT_FALSE(result.stopped);
  EXPECT_THAT(lines_["a"],
              ElementsAre("attached with 2 output and 0 input edges, restart 0", "done"));
  EXPECT_THAT(lines_["b"],
              ElementsAre("attached with 1 output and 1 input edges, restart 0", "closed x"));
  EXPECT_THAT(lines_["c"], ElementsAre("attached with 0 output and 2 input edges, restart 0",
                                       "closed x", "closed y"));
  EXPECT_EQ(result.edges.size(), 3U);
  EXPECT_TRUE(engine_->list().empty());
}

TEST_F(EngineTest, OutputGoesToTheLogFile) {
  const RunResult result = run({node("a", "attach print hello error oops")});
  std::ifstream file(base_ / "out" / result.id / "log_a.jsonl");
  std::string line;
  std::vector<std::pair<LogEntry::Stream, std::string>> found;
  while (std::getline(file, line)) {
    const auto entry = parse_log_file_line(line);
    ASSERT_TRUE(entry) << line;
    found.emplace_back(entry->stream, entry->message);
  }
  EXPECT_THAT(found, Contains(std::pair(LogEntry::Stream::Stdout, std::string("hello"))));
  EXPECT_THAT(found, Contains(std::pair(LogEntry::Stream::Stderr, std::string("oops"))));
  EXPECT_EQ(result.log_folder, base_ / "out" / result.id);
}

TEST_F(EngineTest, AFailureIsNamedWithItsLastWords) {
  const RunResult result = run({node("a", "attach error 'Error: no camera' exit 3", {"x"}),
                                node("b", "attach wait", {}, {{"x", "a", "x"}})});
  EXPECT_FALSE(result.succeeded);
  EXPECT_EQ(result_of(result, "a").cause, "exited with code 3");
  EXPECT_EQ(result_of(result, "a").stderr_excerpt, "Error: no camera");
  EXPECT_EQ(result_of(result, "b").outcome, Outcome::Succeeded);
  EXPECT_THAT(lines_["b"],
              ElementsAre(HasSubstr("attached"), "failed a: exited with code 3", "closed x"));
}

TEST_F(EngineTest, AKilledNodeTouchesNobodyElse) {
  start({node("a", "attach print up sleep", {"x"}), node("b", "attach wait", {}, {{"x", "a", "x"}}),
         node("c", "attach exit 0")});
  wait_for("a", "up");
  ::kill(pid_of("a"), SIGKILL);
  const RunResult result = finish();
  EXPECT_EQ(result_of(result, "a").cause, "exited because of signal SIGKILL");
  EXPECT_EQ(result_of(result, "b").outcome, Outcome::Succeeded);
}

TEST_F(EngineTest, AStopReachesEveryNode) {
  const std::string id =
      start({node("a", "attach wait", {"x"}), node("b", "attach wait", {}, {{"x", "a", "x"}})});
  wait_for("a", "attached");
  EXPECT_EQ(engine_->list()[0].status, RunStatus::Running);
  ASSERT_TRUE(engine_->stop(id, {}));
  const RunResult result = finish();
  EXPECT_TRUE(result.succeeded) << failure_summary(result);
  EXPECT_TRUE(result.stopped);
  EXPECT_THAT(lines_["a"], Contains("stop"));
  EXPECT_THAT(lines_["b"], Contains("stop"));
  EXPECT_FALSE(engine_->stop(id, {}));
}

TEST_F(EngineTest, WhoIgnoresAStopIsKilled) {
  start({node("a", "attach ignore-stop"), node("b", "attach wait")});
  wait_for("a", "ignoring");
  engine_->stop_all({.grace = 100ms});
  const RunResult result = finish();
  EXPECT_FALSE(result.succeeded);
  EXPECT_THAT(result_of(result, "a").cause, HasSubstr("SIGKILL"));
  EXPECT_EQ(result_of(result, "b").outcome, Outcome::Succeeded);
}

TEST_F(EngineTest, AForcedStopEndsEverything) {
  start({node("a", "attach ignore-stop"), node("b", "print up sleep")});
  wait_for("b", "up");
  engine_->stop_all({.force = true});
  EXPECT_TRUE(finish().succeeded);
}

TEST_F(EngineTest, AStopBeforeTheStartDoesNotWait) {
  start({node("a", "attach"), node("b", "print up sleep")});
  wait_for("b", "up");
  engine_->stop_all({.grace = 1h});
  const RunResult result = finish();
  EXPECT_TRUE(result.succeeded) << failure_summary(result);
}

TEST_F(EngineTest, WhatANodeLeavesBehindIsGoneWithIt) {
  start({node("a", "attach hide sleep"), node("b", "attach wait")});
  const pid_t hidden = std::stoi(wait_for("a", "hidden").substr(7));
  ASSERT_TRUE(find_process(hidden));
  ::kill(pid_of("a"), SIGKILL);
  ::kill(pid_of("b"), SIGKILL);
  finish();
  const auto left = find_process(hidden);
  EXPECT_TRUE(!left || left->is_ending);
}

TEST_F(EngineTest, WhatALivingNodeStartedIsLeftAlone) {
  start({node("a", "attach hide sleep"), node("b", "attach exit 0"), node("c", "attach exit 1")});
  const pid_t hidden = std::stoi(wait_for("a", "hidden").substr(7));
  // The ends of the others make the engine look for orphans.
  while (engine_->list()[0].nodes[2].status != NodeStatus::Failed)
    loop_.run_one();
  loop_.poll();
  EXPECT_TRUE(find_process(hidden));
  engine_->stop_all({.force = true});
  finish();
}

TEST_F(EngineTest, NothingStartsWhenAProgramIsMissing) {
  auto missing = node("a", "");
  missing.program.path = "no-such-program";
  const RunResult result = run({missing, node("b", "print started")});
  EXPECT_FALSE(result.succeeded);
  EXPECT_THAT(result_of(result, "a").cause, HasSubstr("failed to spawn node: "));
  EXPECT_THAT(result_of(result, "a").cause, HasSubstr("no-such-program"));
  EXPECT_EQ(result_of(result, "b").outcome, Outcome::Consequential);
  EXPECT_TRUE(lines_["b"].empty());
}

TEST_F(EngineTest, EveryKindOfBadProgramIsExplainedBeforehand) {
  std::ofstream(base_ / "plain.txt") << "hello";
  std::ofstream(base_ / "no-interpreter") << "#!/no/such/interpreter\n";
  std::ofstream(base_ / "empty") << "";
  fs::create_directory(base_ / "directory");
  for (const char* name : {"no-interpreter", "empty"})
    fs::permissions(base_ / name, fs::perms::owner_all);
  const std::vector<std::pair<const char*, const char*>> cases = {
      {"plain.txt", "is not executable (chmod +x"},
      {"no-interpreter", "/no/such/interpreter, does not exist"},
      {"empty", "is empty"},
      {"directory", "is a directory"},
      {"missing.py", "there is no"}};
  for (const auto& [path, expected] : cases) {
    auto bad = node("a", "");
    bad.program.path = path;
    if (std::string_view(path).ends_with(".py")) bad.program.kind = ProgramPlan::Kind::PythonScript;
    const RunResult result = run({bad});
    EXPECT_THAT(result_of(result, "a").cause, HasSubstr(expected)) << path;
    EXPECT_THAT(result_of(result, "a").cause, HasSubstr(path));
  }
}

TEST_F(EngineTest, WhatTheKernelRefusesIsExplained) {
  std::ofstream(base_ / "garbage") << "neither fish nor fowl";
  fs::permissions(base_ / "garbage", fs::perms::owner_all);
  auto bad = node("a", "", {"x"});
  bad.program.path = "garbage";
  const RunResult result = run({bad, node("b", "attach", {}, {{"x", "a", "x"}})});
  EXPECT_THAT(result_of(result, "a").cause, HasSubstr("failed to spawn node: executing "));
  EXPECT_THAT(result_of(result, "a").cause, HasSubstr("neither a program"));
  EXPECT_EQ(result_of(result, "b").outcome, Outcome::Consequential);
}

TEST_F(EngineTest, AMissingWorkingDirectoryIsExplained) {
  auto lost = node("a", "");
  lost.working_directory = base_ / "nowhere";
  EXPECT_THAT(result_of(run({lost}), "a").cause, HasSubstr((base_ / "nowhere").string()));
}

TEST_F(EngineTest, AnEnvironmentThatIsTooLongIsExplained) {
  auto big = node("a", "");
  big.environment["HUGE"] = std::string(200'000, 'x');
  EXPECT_THAT(result_of(run({big}), "a").cause, HasSubstr("HUGE is too long"));
}

TEST_F(EngineTest, AnExitBeforeTheStartFailsTheOthersByName) {
  const RunResult result =
      run({node("a", "error 'Error: no module' exit 1", {"x"}),
           node("b", "attach", {}, {{"x", "a", "x"}}), node("c", "attach", {}, {{"x", "a", "x"}})});
  EXPECT_EQ(result_of(result, "a").outcome, Outcome::Failed);
  EXPECT_EQ(result_of(result, "a").stderr_excerpt, "Error: no module");
  EXPECT_EQ(result_of(result, "b").outcome, Outcome::Consequential);
  EXPECT_EQ(result_of(result, "b").caused_by, "a");
  EXPECT_THAT(lines_["b"], ElementsAre(HasSubstr("refused: node `a` exited")));
  EXPECT_THAT(failure_summary(result), HasSubstr("There are 2 more consequential errors"));
}

TEST_F(EngineTest, ARestartedNodeIsConnectedAnew) {
  auto a = node("a", "attach exit-first 5 wait", {"x"});
  a.restart.policy = RestartPlan::Policy::OnFailure;
  start({a, node("b", "attach wait-restart a print seen wait", {}, {{"x", "a", "x"}})});
  wait_for("b", "seen");
  wait_for("a", "attached with 1 output and 0 input edges, restart 1");
  engine_->stop_all({});
  const RunResult result = finish();
  EXPECT_TRUE(result.succeeded) << failure_summary(result);
  EXPECT_EQ(result_of(result, "a").restarts, 1U);
  // The new edge, then the end of the old one, then the news.
  EXPECT_THAT(lines_["b"], ElementsAre(HasSubstr("attached"), "new input edge", "closed x",
                                       "restarted a", "seen", "stop"));
}

TEST_F(EngineTest, ARestartedConsumerTakesOverFromTheOldOne) {
  auto b = node("b", "attach exit-first 5 wait", {}, {{"x", "a", "x"}});
  b.restart.policy = RestartPlan::Policy::Always;
  start({node("a", "attach wait", {"x"}), b});
  wait_for("b", "attached with 0 output and 1 input edges, restart 1");
  wait_for("a", "output edge gone");
  engine_->stop_all({});
  EXPECT_TRUE(finish().succeeded);
}

TEST_F(EngineTest, ANodeSeesItsOwnWorldOnly) {
  ::setenv("LD_PRELOAD", "", 1);
  ::setenv("DORA_AUTH_TOKEN", "secret", 1);
  ::setenv("INHERITED", "yes", 1);
  TearDown();
  SetUp();
  auto a = node("a",
                "environment DORA_AUTH_TOKEN environment INHERITED environment MODEL environment "
                "PYTHONUNBUFFERED descriptors directory terminal");
  a.environment["MODEL"] = "small one";
  EXPECT_TRUE(run({a}).succeeded);
  EXPECT_THAT(lines_["a"], ElementsAre("DORA_AUTH_TOKEN=(unset)", "INHERITED=yes",
                                       "MODEL=small one", "PYTHONUNBUFFERED=1", "open: 0 1 2 3",
                                       "in " + base_.string(), "terminal: 111 leader 1 group 1"));
  ::unsetenv("LD_PRELOAD");
  ::unsetenv("DORA_AUTH_TOKEN");
  ::unsetenv("INHERITED");
}

TEST_F(EngineTest, ANodeThatCannotBeStartedAgainHasNoCardOfItsLastLife) {
  std::ofstream(base_ / "once") << "#!/bin/sh\nrm \"$0\"\nexit 5\n";
  fs::permissions(base_ / "once", fs::perms::owner_all);
  auto a = node("a", "");
  a.program.path = "once";
  a.restart.policy = RestartPlan::Policy::OnFailure;
  const RunResult result = run({a});
  ASSERT_EQ(result.nodes.size(), 1U);
  EXPECT_THAT(result.nodes[0].cause, HasSubstr("failed to spawn node"));
  EXPECT_EQ(result.nodes[0].card, "");
}

TEST_F(EngineTest, WithoutATerminalThereArePipes) {
  auto a = node("a", "terminal error e print p");
  a.has_terminal = false;
  EXPECT_TRUE(run({a}).succeeded);
  EXPECT_THAT(lines_["a"], Contains("terminal: 000 leader 1 group 0"));
  EXPECT_THAT(lines_["a"], Contains("e"));
}

TEST_F(EngineTest, ShellNodesRunTheirText) {
  auto a = node("a", "echo one; echo \"two three\"");
  a.program.kind = ProgramPlan::Kind::Shell;
  EXPECT_TRUE(run({a}).succeeded);
  EXPECT_THAT(lines_["a"], ElementsAre("one", "two three"));
}

TEST_F(EngineTest, EverythingThatWasPrintedBeforeTheEndArrives) {
  auto a = node("a", "seq 1 20000");
  a.program.kind = ProgramPlan::Kind::Shell;
  EXPECT_TRUE(run({a}).succeeded);
  ASSERT_EQ(lines_["a"].size(), 20000U);
  EXPECT_EQ(lines_["a"].back(), "20000");
}

TEST_F(EngineTest, AnEndlessPrinterCanBeStopped) {
  auto a = node("a", "yes");
  a.program.kind = ProgramPlan::Kind::Shell;
  start({a, node("b", "print up sleep")});
  wait_for("a", "y");
  engine_->stop_all({.grace = 100ms});
  EXPECT_TRUE(finish().succeeded);
}

TEST_F(EngineTest, RunsDoNotDisturbEachOther) {
  const std::string first = start({node("a", "attach wait"), node("z", "attach wait")});
  start({node("b", "attach exit 1")});
  EXPECT_FALSE(finish().succeeded);
  ASSERT_EQ(engine_->list().size(), 1U);
  EXPECT_EQ(engine_->list()[0].id, first);
  wait_for("a", "attached");
  ASSERT_TRUE(engine_->stop(first, {}));
  EXPECT_TRUE(finish().succeeded);
}

TEST_F(EngineTest, FiftyNodesStartAndEnd) {
  std::vector<NodePlan> nodes = {node("n0", "attach", {"x"})};
  static std::vector<std::string> ids = {"n0"};
  for (int i = 1; i < 50; ++i)
    ids.push_back("n" + std::to_string(i));
  for (std::size_t i = 1; i < ids.size(); ++i)
    nodes.push_back(node(ids[i].c_str(), "attach wait", {"x"}, {{"x", ids[i - 1].c_str(), "x"}}));
  const RunResult result = run(std::move(nodes));
  EXPECT_TRUE(result.succeeded) << failure_summary(result);
}

}  // namespace
}  // namespace dora::daemon

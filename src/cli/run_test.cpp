// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/control_client.hpp"
#include "cli/failed_nodes.hpp"
#include "cli/run_options.hpp"
#include "cli/run_report.hpp"
#include "cli/table.hpp"

namespace dora::cli {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::optional<std::string> no_variable(std::string_view) {
  return std::nullopt;
}

Result<RunOptions> options(std::vector<std::string> words,
                           const Environment& environment = no_variable) {
  words.insert(words.begin(), "run");
  words.emplace_back("dataflow.yml");
  auto parsed = parse_command_line(words, environment);
  if (const auto* error = std::get_if<UsageError>(&parsed))
    return fail(ErrorKind::InvalidInput, error->message);
  return parse_run_options(std::get<ParsedCommand>(parsed), environment);
}

TEST(RunOptions, HasTheDefaultsOfTheSpecification) {
  const auto parsed = options({}).value();
  EXPECT_EQ(parsed.path, "dataflow.yml");
  EXPECT_EQ(parsed.grace, 10s);
  EXPECT_EQ(parsed.stop_after, std::nullopt);
  EXPECT_EQ(parsed.exit_when_nodes_finish, std::nullopt);
  EXPECT_EQ(parsed.log_filter.minimum, LogLevel::Stdout);
  EXPECT_THAT(parsed.notices, IsEmpty());
}

TEST(RunOptions, AreTakenFromFlagsAndEnvironment) {
  const Environment environment = [](std::string_view name) -> std::optional<std::string> {
    if (name == "DORA_LOG_FORMAT") return "json";
    if (name == "DORA_LOG_LEVEL") return "debug";
    if (name == "DORA_ALLOW_SHELL_NODES") return "true";
    return std::nullopt;
  };
  const auto parsed = options({"--stop-after", "1.5s", "--log-level", "WARN", "--env", "A=b",
                               "--exit-when-nodes-finish"},
                              environment)
                          .value();
  EXPECT_EQ(parsed.stop_after, 1500ms);
  EXPECT_EQ(parsed.log_filter.minimum, LogLevel::Warn);
  EXPECT_EQ(parsed.log_format, LogFormat::Json);
  EXPECT_EQ(parsed.environment.at("A"), "b");
  EXPECT_EQ(parsed.exit_when_nodes_finish, true);
  EXPECT_TRUE(parsed.allows_shell_nodes);
}

TEST(RunOptions, SayWhichFlagsDoNothingYet) {
  const auto parsed = options({"--coordinator-addr", "127.0.0.1"}).value();
  EXPECT_THAT(parsed.notices, ElementsAre(HasSubstr("--coordinator-addr: ")));
}

TEST(RunOptions, TakeFoldersForPackages) {
  const auto parsed =
      options({"--hub-override", "acme/lidar=/src/lidar", "--hub-override", "dora-yolo=a=b"})
          .value();
  EXPECT_EQ(parsed.sources.hub_overrides.at("acme/lidar"), "/src/lidar");
  EXPECT_EQ(parsed.sources.hub_overrides.at("dora-rs/dora-yolo").filename(), "a=b");
  for (const char* bad : {"acme/lidar", "acme/lidar=", "=x", "a/b/c=x", "a@1=x", "A b=x"})
    EXPECT_THAT(options({"--hub-override", bad}).error().message, HasSubstr("--hub-override"));
}

TEST(RunOptions, RefuseWrongValuesNamingTheFlag) {
  EXPECT_THAT(options({"--stop-after", "-5s"}).error().message, HasSubstr("--stop-after"));
  EXPECT_FALSE(options({"--log-format", "xml"}));
  EXPECT_FALSE(options({"--log-filter", "camera"}));
  EXPECT_FALSE(options({"--env", "A=$B"}));
  EXPECT_FALSE(options({"--exit-when-nodes-finish=maybe"}));
  EXPECT_FALSE(options({"--lockfile", "x"}));
}

TEST(FindDataflowFile, LooksIntoFolders) {
  char name[] = "/tmp/dora-cli-XXXXXX";
  ASSERT_NE(::mkdtemp(name), nullptr);
  const std::filesystem::path folder = name;
  EXPECT_EQ(find_dataflow_file(folder.string()).error().kind, ErrorKind::NotFound);
  std::ofstream(folder / "dataflow.yaml") << "nodes: []\n";
  EXPECT_EQ(find_dataflow_file(folder.string()).value(), folder / "dataflow.yaml");
  std::ofstream(folder / "dataflow.yml") << "nodes: []\n";
  EXPECT_EQ(find_dataflow_file(folder.string()).value(), folder / "dataflow.yml");
  EXPECT_EQ(find_dataflow_file("no/such.yml").value(), "no/such.yml");
  EXPECT_FALSE(find_dataflow_file("https://example.org/x.yml"));
  std::filesystem::remove_all(folder);
}

daemon::EdgeTotals edge(std::uint64_t sent, std::uint64_t dropped) {
  daemon::EdgeTotals totals;
  totals.producer = "sender";
  totals.output = "message";
  totals.consumer = "receiver";
  totals.input = "in";
  totals.sent = sent;
  if (dropped > 0) totals.drops = {{.reason = "queue full", .count = dropped}};
  return totals;
}

TEST(RunReport, SumsUpARun) {
  daemon::RunResult result;
  result.name = "hello";
  result.duration_ns = 11'200'000'000;
  result.edges = {edge(100, 0), edge(12, 3)};
  result.log_folder = "out/0190";
  EXPECT_EQ(run_summary(result, 0),
            "hello ran 11.2 s · 112 messages · 3 dropped · logs: out/0190 · exit 0");
}

TEST(RunReport, TellsWhatNobodyWasThereToReadFromWhatWasLost) {
  daemon::RunResult result;
  result.name = "hello";
  result.duration_ns = 11'200'000'000;
  result.edges = {edge(100, 3)};
  result.edges[0].drops.push_back({.reason = "receiver ended", .count = 2});
  result.log_folder = "out/0190";
  EXPECT_EQ(run_summary(result, 0),
            "hello ran 11.2 s · 100 messages · 3 dropped · 2 unread · logs: out/0190 · exit 0");
}

TEST(RunReport, CountsTheNodesThatFailed) {
  daemon::RunResult result;
  result.name = "eyes";
  result.succeeded = false;
  result.nodes.resize(3);
  result.nodes[1].outcome = daemon::Outcome::Failed;
  result.log_folder = "out/0190";
  EXPECT_EQ(run_summary(result, 1),
            "eyes failed: 1 of 3 nodes · ran 0 µs · 0 messages · 0 dropped · logs: out/0190 · "
            "exit 1");
}

TEST(FailedNodes, AreTheRootsOfADataflowThatIsOver) {
  RunningDataflow over{.instance = {}, .uuid = "0190", .name = "eyes", .status = "Failed"};
  over.node_details = {
      {.id = "a", .status = "failed", .cause = "exited with code 1: KeyError: 'x'"},
      {.id = "b", .status = "failed", .cause = "because of a"},
      {.id = "c", .status = "stopped", .cause = ""}};
  over.summary =
      "Node `a` failed: exited with code 1 with stderr output:\n---\nNode `c` failed: no";
  EXPECT_EQ(failure_lines(over),
            "[eyes] 0190: Node `a` failed: exited with code 1: KeyError: 'x'\n");
  over.summary = "the dora daemon that ran it died";
  EXPECT_EQ(failure_lines(over), "[eyes] 0190: the dora daemon that ran it died\n");
  over.summary = "";
  EXPECT_EQ(failure_lines(over), "");
}

TEST(FailedNodes, OfOneThatRunsAreThoseThatHaveFailed) {
  RunningDataflow running{.instance = {}, .uuid = "0190", .name = "", .status = "Running"};
  running.node_details = {{.id = "a", .status = "failed", .cause = "exited with code 1"},
                          {.id = "b", .status = "running", .cause = "exited with code 2"}};
  EXPECT_EQ(failure_lines(running), "[<unnamed>] 0190: Node `a` failed: exited with code 1\n");
}

TEST(RunReport, TellsWhomAStopWaitsForAndWhatComesNext) {
  using namespace std::chrono_literals;
  EXPECT_EQ(waiting_text({"a", "b"}, 10s, 2001ms),
            "waiting for a, b: SIGTERM in 8 s, SIGKILL in 13 s; Ctrl-C kills at once");
  EXPECT_EQ(waiting_text({"a"}, 10s, 12s), "waiting for a: SIGKILL in 3 s; Ctrl-C kills at once");
  EXPECT_EQ(waiting_text({"a"}, 10s, 16s), "waiting for a; Ctrl-C kills at once");
  EXPECT_EQ(waiting_text({"a"}, std::nullopt, 2s), "waiting for a; Ctrl-C kills at once");
}

TEST(RunReport, TellsHowLongNodesTookToStop) {
  daemon::RunResult result;
  daemon::NodeResult early;
  early.node = "early";
  early.ended_ns = 1'000'000;
  daemon::NodeResult sender;
  sender.node = "sender";
  sender.ended_ns = 17'000'000;
  daemon::NodeResult receiver;
  receiver.node = "receiver";
  receiver.ended_ns = 20'000'000;
  receiver.outcome = daemon::Outcome::Failed;
  result.nodes = {early, receiver, sender};
  EXPECT_EQ(stop_summary(result, 5'000'000), "sender ok (12 ms), receiver failed (15 ms)");
}

TEST(ChooseDataflow, TakesNameUuidOrTheOnlyOne) {
  RunningDataflow hello;
  hello.uuid = "0190-a";
  hello.name = "hello";
  RunningDataflow eyes;
  eyes.uuid = "0190-b";
  eyes.name = "eyes";
  EXPECT_EQ(choose_dataflow({hello}, std::nullopt)->uuid, "0190-a");
  EXPECT_EQ(choose_dataflow({hello, eyes}, "eyes")->uuid, "0190-b");
  EXPECT_EQ(choose_dataflow({hello, eyes}, "0190-a")->name, "hello");
  EXPECT_EQ(choose_dataflow({}, std::nullopt).error().kind, ErrorKind::NotFound);
  EXPECT_EQ(choose_dataflow({hello, eyes}, std::nullopt).error().kind, ErrorKind::InvalidInput);
  EXPECT_EQ(choose_dataflow({hello, hello}, "hello").error().kind, ErrorKind::InvalidInput);
  const auto near = choose_dataflow({hello, eyes}, "helo");
  EXPECT_EQ(near.error().kind, ErrorKind::NotFound);
  EXPECT_THAT(near.error().message, HasSubstr("did you mean `hello`?"));
}

TEST(Table, PadsColumnsWithTwoSpaces) {
  EXPECT_EQ(format_table({"UUID", "Name", "CPU"}, {{"1", "größe", "2.0%"}, {"22"}}),
            "UUID  Name   CPU\n"
            "1     größe  2.0%\n"
            "22\n");
}

}  // namespace
}  // namespace dora::cli

// SPDX-License-Identifier: Apache-2.0
#include "daemon/failure_text.hpp"

#include <csignal>
#include <sstream>

#include <gtest/gtest.h>

#include "daemon/run_result.hpp"

namespace dora::daemon {
namespace {

TEST(FailureText, NamesCodesAndSignals) {
  EXPECT_EQ(describe({.code = 3}), "exited with code 3");
  EXPECT_EQ(describe({.signal = SIGSEGV}), "exited because of signal SIGSEGV");
  EXPECT_EQ(describe({.signal = 40}), "exited because of signal 40");
  EXPECT_EQ(describe({.signal = SIGKILL, .ran_out_of_memory = true}),
            "exited because of signal SIGKILL (the machine or its control group ran out of memory, "
            "and the kernel killed it)");
}

TEST(FailureText, KnowsAnOrderlyTermination) {
  EXPECT_TRUE((ExitStatus{.signal = SIGTERM}.is_termination()));
  EXPECT_TRUE((ExitStatus{.code = 143}.is_termination()));
  EXPECT_TRUE((ExitStatus{.code = 130}.is_termination()));
  EXPECT_FALSE((ExitStatus{.signal = SIGKILL}.is_termination()));
  EXPECT_FALSE((ExitStatus{.code = 1}.is_termination()));
}

TEST(FailureText, ExcerptBeginsWithTheReasonOfAnAbort) {
  const std::vector<std::string> report{
      "terminate called after throwing an instance of 'std::runtime_error'", "  what():  no camera",
      "Fatal Python error: Aborted", "", "Current thread 0x00007f (most recent call first):"};
  std::vector<std::string> lines{"hello"};
  lines.insert(lines.end(), report.begin(), report.end());
  const std::string text = stderr_excerpt(lines);
  EXPECT_TRUE(text.starts_with("[...]\nterminate called after")) << text;
}

TEST(FailureText, ExcerptBeginsAtTheLastTraceback) {
  EXPECT_EQ(stderr_excerpt({"noise", "Traceback (most recent call last):",
                            "  File \"a.py\", line 1", "ValueError: x"}),
            "[...]\nTraceback (most recent call last):\n  File \"a.py\", line 1\nValueError: x");
}

TEST(FailureText, ExcerptKeepsWhatAnErrorWasRaisedFrom) {
  const std::string chain =
      "Traceback (most recent call last):\n  File \"a.py\", line 1\nKeyError: 'x'\n\nThe above "
      "exception was the direct cause of the following exception:\n\nTraceback (most recent call "
      "last):\n  File \"a.py\", line 3\nRuntimeError: no x";
  std::vector<std::string> lines{"Traceback (most recent call last):", "OSError: handled", "noise"};
  std::istringstream text(chain);
  for (std::string line; std::getline(text, line);)
    lines.push_back(line);
  EXPECT_EQ(stderr_excerpt(lines), "[...]\n" + chain);
}

TEST(FailureText, ExcerptOfATracebackWhoseBeginningIsLostIsAllThatIsKept) {
  std::vector<std::string> lines{"    def f():"};
  while (lines.size() < kept_stderr_lines)
    lines.emplace_back("  File \"a.py\", line 1, in f");
  lines.back() = "RecursionError: too deep";
  const std::string text = stderr_excerpt(lines);
  EXPECT_TRUE(text.starts_with("[...]\n  File \"a.py\", line 1, in f\n  File")) << text;
  EXPECT_TRUE(text.ends_with("RecursionError: too deep"));
}

TEST(FailureText, ExcerptOfASyntaxErrorBeginsAtItsPlace) {
  EXPECT_EQ(stderr_excerpt({"  File \"a.py\", line 1", "    x ==", "SyntaxError: invalid syntax"}),
            "  File \"a.py\", line 1\n    x ==\nSyntaxError: invalid syntax");
}

TEST(FailureText, ExcerptWithoutAReportIsTheLastTenLines) {
  std::vector<std::string> lines;
  for (int i = 0; i < 12; ++i)
    lines.push_back(std::to_string(i));
  EXPECT_EQ(stderr_excerpt(lines), "[...]\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11");
  EXPECT_EQ(stderr_excerpt({}), "");
}

NodeResult node_of(const char* id, Outcome outcome, const char* cause, std::int64_t ended_ns) {
  NodeResult node;
  node.node = id;
  node.outcome = outcome;
  node.cause = cause;
  node.ended_ns = ended_ns;
  return node;
}

RunResult result_of(std::vector<NodeResult> nodes) {
  RunResult result;
  result.id = "0193";
  result.succeeded = false;
  result.nodes = std::move(nodes);
  return result;
}

TEST(FailureSummary, TellsRootsInTheOrderOfTime) {
  const std::string text = failure_summary(result_of({node_of("a", Outcome::Failed, "late", 2),
                                                      node_of("b", Outcome::Failed, "early", 1),
                                                      node_of("c", Outcome::Succeeded, "", 3)}));
  EXPECT_EQ(text, "Node `b` failed: early\n\nNode `a` failed: late");
}

TEST(FailureSummary, EndsARootWithItsCard) {
  NodeResult root = node_of("a", Outcome::Failed, "exited with code 1", 1);
  root.card = "✗ a crashed";
  EXPECT_EQ(failure_summary(result_of({root})),
            "Node `a` failed: exited with code 1\n\n✗ a crashed");
}

TEST(FailureSummary, HidesWhatFollowedAndSaysSo) {
  NodeResult root = node_of("a", Outcome::Failed, "exited with code 1", 1);
  root.stderr_excerpt = "boom";
  const std::string text =
      failure_summary(result_of({root, node_of("b", Outcome::Consequential, "x", 2)}));
  const std::string rule(81, '-');
  EXPECT_EQ(text, "Node `a` failed: exited with code 1 with stderr output:\n" + rule + "\nboom\n" +
                      rule +
                      "\n\nThere is 1 more consequential error; see the logs in `out/0193`.");
}

TEST(FailureSummary, ShowsTheEarliestWhenAllAreConsequences) {
  const std::string text =
      failure_summary(result_of({node_of("a", Outcome::Consequential, "x", 2),
                                 node_of("b", Outcome::Consequential, "y", 1)}));
  EXPECT_TRUE(text.starts_with("Node `b` failed: y\n\nThere is 1 more")) << text;
}

TEST(FailureSummary, IsEmptyWithoutFailure) {
  EXPECT_EQ(failure_summary(RunResult{}), "");
}

}  // namespace
}  // namespace dora::daemon

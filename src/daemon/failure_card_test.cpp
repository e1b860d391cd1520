// SPDX-License-Identifier: Apache-2.0
#include "daemon/failure_card.hpp"

#include <csignal>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "daemon/core_dump.hpp"

namespace dora::daemon {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

FailureFacts facts() {
  FailureFacts known{.node = "detector", .run_id = "0190", .status = {.code = 1}};
  known.lived = std::chrono::milliseconds(6'100);
  known.folder = "/home/me";
  return known;
}

TEST(FailureCard, ShowsTheGuiltyLineWhoIsAffectedAndWhatNext) {
  FailureFacts known = facts();
  known.report = ErrorReport{
      {"ZeroDivisionError: division by zero", SourcePlace{.file = "/home/me/detector.py",
                                                          .line = 100,
                                                          .function = "area_ratio",
                                                          .text = "return area / (w * h)",
                                                          .marks = "       ~~~~~^~~~~~~~~"}}};
  known.source = {"    w = x2 - x1", "    h = y2 - y1", "    return area / (w * h)"};
  known.inputs = {{"image", "camera/image", 186}};
  known.affected = {{"plot", "running"}, {"store", "starting"}};
  EXPECT_EQ(failure_card(known),
            "✗ detector crashed  (exit 1, ZeroDivisionError)  after 6.1 s\n"
            "    detector.py:100 in area_ratio\n"
            "       98 |     w = x2 - x1\n"
            "       99 |     h = y2 - y1\n"
            "    > 100 |     return area / (w * h)\n"
            "          |            ~~~~~^~~~~~~~~ ZeroDivisionError: division by zero\n"
            "    input    image: 186 messages from camera/image\n"
            "    affects  plot (running), store (starting)    policy restart: never\n"
            "    next     dora logs 0190 --node detector");
}

TEST(FailureCard, DoesWithWhatIsKnown) {
  FailureFacts known = facts();
  known.status = {.code = 0, .signal = SIGSEGV};
  known.restart = {.policy = RestartPlan::Policy::OnFailure, .max_restarts = 3};
  known.core = "gdb node core";
  EXPECT_EQ(failure_card(known),
            "✗ detector crashed  (SIGSEGV)  after 6.1 s\n"
            "    affects  no other node    policy restart: on-failure, 3 times at most\n"
            "    core     gdb node core\n"
            "    next     dora logs 0190 --node detector");
  known.report = ErrorReport{{"std::runtime_error: no camera"}, ReportedError{"KeyError: 'x'"}};
  EXPECT_THAT(failure_card(known), HasSubstr("\n    cause    std::runtime_error: no camera\n"
                                             "    because  KeyError: 'x'\n"));
  EXPECT_THAT(failure_card(known), HasSubstr("crashed  (SIGSEGV, std::runtime_error)"));
  known.is_ended_by_dora = true;
  EXPECT_THAT(failure_card(known), HasSubstr("detector was killed  (SIGSEGV"));
  known.inputs.resize(6);
  EXPECT_THAT(failure_card(known), HasSubstr("    inputs   2 more\n"));
}

TEST(FailureCard, ReadsSourcesThatAreStillTheSame) {
  char pattern[] = "/tmp/dora-test-XXXXXX";
  ASSERT_NE(::mkdtemp(pattern), nullptr);
  const std::filesystem::path folder = pattern;
  std::ofstream(folder / "a.py") << "one\ntwo\n  three\nfour\n";
  EXPECT_THAT(source_lines({.file = "a.py", .line = 3, .text = "three"}, folder, 2),
              ElementsAre("two", "  three"));
  EXPECT_THAT(source_lines({.file = "a.py", .line = 1}, folder, 3), ElementsAre("one"));
  EXPECT_THAT(source_lines({.file = "a.py", .line = 3, .text = "other"}, folder, 2), IsEmpty());
  EXPECT_THAT(source_lines({.file = "a.py", .line = 30}, folder, 2), IsEmpty());
  EXPECT_THAT(source_lines({.file = "b.py", .line = 3}, folder, 2), IsEmpty());
  // Nobody writes into this one.
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  EXPECT_THAT(source_lines({.file = "pipe", .line = 1}, folder, 2), IsEmpty());
  EXPECT_THAT(source_lines({.file = "/dev/zero", .line = 1}, folder, 2), IsEmpty());
  std::filesystem::remove_all(folder);
}

TEST(CoreHint, TellsWhereItIsOrHowToHaveOne) {
  const ExitStatus dumped{.signal = SIGSEGV, .dumped_core = true};
  const ExitStatus not_dumped{.signal = SIGSEGV};
  EXPECT_EQ(core_hint({.pattern = "core", .adds_pid = true}, dumped, 7, "/w", "/bin/node"),
            "gdb /bin/node /w/core.7");
  EXPECT_EQ(core_hint({.pattern = "/c/%e-%p%%"}, dumped, 7, "/w", "/bin/node"),
            "gdb /bin/node /c/*-7%");
  EXPECT_EQ(core_hint({.pattern = "|/lib/systemd/systemd-coredump %P"}, dumped, 7, "/w", "/bin/x"),
            "kept by systemd: coredumpctl gdb 7");
  EXPECT_EQ(core_hint({.pattern = "core", .is_limited = true}, not_dumped, 7, "/w", "/bin/x"),
            "none written, as `ulimit -c` is 0: after `ulimit -c unlimited` in the shell that "
            "starts dora, the next one is /w/core");
  EXPECT_THAT(core_hint({.pattern = "core"}, not_dumped, 7, "/w", "/bin/x"),
              HasSubstr("/w/core cannot be"));
  EXPECT_EQ(core_hint({.pattern = "core"}, {.signal = SIGKILL}, 7, "/w", "/bin/x"), "");
  EXPECT_EQ(core_hint({.pattern = "core"}, {.code = 1}, 7, "/w", "/bin/x"), "");
}

}  // namespace
}  // namespace dora::daemon

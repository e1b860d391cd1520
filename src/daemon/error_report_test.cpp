// SPDX-License-Identifier: Apache-2.0
#include "daemon/error_report.hpp"

#include <gtest/gtest.h>

namespace dora::daemon {
namespace {

/// The sentence that is told of the error, and the line that is shown.
std::string told(std::string_view excerpt) {
  const auto report = read_error_report(excerpt);
  if (!report) return "nothing";
  std::string text = to_sentence(report->error, "/home/me");
  if (report->error.place && !report->error.place->text.empty())
    text += "|" + report->error.place->text + "|" + report->error.place->marks;
  if (report->because) text += " <- " + to_sentence(*report->because, "/home/me");
  return text;
}

TEST(ErrorReport, OfATracebackIsItsLastLineAndItsInnermostPlace) {
  EXPECT_EQ(told("[...]\n"
                 "Traceback (most recent call last):\n"
                 "  File \"/home/me/detector.py\", line 9, in <module>\n"
                 "    main()\n"
                 "  File \"/home/me/detector.py\", line 5, in area_ratio\n"
                 "    return area / (w * h)\n"
                 "           ~~~~~^~~~~~~~~\n"
                 "ZeroDivisionError: division by zero"),
            "ZeroDivisionError: division by zero (detector.py:5 in area_ratio)|return area / (w * "
            "h)|       ~~~~~^~~~~~~~~");
}

TEST(ErrorReport, PrefersThePlaceInTheProgramToThatInALibrary) {
  EXPECT_EQ(
      told("Traceback (most recent call last):\n"
           "  File \"/home/me/node.py\", line 2, in <module>\n"
           "    np.min([])\n"
           "  File \"/home/me/.venv/lib/python3.11/site-packages/numpy/x.py\", line 40, in min\n"
           "    return f()\n"
           "ValueError: zero-size array\n"
           "and a second line"),
      "ValueError: zero-size array (node.py:2)|np.min([])|");
  EXPECT_EQ(told("Traceback (most recent call last):\n"
                 "  File \"<string>\", line 1, in <module>\n"
                 "KeyError: 'x'"),
            "KeyError: 'x' (<string>:1)");
}

TEST(ErrorReport, TellsWhatTheErrorWasRaisedFrom) {
  EXPECT_EQ(told("Traceback (most recent call last):\n"
                 "  File \"a.py\", line 1, in load\n"
                 "KeyError: 'x'\n"
                 "\n"
                 "During handling of the above exception, another exception occurred:\n"
                 "\n"
                 "Traceback (most recent call last):\n"
                 "  File \"a.py\", line 3, in <module>\n"
                 "RuntimeError: no x"),
            "RuntimeError: no x (a.py:3) <- KeyError: 'x' (a.py:1 in load)");
}

TEST(ErrorReport, OfASyntaxErrorHasItsPlace) {
  EXPECT_EQ(told("  File \"/home/me/a.py\", line 2\n"
                 "    x ==\n"
                 "        ^\n"
                 "SyntaxError: invalid syntax"),
            "SyntaxError: invalid syntax (a.py:2)|x ==|    ^");
}

TEST(ErrorReport, OfAGroupIsItsInnermostError) {
  EXPECT_EQ(
      told("  + Exception Group Traceback (most recent call last):\n"
           "  |   File \"/home/me/a.py\", line 8, in <module>\n"
           "  |     main()\n"
           "  | ExceptionGroup: several (1 sub-exception)\n"
           "  +-+---------------- 1 ----------------\n"
           "    | Traceback (most recent call last):\n"
           "    |   File \"/home/me/a.py\", line 4, in work\n"
           "    |     1 / 0\n"
           "    | ZeroDivisionError: division by zero\n"
           "    +------------------------------------"),
      "ZeroDivisionError: division by zero (a.py:4 in work)|1 / 0| <- ExceptionGroup: several "
      "(1 sub-exception) (a.py:8)");
}

TEST(ErrorReport, OfACrashIsWhereThePythonCodeWas) {
  EXPECT_EQ(told("Fatal Python error: Segmentation fault\n"
                 "\n"
                 "Thread 0x00007f00 (most recent call first):\n"
                 "  File \"/usr/lib/python3.11/threading.py\", line 320 in wait\n"
                 "\n"
                 "Current thread 0x00007f01 (most recent call first):\n"
                 "  File \"/usr/lib/python3.11/ctypes/__init__.py\", line 519 in string_at\n"
                 "  File \"/home/me/a.py\", line 7 in poke\n"
                 "  File \"/home/me/a.py\", line 9 in <module>\n"
                 "\n"
                 "Extension modules: numpy (total: 1)"),
            "Fatal Python error: Segmentation fault (a.py:7 in poke)");
}

TEST(ErrorReport, KnowsOtherLanguages) {
  EXPECT_EQ(told("terminate called after throwing an instance of 'std::runtime_error'\n"
                 "  what():  no camera"),
            "std::runtime_error: no camera");
  EXPECT_EQ(told("thread 'main' panicked at src/main.rs:3:5:\n"
                 "no camera\n"
                 "note: run with `RUST_BACKTRACE=1`"),
            "panic: no camera (src/main.rs:3)");
  EXPECT_EQ(told("node: node.cpp:12: int main(): Assertion `x > 0' failed."),
            "Assertion `x > 0' failed. (node.cpp:12 in int main())");
}

TEST(ErrorReport, JoinsWhatCppSaysWithWherePythonWas) {
  const std::string crash =
      "Fatal Python error: Aborted\n\n"
      "Current thread 0x00007f (most recent call first):\n"
      "  File \"a.py\", line 7 in poke";
  EXPECT_EQ(told("terminate called after throwing an instance of 'std::runtime_error'\n"
                 "  what():  no camera\n" +
                 crash),
            "std::runtime_error: no camera (a.py:7 in poke)");
  EXPECT_EQ(told("python3: driver.cpp:12: int open(): Assertion `x > 0' failed.\n" + crash),
            "Assertion `x > 0' failed. (driver.cpp:12 in int open())");
}

TEST(ErrorReport, IsNothingForOtherText) {
  for (const char* text : {"", "hello", "Traceback (most recent call last):",
                           "  File \"a.py\", line", "  File \"a.py\", line 99999999999999\nx",
                           "File \"", ": Assertion `", "thread 'x panicked", "Fatal error"})
    EXPECT_EQ(told(text), "nothing") << text;
}

}  // namespace
}  // namespace dora::daemon

// SPDX-License-Identifier: Apache-2.0
#include "dataflow/diagnostic.hpp"

#include <algorithm>
#include <set>

#include <gtest/gtest.h>

#include "dataflow/error_codes.hpp"

namespace dora::dataflow {
namespace {

SourceTexts source(std::string text, std::string name = "hello/dataflow.yml") {
  return {std::make_shared<SourceText>(std::move(name), std::move(text))};
}

Location find(const SourceTexts& sources, std::string_view word) {
  auto offset = sources[0]->text().find(word);
  return {0, static_cast<std::uint32_t>(offset), static_cast<std::uint32_t>(word.size())};
}

TEST(Diagnostic, LooksLikeACompilersReport) {
  auto sources = source(std::string(10, '\n') + "      message: sender/mesage\n");
  auto diagnostic = diagnose(
      sources, find(sources, "sender/mesage"),
      {.code = "E013",
       .message = "node `receiver` reads `sender/mesage`, but `sender` has no output `mesage`",
       .label = "outputs of `sender`: message",
       .help = "did you mean `sender/message`?"});
  EXPECT_EQ(render(diagnostic),
            "error[E013]: node `receiver` reads `sender/mesage`, but `sender` has no output "
            "`mesage`\n"
            "  --> hello/dataflow.yml:11:16\n"
            "   |\n"
            "11 |       message: sender/mesage\n"
            "   |                ^^^^^^^^^^^^^ outputs of `sender`: message\n"
            "   = help: did you mean `sender/message`?\n");
}

TEST(Diagnostic, IsColoredOnRequestOnly) {
  auto sources = source("a: b");
  auto diagnostic = diagnose(sources, find(sources, "b"), {.code = "W001", .message = "m"});
  EXPECT_EQ(render(diagnostic).find('\033'), std::string::npos);
  EXPECT_NE(render(diagnostic, Color::Yes).find("\033[1;33mwarning[W001]"), std::string::npos);
}

TEST(Diagnostic, CountsColumnsInCharacters) {
  auto sources = source("größe: ñandú\n");
  auto diagnostic = diagnose(sources, find(sources, "ñandú"), {.code = "E006", .message = "m"});
  EXPECT_EQ(diagnostic.line, 1u);
  EXPECT_EQ(diagnostic.column, 8u);
  EXPECT_EQ(diagnostic.length, 5u);
}

TEST(Diagnostic, KnowsLinesThatEndInCarriageReturns) {
  auto sources = source("a: 1\r\nb: 2\rc: 3\n");
  auto diagnostic = diagnose(sources, find(sources, "3"), {.code = "E006", .message = "m"});
  EXPECT_EQ(diagnostic.line, 3u);
  EXPECT_EQ(diagnostic.column, 4u);
  EXPECT_EQ(diagnostic.source_line, "c: 3");
}

TEST(Diagnostic, CutsALongLineAroundThePlace) {
  auto sources = source(std::string(1'000'000, 'x') + "HERE" + std::string(1'000'000, 'y'));
  auto diagnostic = diagnose(sources, find(sources, "HERE"), {.code = "E006", .message = "m"});
  EXPECT_EQ(diagnostic.column, 1'000'001u);
  EXPECT_LT(diagnostic.source_line.size(), 200u);
  // The caret stands under the word: "…" is one character, but three bytes.
  EXPECT_EQ(diagnostic.source_line.find("HERE"), diagnostic.caret_column - 1 + 3);
  EXPECT_LT(render(diagnostic).size(), 500u);
}

TEST(Diagnostic, NeverUnderlinesMoreThanIsShown) {
  auto sources = source(std::string(1'000'000, 'x'));
  auto diagnostic = diagnose(sources, {0, 0, 1'000'000}, {.code = "E006", .message = "m"});
  EXPECT_EQ(diagnostic.length, 1'000'000u);
  EXPECT_LE(diagnostic.caret_length, 121u);
}

TEST(Diagnostic, KeepsControlCharactersOffTheTerminal) {
  auto sources = source("a:\t\033[31mred");
  auto diagnostic = diagnose(sources, find(sources, "red"), {.code = "E006", .message = "m"});
  EXPECT_EQ(diagnostic.source_line, "a: ?[31mred");
}

TEST(Diagnostic, PointsAtTheEndOfAFileThatEndsTooEarly) {
  auto sources = source("a: [");
  auto diagnostic = diagnose(sources, {0, 4, 0}, {.code = "E003", .message = "m"});
  EXPECT_EQ(diagnostic.column, 5u);
  EXPECT_EQ(diagnostic.caret_length, 1u);
}

TEST(Diagnostic, AboutAFileHasNoLine) {
  auto diagnostic =
      diagnose_file("x.yml", {.code = "E001", .message = "cannot read", .help = "look again"});
  EXPECT_EQ(render(diagnostic), "error[E001]: cannot read\n  --> x.yml\n   = help: look again\n");
}

TEST(Diagnostic, IsSummedUp) {
  Diagnostic error, warning;
  warning.severity = Severity::Warning;
  EXPECT_EQ(count_text(std::vector{error, warning, warning}), "1 error, 2 warnings");
  EXPECT_EQ(count_text(std::vector{error, error}), "2 errors");
  EXPECT_EQ(count_text({}), "");
}

TEST(ErrorCodes, AreUniqueOrderedAndExplained) {
  auto codes = error_codes();
  EXPECT_TRUE(std::ranges::is_sorted(codes, {}, &ErrorCode::code));
  std::set<std::string_view> seen;
  for (const ErrorCode& row : codes) {
    EXPECT_TRUE(seen.insert(row.code).second) << row.code;
    EXPECT_GT(row.explanation.size(), 60u) << row.code;
    EXPECT_EQ(find_error_code(row.code), &row);
  }
  EXPECT_EQ(find_error_code("e013")->code, "E013");
  EXPECT_EQ(find_error_code("E999"), nullptr);
}

}  // namespace
}  // namespace dora::dataflow

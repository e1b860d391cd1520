// SPDX-License-Identifier: Apache-2.0
// YAML that wants to crash, hang or fill the memory. Every file is answered by a diagnostic or a
// dataflow; the limits of the test run catch the rest.

#include "dataflow/yaml_document.hpp"

#include <gtest/gtest.h>

#include "dataflow/load.hpp"

namespace dora::dataflow {
namespace {

std::string codes(std::string_view text) {
  std::string result;
  for (const Diagnostic& diagnostic : parse(text).diagnostics) {
    result += (result.empty() ? "" : " ") + diagnostic.code;
    EXPECT_LT(render(diagnostic).size(), 3000u);
  }
  return result;
}

std::string repeated(std::string_view text, std::size_t times) {
  std::string result;
  for (std::size_t i = 0; i < times; ++i)
    result += text;
  return result;
}

TEST(Yaml, NestedTooDeeplyIsRefused) {
  for (std::size_t depth : {65u, 1'000u, 200'000u}) {
    EXPECT_EQ(codes(repeated("[", depth)), "E019") << depth;
    EXPECT_EQ(codes("a: " + repeated("{a: ", depth)), "E019") << depth;
    EXPECT_EQ(codes(repeated("- ", depth) + "a"), "E019") << depth;
    EXPECT_NE(codes(repeated("? ", depth) + "a"), "") << depth;
  }
  std::string blocks;
  for (int i = 0; i < 1'000; ++i)
    blocks += std::string(static_cast<std::size_t>(i), ' ') + "a:\n";
  EXPECT_EQ(codes(blocks), "E019");
}

TEST(Yaml, OfSixtyFourLevelsIsRead) {
  EXPECT_EQ(codes(repeated("[", 64) + repeated("]", 64)), "E006");
}

TEST(Yaml, WithHugeScalarsIsAnsweredBriefly) {
  std::string huge(3'000'000, 'x');
  EXPECT_EQ(codes(huge), "E006");
  EXPECT_EQ(codes(huge + ": 1\nnodes: []\n"), "E004");
  EXPECT_EQ(codes("nodes: [{id: " + huge + ", path: a}]"), "E009");
  EXPECT_EQ(codes("nodes: [{id: a, path: b, inputs: {" + huge + ": c/d}}]"), "E009");
  EXPECT_EQ(codes("nodes: [{id: a, path: b, inputs: {x: " + huge + "}}]"), "E012");
  EXPECT_EQ(codes("nodes: [{id: a, path: b, restart_policy: " + huge + "}]"), "E007");
  EXPECT_EQ(codes("nodes: [{id: a, path: b, max_restarts: " + std::string(3'000'000, '9') + "}]"),
            "E006");
  EXPECT_EQ(codes("nodes: [{id: a, path: \"" + huge), "E003");
  EXPECT_EQ(codes("nodes: *" + huge), "E003");
  EXPECT_EQ(codes("nodes: !" + huge + " []"), "E003");
  EXPECT_EQ(codes(std::string(10'000'000, 'x')), "E001");
  EXPECT_EQ(codes("nodes: [{id: a, path: b, description: " + huge + "}]"), "");
}

TEST(Yaml, ThatTakesTheParserLongIsAnswered) {
  std::size_t size = 4'000'000;
  EXPECT_EQ(codes(std::string(size, '%')), "E003");
  EXPECT_EQ(codes(std::string(size, '\n')), "E021");
  EXPECT_EQ(codes(std::string(size, '#')), "E021");
  EXPECT_NE(codes(std::string(size, '!')), "");
  EXPECT_NE(codes(std::string(size, '&')), "");
  EXPECT_NE(codes(std::string(size, '"')), "");
  EXPECT_NE(codes(repeated("? ", size / 2)), "");
  EXPECT_NE(codes(repeated("a:", size / 2)), "");
  EXPECT_NE(codes(repeated("---\n", size / 4)), "");
  EXPECT_EQ(codes("[" + repeated("a,", size / 2 - 2) + "]"), "E019");
  EXPECT_EQ(codes("{" + repeated("a,", size / 2 - 2) + "}"), "E019");
  EXPECT_EQ(codes("[" + repeated("a: b,", size / 5) + "]"), "E019");
  EXPECT_EQ(codes(repeated("a: b\n", size / 5)).substr(0, 9), "E008 E008");
}

TEST(Yaml, AliasesMayBeUsedWithinReason) {
  std::string list = "nodes:\n  - {id: n, path: a, env: &e {A: 1, B: 2}}\n";
  for (int i = 0; i < 500; ++i) {
    list += "  - {id: n" + std::to_string(i) + ", path: a, env: *e}\n";
  }
  EXPECT_EQ(codes(list), "");
}

TEST(Yaml, AliasesOfLongTextsAreCounted) {
  std::string text = "env: {A: &a " + std::string(1'000'000, 'x') + "}\nnodes:\n";
  for (int i = 0; i < 10; ++i) {
    text += "  - {id: n" + std::to_string(i) + ", path: a, env: {A: *a}}\n";
  }
  EXPECT_EQ(codes(text), "E019");
}

TEST(Yaml, CyclesOfAliasesNameTheirLine) {
  auto result = parse("nodes: []\nenv:\n  &x\n  a: *x\n");
  ASSERT_EQ(result.diagnostics.size(), 1u);
  EXPECT_EQ(result.diagnostics[0].code, "E020");
  EXPECT_TRUE(result.diagnostics[0].message.starts_with("cyclic alias at line 4"));
}

TEST(Yaml, PositionsAreRightBehindLongCharacters) {
  auto result = parse("# größe 😀\nnodes: [{id: a, path: a, name: 日本, oops: 1}]\n");
  ASSERT_EQ(result.diagnostics.size(), 1u);
  EXPECT_EQ(result.diagnostics[0].line, 2u);
  EXPECT_EQ(result.diagnostics[0].column, 36u);
  EXPECT_EQ(result.diagnostics[0].length, 4u);
}

TEST(Yaml, SyntaxErrorsSayWhatHelps) {
  auto help = [](std::string_view text) {
    auto result = parse(text);
    return result.diagnostics.empty() ? std::string() : result.diagnostics[0].help;
  };
  EXPECT_EQ(help("nodes:\n\t- id: a\n"), "indent with spaces; YAML allows no tabs there");
  EXPECT_EQ(help("nodes: [a\n"), "close every `[` with `]` and every `{` with `}`");
}

}  // namespace
}  // namespace dora::dataflow

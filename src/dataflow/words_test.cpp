// SPDX-License-Identifier: Apache-2.0
#include "dataflow/words.hpp"

#include <gtest/gtest.h>

namespace dora::dataflow {
namespace {

using Words = std::vector<std::string>;

Words split(std::string_view text) {
  return split_words(text).value_or(Words{"refused"});
}

TEST(SplitWords, FollowsTheShell) {
  EXPECT_EQ(split("--bus 1 --label \"front left\""),
            (Words{"--bus", "1", "--label", "front left"}));
  EXPECT_EQ(split("  a\tb\n c  "), (Words{"a", "b", "c"}));
  EXPECT_EQ(split("'a\\b' \"a\\\"b\" a\\ b"), (Words{"a\\b", "a\"b", "a b"}));
  EXPECT_EQ(split("\"a\\nb\""), (Words{"a\\nb"}));
  EXPECT_EQ(split("x''y \"\" ''"), (Words{"xy", "", ""}));
  EXPECT_EQ(split("a # comment\nb c#d"), (Words{"a", "b", "c#d"}));
  EXPECT_EQ(split("a\\\nb"), (Words{"ab"}));
  EXPECT_EQ(split(""), Words{});
}

TEST(SplitWords, ExpandsNothing) {
  EXPECT_EQ(split("$HOME *.py `ls` ~ $(x) {a,b}"),
            (Words{"$HOME", "*.py", "`ls`", "~", "$(x)", "{a,b}"}));
}

TEST(SplitWords, RefusesWhatIsNotClosed) {
  EXPECT_EQ(split_words("a \"b").error().message, "a double quote is not closed");
  EXPECT_EQ(split_words("a 'b").error().message, "a single quote is not closed");
  EXPECT_FALSE(split_words("a\\"));
}

}  // namespace
}  // namespace dora::dataflow

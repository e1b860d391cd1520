// SPDX-License-Identifier: Apache-2.0
#include "dataflow/environment.hpp"

#include <gtest/gtest.h>

namespace dora::dataflow {
namespace {

std::optional<std::string> lookup(const std::string& name) {
  if (name == "HOME") return "/home/ada";
  if (name == "EMPTY") return "";
  if (name == "N1") return "$HOME";
  return std::nullopt;
}

std::string expand(std::string_view text) {
  auto result = expand_variables(text, lookup);
  return result ? *result : "error: " + result.error().message;
}

TEST(ExpandVariables, ReplacesNames) {
  EXPECT_EQ(expand("$HOME/x ${HOME}y"), "/home/ada/x /home/aday");
  EXPECT_EQ(expand("[$EMPTY]"), "[]");
  EXPECT_EQ(expand("${EMPTY:-default}"), "");
  EXPECT_EQ(expand("${NOPE:-a b}"), "a b");
  EXPECT_EQ(expand("${NOPE:-}"), "");
  EXPECT_EQ(expand("$NOPE"), "error: the environment variable `NOPE` is not set");
  EXPECT_EQ(expand("x${NOPE}y"), "error: the environment variable `NOPE` is not set");
}

TEST(ExpandVariables, LeavesOtherDollarsAlone) {
  EXPECT_EQ(expand("$ $5 $- 5$ ${ ${} ${HOME ${HOME:x} ~"), "$ $5 $- 5$ ${ ${} ${HOME ${HOME:x} ~");
  EXPECT_EQ(expand("$$HOME $$$HOME"), "$HOME $/home/ada");
}

TEST(ExpandVariables, DoesNotExpandWhatItInserted) {
  EXPECT_EQ(expand("$N1"), "$HOME");
}

TEST(ExpandVariables, TakesLinearTimeForHostileText) {
  std::string text;
  for (int i = 0; i < 200'000; ++i)
    text += "${A:-";
  EXPECT_EQ(expand(text), text);
  EXPECT_EQ(expand(text + "}").size(), text.size() - 5);
}

TEST(ExpandPath, KnowsFewVariables) {
  std::string kept;
  EXPECT_EQ(expand_path("$HOME/a/${USER}/$NOPE", lookup, &kept), "/home/ada/a/${USER}/$NOPE");
  EXPECT_EQ(kept, "USER");
  kept.clear();
  EXPECT_EQ(expand_path("$N1/x", lookup, &kept), "$N1/x");
  EXPECT_EQ(kept, "N1");
}

TEST(ReservedVariables, AreThoseOfDoraAndOfTheLoader) {
  for (const char* name :
       {"LD_PRELOAD", "LD_AUDIT", "LD_LIBRARY_PATH", "DYLD_INSERT_LIBRARIES", "DYLD_LIBRARY_PATH",
        "DORA_AUTH_TOKEN", "DORA_ALLOW_SHELL_NODES", "DORA_NODE_CONFIG", "DORA_RUNTIME_CONFIG",
        "DORA_RUN_PARENT_PID", "DORA_ZENOH_LISTEN", "DORA_ZENOH_CONFIG_OVERLAY", "ZENOH_CONFIG", "",
        "A=B", "A B", "A\nB"}) {
    EXPECT_TRUE(is_reserved_variable(name)) << name;
  }
  EXPECT_FALSE(is_reserved_variable("DORA_NODE_SHM_POOL_SIZE"));
  EXPECT_FALSE(is_reserved_variable("PATH"));
}

}  // namespace
}  // namespace dora::dataflow

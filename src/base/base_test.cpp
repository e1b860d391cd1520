// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "base/file_descriptor.hpp"
#include "base/ids.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "base/spelling.hpp"

namespace dora {
namespace {

Result<int> half(int value) {
  if (value % 2 != 0) return fail(ErrorKind::InvalidInput, "odd");
  return value / 2;
}

Result<int> quarter(int value) {
  int once = TRY(half(value).while_doing("halving"));
  return half(once);
}

TEST(Result, TryReturnsTheErrorWithWhatWasAttempted) {
  EXPECT_EQ(quarter(8).value(), 2);
  EXPECT_EQ(quarter(7).error().message, "halving: odd");
}

TEST(NodeId, FollowsTheRules) {
  EXPECT_TRUE(NodeId::parse("cam-left_1.raw"));
  for (const char* bad : {"", ".hidden", "-rf", "dora", "a/b", "a b", "käse"}) {
    EXPECT_FALSE(NodeId::parse(bad)) << bad;
  }
  EXPECT_TRUE(NodeId::parse(std::string(64, 'x')));
  EXPECT_FALSE(NodeId::parse(std::string(65, 'x')));
}

TEST(DataId, MayContainSlashesInside) {
  EXPECT_TRUE(DataId::parse("op/image"));
  for (const char* bad : {"", "/a", "a/", "a//b", "a b"})
    EXPECT_FALSE(DataId::parse(bad)) << bad;
}

TEST(Spelling, FindsTheLikelyTypo) {
  std::vector<std::string> words{"outputs", "inputs", "path"};
  EXPECT_EQ(closest_match("ouputs", words), "outputs");
  EXPECT_EQ(closest_match("imputs", words), "inputs");
  EXPECT_EQ(closest_match("zebra", words), std::nullopt);
  EXPECT_EQ(edit_distance("rnu", "run"), 1u);
}

TEST(Uuid, HasVersionSevenAndIsUnique) {
  auto first = new_uuid();
  EXPECT_EQ(first.size(), 36u);
  EXPECT_EQ(first[14], '7');
  EXPECT_NE(first, new_uuid());
}

TEST(SystemError, NamesTheAttemptAndTheReason) {
  auto error = system_error("opening '/nowhere'", ENOENT);
  EXPECT_EQ(error.kind, ErrorKind::NotFound);
  EXPECT_EQ(error.message, "opening '/nowhere': No such file or directory");
}

}  // namespace
}  // namespace dora

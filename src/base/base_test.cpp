// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <gtest/gtest.h>

#include "base/file_descriptor.hpp"
#include "base/ids.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "base/sha256.hpp"
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

std::string sha256_of(std::string_view text, std::size_t piece) {
  Sha256 digest;
  for (; !text.empty(); text.remove_prefix(std::min(piece, text.size())))
    digest.add(text.substr(0, piece));
  return digest.finish();
}

TEST(Sha256, AnswersAsTheStandardSays) {
  EXPECT_EQ(sha256_of("", 1), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_of("abc", 3),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 5),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  const std::string million(1'000'000, 'a');
  for (const std::size_t piece : {1UL, 63UL, 64UL, 65UL, 1000UL, 1'000'000UL}) {
    EXPECT_EQ(sha256_of(million, piece),
              "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  }
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

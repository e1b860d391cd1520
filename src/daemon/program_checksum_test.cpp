// SPDX-License-Identifier: Apache-2.0
#include "daemon/program_checksum.hpp"

#include <fstream>

#include <gtest/gtest.h>
#include <unistd.h>

namespace dora::daemon {
namespace {

constexpr const char* checksum_of_abc =
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

class ProgramChecksumTest : public testing::Test {
 protected:
  ProgramChecksumTest()
      : path_(std::filesystem::path(testing::TempDir()) /
              ("program-checksum-" + std::to_string(::getpid()))) {}
  ~ProgramChecksumTest() override { std::filesystem::remove(path_); }
  void write(const char* text) { std::ofstream(path_) << text; }

  std::filesystem::path path_;
};

TEST_F(ProgramChecksumTest, ReadsAgainOnlyWhatHasChanged) {
  ProgramChecksum checksum{.wanted = checksum_of_abc};
  EXPECT_FALSE(verify(path_, checksum));
  write("abc");
  EXPECT_TRUE(verify(path_, checksum));
  EXPECT_FALSE(checksum.seen.empty());
  // As it was seen, so it is taken to be: this one would not be wanted.
  ProgramChecksum other{.wanted = std::string(64, '0'), .seen = checksum.seen};
  EXPECT_TRUE(verify(path_, other));
  write("abcd");
  const auto changed = verify(path_, checksum);
  ASSERT_FALSE(changed);
  EXPECT_NE(changed.error().message.find("as `path_sha256` says"), std::string::npos);
  EXPECT_NE(changed.error().message.find(path_.string()), std::string::npos);
}

TEST_F(ProgramChecksumTest, TakesAnythingWithoutAChecksum) {
  ProgramChecksum none;
  EXPECT_TRUE(verify("/nowhere", none));
}

}  // namespace
}  // namespace dora::daemon

// SPDX-License-Identifier: Apache-2.0
#include "build/lock_file.hpp"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include "dataflow/load.hpp"

namespace dora::build {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class LockFileTest : public testing::Test {
 protected:
  void SetUp() override {
    char pattern[] = "/tmp/dora-test-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern), nullptr);
    folder_ = pattern;
    path_ = default_lock_file(folder_ / "flow.yml");
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string refusal(const std::string& text) {
    std::ofstream(path_) << text;
    const auto read = read_lock_file(path_);
    return read ? "accepted" : read.error().message;
  }
  static std::string fingerprint(const std::string& nodes) {
    return descriptor_fingerprint(*dataflow::parse("nodes:\n" + nodes).dataflow);
  }

  fs::path folder_;
  fs::path path_;
};

const std::string commit(40, 'a');

TEST_F(LockFileTest, ComesBackAsItWasWritten) {
  EXPECT_EQ(path_.filename(), "flow.dora-lock.yaml");
  const LockFile lock{.descriptor_fingerprint = "0123",
                      .git_sources = {{"a", {"https://host/a \"b\"", commit}},
                                      {"m.1", {"/path", std::string(64, '0')}}}};
  ASSERT_TRUE(write_lock_file(path_, lock));
  EXPECT_EQ(read_lock_file(path_), lock);
  ASSERT_TRUE(write_lock_file(path_, {}));
  EXPECT_EQ(read_lock_file(path_), LockFile{});
}

TEST_F(LockFileTest, RefusesWhatItCannotTrust) {
  EXPECT_THAT(read_lock_file(path_).error().message, HasSubstr("there is no lock file"));
  EXPECT_THAT(refusal("- a\n"), HasSubstr("no lock file"));
  EXPECT_THAT(refusal("a: [\n"), HasSubstr("no lock file"));
  EXPECT_THAT(refusal("version: 1\n"), HasSubstr("version 2"));
  EXPECT_THAT(refusal("version: 2\ngit_sources: {a: {repo: x, commit_hash: ../..}}\n"),
              HasSubstr("`commit_hash` of node `a`"));
  EXPECT_EQ(refusal("version: 2\ngit_sources: {a: {repo: x, commit_hash: " + commit + "}}\n"),
            "accepted");
}

TEST_F(LockFileTest, TheFingerprintIsOfAllButTheValuesOfVariables) {
  const std::string node = fingerprint("  - {id: a, path: a, git: x, env: {A: 1}}\n");
  EXPECT_EQ(fingerprint("  - {id: a, git: x, path: a, env: {A: 2}}  # a remark\n"), node);
  EXPECT_NE(fingerprint("  - {id: a, path: a, git: y, env: {A: 1}}\n"), node);
  EXPECT_NE(fingerprint("  - {id: a, path: b, git: x, env: {A: 1}}\n"), node);
}

}  // namespace
}  // namespace dora::build

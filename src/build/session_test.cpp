// SPDX-License-Identifier: Apache-2.0
#include "build/session.hpp"

#include <fstream>
#include <sstream>

#include <gtest/gtest.h>
#include <stdlib.h>

namespace dora::build {
namespace {

namespace fs = std::filesystem;

class SessionTest : public testing::Test {
 protected:
  void SetUp() override {
    char pattern[] = "/tmp/dora-test-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern), nullptr);
    folder_ = pattern;
    fs::create_directory(folder_ / "out");
    path_ = session_file(folder_ / "flow.yml");
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string text(const fs::path& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }

  fs::path folder_;
  fs::path path_;
};

const Session sample{.build_id = "b",
                     .session_id = "s",
                     .nodes = {{"one", {"0123", "/flow", ""}},
                               {"two",
                                {"4567",
                                 "/flow/git/x",
                                 "/flow/.dora/python-envs/two",
                                 {"file:///x", "branch main", "89ab"}}}}};

TEST_F(SessionTest, IsReadAsItWasWritten) {
  EXPECT_EQ(path_, folder_ / "out/flow.dora-session.yaml");
  ASSERT_TRUE(write_session(path_, sample));
  EXPECT_EQ(read_session(path_), sample);
}

TEST_F(SessionTest, IsEmptyWhenItCannotBeRead) {
  EXPECT_EQ(read_session(path_), Session());
  for (const char* nonsense : {"", "[]", "{", "{\"version\": 99}", "\xff", "{\"version\":1}",
                               R"({"version":1,"nodes":[]})"}) {
    std::ofstream(path_) << nonsense;
    EXPECT_EQ(read_session(path_), Session()) << nonsense;
  }
}

TEST_F(SessionTest, IsIgnoredByGitOnce) {
  std::ofstream(folder_ / "out/.gitignore") << "mine";
  ASSERT_TRUE(write_session(path_, sample));
  ASSERT_TRUE(write_session(path_, sample));
  EXPECT_EQ(text(folder_ / "out/.gitignore"), "mine\nflow.dora-session.yaml\n");
}

TEST_F(SessionTest, TellsWhenItCannotBeWritten) {
  fs::remove_all(folder_ / "out");
  EXPECT_FALSE(write_session(path_, sample));
}

}  // namespace
}  // namespace dora::build

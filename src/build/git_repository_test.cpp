// SPDX-License-Identifier: Apache-2.0
// What needs no repository; tests/scenarios/builds/test_git.py has some.
#include "build/git_repository.hpp"

#include <gtest/gtest.h>

namespace dora::build {
namespace {

TEST(GitRepository, ClonesAreByHostAndPath) {
  const auto place = [](const char* url) { return clones_of(url, "/flow").string(); };
  EXPECT_EQ(place("https://host/a/b.git"), "/flow/git/host/a/b.git");
  EXPECT_EQ(place("ssh://me@host:22/a"), "/flow/git/host/a");
  EXPECT_EQ(place("me@host:a/b"), "/flow/git/host/a/b");
  EXPECT_EQ(place("file:///a/b"), "/flow/git/localhost/a/b");
  EXPECT_EQ(place("/a/b"), "/flow/git/localhost/a/b");
  EXPECT_EQ(place("../b"), "/flow/git/localhost/b");
  // Nothing leads out of the folder.
  EXPECT_EQ(place("https://host/../../a"), "/flow/git/host/a");
  EXPECT_EQ(place("https://../a"), "/flow/git/localhost/a");
}

TEST(GitRepository, PublicAddressesNameNobody) {
  EXPECT_EQ(public_address("https://me:secret@host/a@b"), "https://host/a@b");
  EXPECT_EQ(public_address("https://host/a@b"), "https://host/a@b");
  EXPECT_EQ(public_address("me@host:a"), "me@host:a");
  EXPECT_EQ(public_address("/a"), "/a");
}

}  // namespace
}  // namespace dora::build

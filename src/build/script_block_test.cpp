// SPDX-License-Identifier: Apache-2.0
#include "build/script_block.hpp"

#include <fstream>

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

namespace dora::build {
namespace {

std::optional<std::string> block_of(const std::string& text) {
  char path[] = "/tmp/dora-test-XXXXXX";
  ::close(::mkstemp(path));
  std::ofstream(path) << text;
  auto block = read_script_block(path);
  ::unlink(path);
  return block;
}

TEST(ScriptBlock, IsWhatStandsBetweenItsMarks) {
  EXPECT_EQ(block_of("import x\n# /// script\r\n# a = 1\r\n#\n# b = 2\n# ///\n# c\n"),
            "a = 1\n\nb = 2\n");
  EXPECT_EQ(block_of("# /// script\n# a = 1\nimport x\n# ///\n"), std::nullopt);
  EXPECT_EQ(block_of("# /// script\n# a = 1\n"), std::nullopt);
  EXPECT_EQ(block_of("# /// other\n# ///\n"), std::nullopt);
  EXPECT_EQ(read_script_block("/nowhere"), std::nullopt);
}

TEST(ScriptBlock, SaysWhichPythonItNeeds) {
  EXPECT_EQ(required_python("dependencies = []\nrequires-python = \">=3.12\"  # new\n"), ">=3.12");
  EXPECT_EQ(required_python("requires-python='~=3.11.0'"), "~=3.11.0");
  EXPECT_EQ(required_python("dependencies = []\n"), "");
  EXPECT_EQ(required_python("requires-python = 3\n"), "");
  EXPECT_EQ(required_python("[tool.x]\nrequires-python = \">=3.12\"\n"), "");
}

TEST(ScriptBlock, ComparesVersions) {
  const std::string ours = "3.11.7";
  for (const char* fits : {">=3.9", ">=3.11.7", ">3.11", "<4", "<3.12,>=3.9", "==3.11.*", "~=3.11",
                           "~=3.11.2", "!=3.11.6", "!= 3.12.*, >= 3", "<=3.11.7", "==3.11.7"})
    EXPECT_TRUE(fits_version(ours, fits)) << fits;
  for (const char* other : {">=3.12", ">3.11.7", "<3.11", "<3.12,>=3.11.8", "==3.12.*", "~=3.12",
                            "~=3.10.1", "!=3.11.7", "==3.11", "3.11", "~=3", ">=3.x", ">="})
    EXPECT_FALSE(fits_version(ours, other)) << other;
}

}  // namespace
}  // namespace dora::build

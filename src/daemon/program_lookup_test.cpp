// SPDX-License-Identifier: Apache-2.0
#include "daemon/program_lookup.hpp"

#include <cstdlib>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include "daemon/ask_program.hpp"

namespace dora::daemon {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

TEST(AskProgram, GivesTheFirstLine) {
  EXPECT_EQ(ask_program({"/bin/sh", "-c", "echo one; echo two"}, "/", 10s), "one");
  EXPECT_EQ(ask_program({"/bin/sh", "-c", "exit 1"}, "/", 10s), std::nullopt);
  EXPECT_EQ(ask_program({"/no/such/program"}, "/", 10s), std::nullopt);
  EXPECT_EQ(ask_program({"/bin/sh", "-c", "pwd"}, "/usr", 10s), "/usr");
}

TEST(AskProgram, DoesNotWaitForever) {
  EXPECT_EQ(ask_program({"/bin/sh", "-c", "sleep 1000"}, "/", 50ms), std::nullopt);
}

class ProgramLookupTest : public testing::Test {
 protected:
  void SetUp() override {
    char pattern[] = "/tmp/dora-test-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern), nullptr);
    base_ = pattern;
    fs::create_directories(base_ / "project");
    fs::create_directories(base_ / "path");
    context_.inherited["PATH"] = (base_ / "path").string();
    context_.program_directory = base_ / "installed";
    node_.id = *NodeId::parse("a");
    node_.working_directory = base_ / "project";
  }
  void TearDown() override { fs::remove_all(base_); }

  fs::path script(const fs::path& where, const std::string& content = "#!/bin/sh\n") {
    const fs::path path = base_ / where;
    fs::create_directories(path.parent_path());
    std::ofstream(path) << content;
    fs::permissions(path, fs::perms::owner_all);
    return path;
  }
  Result<Command> find(const char* path, ProgramPlan::Kind kind = ProgramPlan::Kind::Executable) {
    node_.program.path = path;
    node_.program.kind = kind;
    return find_command(node_, context_);
  }
  fs::path python() {
    script("project/a.py", "");
    const auto command = find("a.py", ProgramPlan::Kind::PythonScript);
    EXPECT_TRUE(command) << command.error().message;
    return command ? command->program : fs::path();
  }

  fs::path base_;
  LookupContext context_;
  NodePlan node_;
};

TEST_F(ProgramLookupTest, AFileBesideTheDataflowIsTakenBeforePath) {
  script("path/tool");
  EXPECT_EQ(find("tool")->program, base_ / "path/tool");
  script("project/tool");
  EXPECT_EQ(find("tool")->program, base_ / "project/tool");
  EXPECT_EQ(find("./sub/../tool")->program, base_ / "project/tool");
}

TEST_F(ProgramLookupTest, LinksStayLinks) {
  script("elsewhere/tool");
  fs::create_symlink(base_ / "elsewhere/tool", base_ / "project/tool");
  EXPECT_EQ(find("tool")->program, base_ / "project/tool");
}

TEST_F(ProgramLookupTest, ADanglingLinkIsMissing) {
  fs::create_symlink(base_ / "nowhere", base_ / "project/tool");
  const auto command = find("tool");
  ASSERT_FALSE(command);
  EXPECT_EQ(command.error().kind, ErrorKind::NotFound);
  EXPECT_THAT(command.error().message, HasSubstr("Could not find source path `tool`"));
}

TEST_F(ProgramLookupTest, ConsoleScriptsStandBesideDora) {
  script("installed/dora-yolo");
  EXPECT_EQ(find("dora-yolo")->program, base_ / "installed/dora-yolo");
}

TEST_F(ProgramLookupTest, OnlySomeVariablesAreExpanded) {
  script("home/tool");
  context_.inherited["HOME"] = (base_ / "home").string();
  context_.inherited["OTHER"] = (base_ / "home").string();
  EXPECT_EQ(find("$HOME/tool")->program, base_ / "home/tool");
  EXPECT_EQ(find("${HOME}/tool")->program, base_ / "home/tool");
  EXPECT_FALSE(find("$OTHER/tool"));
}

TEST_F(ProgramLookupTest, ArgumentsFollowTheProgram) {
  script("project/tool");
  node_.program.arguments = "--name 'a b'";
  EXPECT_THAT(find("tool")->arguments,
              ElementsAre((base_ / "project/tool").string(), "--name", "a b"));
  node_.program.arguments = "'";
  EXPECT_THAT(find("tool").error().message, HasSubstr("`args`"));
}

TEST_F(ProgramLookupTest, PythonScriptsRunUnbuffered) {
  script("path/python3");
  script("project/a.py", "");
  node_.program.arguments = "x";
  EXPECT_THAT(
      find("a.py", ProgramPlan::Kind::PythonScript)->arguments,
      ElementsAre((base_ / "path/python3").string(), "-u", (base_ / "project/a.py").string(), "x"));
}

TEST_F(ProgramLookupTest, InterpretersAreTriedInTheirOrder) {
  script("path/python3");
  EXPECT_EQ(python(), base_ / "path/python3");
  script("path/python", "#!/bin/sh\necho Python 2.7.18\n");
  EXPECT_EQ(python(), base_ / "path/python3");
  script("path/python", "#!/bin/sh\necho Python 3.13.1\n");
  EXPECT_EQ(python(), base_ / "path/python");
  script("somewhere/python3.12");
  script("path/uv", "#!/bin/sh\necho " + (base_ / "somewhere/python3.12").string() + "\n");
  EXPECT_EQ(python(), base_ / "somewhere/python3.12");
  script("installed/python");
  EXPECT_EQ(python(), base_ / "installed/python");
  script(".venv/bin/python");
  EXPECT_EQ(python(), base_ / ".venv/bin/python");
  script("active/bin/python");
  context_.inherited["VIRTUAL_ENV"] = (base_ / "active").string();
  EXPECT_EQ(python(), base_ / "active/bin/python");
}

TEST_F(ProgramLookupTest, WithoutPythonOneIsTold) {
  script("project/a.py", "");
  const auto command = find("a.py", ProgramPlan::Kind::PythonScript);
  ASSERT_FALSE(command);
  EXPECT_THAT(command.error().message, HasSubstr("there is no Python"));
}

TEST_F(ProgramLookupTest, ShellNodesMustBeAllowed) {
  const auto command = find("shell", ProgramPlan::Kind::Shell);
  ASSERT_FALSE(command);
  EXPECT_THAT(command.error().message, HasSubstr("--allow-shell-nodes"));
  context_.allow_shell_nodes = true;
  node_.program.arguments = "echo $HOME | cat";
  EXPECT_THAT(find("shell", ProgramPlan::Kind::Shell)->arguments,
              ElementsAre("sh", "-c", "echo $HOME | cat"));
}

TEST(NodeEnvironment, TheNodesOwnIsAboveTheInheritedAndOursAboveAll) {
  NodePlan node;
  node.environment = {{"A", "node"}, {"DORA_NODE_CONFIG", "forged"}};
  const auto entries =
      node_environment(node, {{"A", "old"}, {"B", "kept"}}, {{"DORA_NODE_CONFIG", "ours"}});
  ASSERT_TRUE(entries);
  EXPECT_THAT(*entries, ElementsAre("A=node", "B=kept", "DORA_NODE_CONFIG=ours",
                                    "PYTHONFAULTHANDLER=1", "PYTHONUNBUFFERED=1"));
}

TEST(NodeEnvironment, SecretsAreNotInherited) {
  ::setenv("DORA_AUTH_TOKEN", "secret", 1);
  EXPECT_FALSE(inherited_environment().contains("DORA_AUTH_TOKEN"));
  ::unsetenv("DORA_AUTH_TOKEN");
  for (const char* name :
       {"LD_PRELOAD", "LD_LIBRARY_PATH", "DORA_NODE_CONFIG", "DORA_ZENOH_X", "", "A B", "A=B"})
    EXPECT_TRUE(is_reserved_variable(name)) << name;
  EXPECT_FALSE(is_reserved_variable("MODEL_PATH"));
}

}  // namespace
}  // namespace dora::daemon

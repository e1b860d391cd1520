// SPDX-License-Identifier: Apache-2.0
#include "dataflow/program_check.hpp"

#include <filesystem>
#include <fstream>
#include <map>

#include <gtest/gtest.h>

namespace dora::dataflow {
namespace {

class FakeFinder : public ProgramFinder {
 public:
  std::map<std::string, Found> files;
  std::map<std::string, std::string> commands;

  Found look(const std::filesystem::path& path) override {
    auto found = files.find(path.string());
    return found == files.end() ? Found::Nothing : found->second;
  }
  std::optional<std::filesystem::path> find_command(const std::string& name) override {
    auto found = commands.find(name);
    if (found == commands.end()) return std::nullopt;
    return found->second;
  }
  std::vector<std::string> list(const std::filesystem::path& directory) override {
    std::vector<std::string> names;
    for (const auto& [path, kind] : files) {
      std::filesystem::path file(path);
      if (file.parent_path() == directory) names.push_back(file.filename().string());
    }
    return names;
  }
};

std::optional<std::string> environment(const std::string& name) {
  return name == "HOME" ? std::optional<std::string>("/home/ada") : std::nullopt;
}

Dataflow read(const std::string& text) {
  auto result = parse(text, {.base_directory = "/base", .environment = environment});
  EXPECT_TRUE(result.dataflow) << render(result.diagnostics);
  return result.dataflow.value_or(Dataflow{});
}

std::string check(const std::string& node, FakeFinder finder = {}) {
  auto diagnostics = check_programs(read("nodes: [{id: a, " + node + "}]"), finder, environment);
  std::string text;
  for (const Diagnostic& each : diagnostics) {
    text += (text.empty() ? "" : " ") + each.code;
    if (!each.help.empty()) text += "(" + each.help + ")";
  }
  return text;
}

using Found = ProgramFinder::Found;

TEST(CheckPrograms, AcceptsWhatIsThere) {
  FakeFinder finder;
  finder.files = {{"/base/a.py", Found::File},
                  {"/base/bin/node", Found::Executable},
                  {"/home/ada/node", Found::Executable},
                  {"/base/op.py", Found::File},
                  {"/base/build/libblur.so", Found::File}};
  finder.commands = {{"opencv-plot", "/usr/bin/opencv-plot"}};
  EXPECT_EQ(check("path: a.py", finder), "");
  EXPECT_EQ(check("path: bin/node", finder), "");
  EXPECT_EQ(check("path: $HOME/node", finder), "");
  EXPECT_EQ(check("path: opencv-plot", finder), "");
  EXPECT_EQ(check("operator: {python: op.py}", finder), "");
  EXPECT_EQ(check("operator: {shared-library: build/blur}", finder), "");
}

TEST(CheckPrograms, DoesNotJudgeWhatComesLater) {
  EXPECT_EQ(check("path: a.py, build: make"), "");
  EXPECT_EQ(check("path: a.py, git: u"), "");
  EXPECT_EQ(check("path: https://x/y"), "");
  EXPECT_EQ(check("path: dynamic"), "");
  EXPECT_EQ(check("path: shell, args: x"), "");
  EXPECT_EQ(check("path: dora/timer/secs/1, outputs: [x]"), "");
  EXPECT_EQ(check("operator: {python: a.py, build: make}"), "");
  EXPECT_EQ(check("operator: {python: 'https://x/y.py'}"), "");
  EXPECT_EQ(check("operator: {python: robots.arm}"), "");
  EXPECT_EQ(check("operator: {python: 'arm:Lift'}"), "");
  EXPECT_EQ(check("operator: {python: arm}"), "E042");
  EXPECT_EQ(check("operator: {python: 'arm.py:Lift'}"), "E042");
}

TEST(CheckPrograms, NamesWhatIsMissing) {
  FakeFinder finder;
  finder.files = {{"/base/sender.py", Found::File}};
  EXPECT_EQ(check("path: sendr.py", finder), "E040(did you mean `sender.py`?)");
  EXPECT_EQ(check("path: ./sendr.py", finder), "E040(did you mean `./sender.py`?)");
  EXPECT_EQ(check("path: nothing-like-it", finder), "E040");
  EXPECT_EQ(check("operator: {python: sendr.py}", finder), "E042(did you mean `sender.py`?)");
  EXPECT_EQ(check("operator: {shared-library: blur}", finder), "E042");
}

TEST(CheckPrograms, NamesWhatCannotBeExecuted) {
  FakeFinder finder;
  finder.files = {{"/base/node", Found::File}, {"/base/folder", Found::Directory}};
  EXPECT_EQ(check("path: node", finder), "E041(chmod +x node)");
  EXPECT_EQ(check("path: folder", finder), "E041(name a file in it)");
  finder.commands = {{"folder", "/usr/bin/folder"}};
  EXPECT_EQ(check("path: folder", finder), "");
}

TEST(CheckPrograms, WarnsOfVariablesThatStay) {
  FakeFinder finder;
  finder.files = {{"/base/$NOPE/x", Found::Executable}};
  EXPECT_EQ(check("path: $NOPE/x", finder).substr(0, 4), "W005");
}

TEST(ResolveProgram, PrefersFilesAndKeepsSymbolicLinks) {
  FakeFinder finder;
  finder.files = {{"/base/tool", Found::Executable}};
  finder.commands = {{"tool", "/usr/bin/tool"}, {"other", "/usr/bin/other"}};
  auto dataflow = read("nodes: [{id: a, path: tool}, {id: b, path: other}, {id: c, path: x/y}]");
  auto resolve = [&](std::size_t i) {
    return resolve_program(dataflow, dataflow.nodes[i], finder, environment);
  };
  EXPECT_EQ(resolve(0), "/base/tool");
  EXPECT_EQ(resolve(1), "/usr/bin/other");
  EXPECT_EQ(resolve(2), std::nullopt);
}

TEST(DiskProgramFinder, TellsFilesFromProgramsAndDirectories) {
  std::string name = testing::TempDir() + "finder.XXXXXX";
  ASSERT_NE(mkdtemp(name.data()), nullptr);
  std::filesystem::path directory(name);
  std::ofstream(directory / "plain") << "x";
  std::ofstream(directory / "program") << "x";
  std::filesystem::permissions(directory / "program", std::filesystem::perms::owner_all);
  std::filesystem::create_symlink("nowhere", directory / "dangling");
  DiskProgramFinder finder(":/nonexistent:" + name);
  EXPECT_EQ(finder.look(directory), Found::Directory);
  EXPECT_EQ(finder.look(directory / "plain"), Found::File);
  EXPECT_EQ(finder.look(directory / "program"), Found::Executable);
  EXPECT_EQ(finder.look(directory / "dangling"), Found::Nothing);
  EXPECT_EQ(finder.look("/dev/null"), Found::Nothing);
  EXPECT_EQ(finder.find_command("program"), directory / "program");
  EXPECT_EQ(finder.find_command("plain"), std::nullopt);
  EXPECT_EQ(finder.list(directory).size(), 3u);
  EXPECT_TRUE(finder.list("/nonexistent").empty());
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace dora::dataflow

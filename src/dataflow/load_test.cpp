// SPDX-License-Identifier: Apache-2.0
#include "dataflow/load.hpp"

#include <cstdio>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

namespace dora::dataflow {
namespace {

using namespace std::chrono_literals;

std::string codes(const LoadResult& result) {
  std::string text;
  for (const Diagnostic& diagnostic : result.diagnostics) {
    text += (text.empty() ? "" : " ") + diagnostic.code;
  }
  return text;
}

TEST(Parse, ReadsTheGuidesHelloWorld) {
  auto result = parse(
      "nodes:\n"
      "  - id: sender\n"
      "    path: sender.py\n"
      "    outputs:\n"
      "      - message\n"
      "  - id: receiver\n"
      "    path: receiver.py\n"
      "    inputs:\n"
      "      message: sender/message\n");
  ASSERT_TRUE(result.dataflow) << render(result.diagnostics);
  EXPECT_TRUE(result.diagnostics.empty());
  const Node& receiver = result.dataflow->nodes.at(1);
  EXPECT_EQ(receiver.id.text(), "receiver");
  EXPECT_EQ(receiver.kind, NodeKind::Program);
  EXPECT_EQ(receiver.path, "receiver.py");
  ASSERT_EQ(receiver.ports.inputs.size(), 1u);
  const auto& source = std::get<OutputSource>(receiver.ports.inputs[0].source);
  EXPECT_EQ(source.node.text(), "sender");
  EXPECT_EQ(source.output.text(), "message");
  EXPECT_EQ(receiver.ports.inputs[0].queue_size, std::nullopt);
}

TEST(Parse, ReportsEveryMistakeAtOnceAndInTheOrderOfTheFile) {
  auto result = parse(
      "nodes:\n"
      "  - id: sender\n"
      "    path: sender.py\n"
      "    outputs:\n"
      "      - message\n"
      "\n"
      "  - id: receiver\n"
      "    path: receiver.py\n"
      "    inputs:\n"
      "\n"
      "      message: sender/mesage\n"
      "    ouputs: [count]\n",
      {.file_name = "hello/dataflow.yml"});
  EXPECT_FALSE(result.dataflow);
  EXPECT_EQ(render(result.diagnostics),
            "error[E013]: node `receiver` reads `sender/mesage`, but `sender` has no output "
            "`mesage`\n"
            "  --> hello/dataflow.yml:11:16\n"
            "   |\n"
            "11 |       message: sender/mesage\n"
            "   |                ^^^^^^^^^^^^^ outputs of `sender`: message\n"
            "   = help: did you mean `sender/message`?\n"
            "\n"
            "error[E004]: unknown key `ouputs` in node `receiver`\n"
            "  --> hello/dataflow.yml:12:5\n"
            "   |\n"
            "12 |     ouputs: [count]\n"
            "   |     ^^^^^^\n"
            "   = help: did you mean `outputs`?  (all node keys: dora explain E004)\n");
  EXPECT_EQ(count_text(result.diagnostics), "2 errors");
}

class LoadFromDisk : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "dataflow.XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    directory_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  std::filesystem::path write(const std::string& name, const std::string& text) {
    std::ofstream(directory_ / name) << text;
    return directory_ / name;
  }

  std::filesystem::path directory_;
};

TEST_F(LoadFromDisk, TakesTheDirectoryOfTheRealFileAsBase) {
  std::filesystem::create_directory(directory_ / "real");
  write("real/dataflow.yml", "nodes: []\n");
  std::filesystem::create_symlink(directory_ / "real/dataflow.yml", directory_ / "link.yml");
  auto result = load(directory_ / "link.yml");
  ASSERT_TRUE(result.dataflow);
  EXPECT_EQ(result.dataflow->base_directory, std::filesystem::canonical(directory_) / "real");
}

TEST_F(LoadFromDisk, RefusesWhatIsNoReadableFile) {
  EXPECT_EQ(codes(load(directory_ / "missing.yml")), "E001");
  EXPECT_EQ(codes(load(directory_)), "E001");
  EXPECT_EQ(codes(load("/dev/zero")), "E001");
  EXPECT_EQ(codes(load(write("file.yml", "nodes: []") / "below")), "E001");
  ASSERT_EQ(mkfifo((directory_ / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(codes(load(directory_ / "pipe")), "E001");
  EXPECT_EQ(codes(load(write("large.yml", std::string((4u << 20) + 1, ' ')))), "E001");
  EXPECT_EQ(codes(load(directory_ / std::string(5000, 'x'))), "E001");
  if (geteuid() != 0) {
    std::filesystem::permissions(write("secret.yml", "nodes: []"), std::filesystem::perms::none);
    EXPECT_EQ(codes(load(directory_ / "secret.yml")), "E001");
  }
}

TEST_F(LoadFromDisk, SuggestsTheDataflowInADirectory) {
  write("dataflow.yml", "nodes: []");
  auto result = load(directory_);
  ASSERT_EQ(result.diagnostics.size(), 1u);
  EXPECT_EQ(result.diagnostics[0].help,
            "did you mean `" + (directory_ / "dataflow.yml").string() + "`?");
}

}  // namespace
}  // namespace dora::dataflow

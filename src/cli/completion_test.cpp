// SPDX-License-Identifier: Apache-2.0
#include "cli/completion.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dora::cli {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;

// Answers with the same names for every kind.
class FakeSource : public CompletionSource {
 public:
  std::vector<Candidate> names(const NameQuery& query) override {
    asked = query;
    if (query.kind == Complete::Nothing) return {};
    return {{"camera", ""}, {"detector", ""}};
  }
  NameQuery asked;
};

std::vector<std::string> words_for(std::vector<std::string> words) {
  FakeSource source;
  std::vector<std::string> result;
  for (const Candidate& each : complete(words, source))
    result.push_back(each.word);
  return result;
}

TEST(Completion, OffersCommandsThatBeginSo) {
  EXPECT_THAT(words_for({""}), AllOf(Contains("run"), Contains("stop"), Contains("self"),
                                     Not(Contains("__complete"))));
  EXPECT_THAT(words_for({"val"}), ElementsAre("validate"));
  EXPECT_THAT(words_for({}), Contains("run"));
  EXPECT_THAT(words_for({"--color", "never", "val"}), ElementsAre("validate"));
  EXPECT_THAT(words_for({"rnu", ""}), IsEmpty());
}

TEST(Completion, OffersTheCommandsOfAFamily) {
  EXPECT_THAT(words_for({"self", ""}), ElementsAre("cmake-dir", "update", "uninstall"));
  EXPECT_THAT(words_for({"self", "update", "--ch"}), ElementsAre("--check-only"));
}

TEST(Completion, OffersFlagsAndTheirValues) {
  EXPECT_THAT(words_for({"graph", "--s"}), ElementsAre("--svg"));
  EXPECT_THAT(words_for({"graph", "--"}), AllOf(Contains("--open"), Contains("--help")));
  EXPECT_THAT(words_for({"graph", "--format", ""}),
              ElementsAre("html", "svg", "mermaid", "ascii", "json"));
  EXPECT_THAT(words_for({"graph", "--format=s"}), ElementsAre("--format=svg"));
  // As bash takes the word apart.
  EXPECT_THAT(words_for({"graph", "--format", "=", "s"}), ElementsAre("--format=svg"));
  EXPECT_THAT(words_for({"graph", "-f", "m"}), ElementsAre("mermaid"));
  EXPECT_THAT(words_for({"stop", "--format", "j"}), ElementsAre("json"));
}

TEST(Completion, AsksForNamesWhereTheyAreWanted) {
  FakeSource source;
  const std::vector<std::string> words{"validate", "a.yml", "de"};
  EXPECT_THAT(complete(words, source), ElementsAre(Candidate{"detector", ""}));
  EXPECT_EQ(source.asked.kind, Complete::DataflowFiles);
  // There is one PATH only.
  EXPECT_THAT(words_for({"graph", "a.yml", ""}), IsEmpty());
  EXPECT_THAT(words_for({"graph", "--", ""}), ElementsAre("camera", "detector"));
  EXPECT_THAT(words_for({"schema", ""}), ElementsAre("dataflow", "module"));
}

TEST(Completion, TakesListsApart) {
  EXPECT_THAT(words_for({"run", "a.yml", "--log-filter", "de"}), ElementsAre("detector="));
  EXPECT_THAT(words_for({"logs", "--log-filter", "camera=w"}), ElementsAre("camera=warn"));
  EXPECT_THAT(words_for({"logs", "--log-filter", "camera=info,de"}),
              ElementsAre("camera=info,detector="));
  // As bash takes it apart.
  EXPECT_THAT(words_for({"logs", "--log-filter", "=", "camera", "=", "tr"}),
              ElementsAre("--log-filter=camera=trace"));
  EXPECT_THAT(words_for({"run", "a.yml", "--only", "camera,d"}), ElementsAre("camera,detector"));
}

TEST(Completion, PassesOnWhatNarrowsTheNamesDown) {
  FakeSource source;
  complete(std::vector<std::string>{"run", "a.yml", "--log-filter", ""}, source);
  EXPECT_EQ(source.asked.file, "a.yml");
  complete(std::vector<std::string>{"param", "get", "-d", "hello", "camera", ""}, source);
  EXPECT_EQ(source.asked.kind, Complete::Parameters);
  EXPECT_EQ(source.asked.dataflow, "hello");
  EXPECT_EQ(source.asked.node, "camera");
  complete(std::vector<std::string>{"node", "info", "--dataflow=hello", ""}, source);
  EXPECT_EQ(source.asked.dataflow, "hello");
}

TEST(Completion, HasAScriptForEachShell) {
  for (const char* shell : {"bash", "zsh", "fish", "elvish", "powershell", "pwsh"})
    EXPECT_THAT(std::string(completion_script(shell)), testing::HasSubstr("__complete --"));
  EXPECT_EQ(completion_script("csh"), "");
}

}  // namespace
}  // namespace dora::cli

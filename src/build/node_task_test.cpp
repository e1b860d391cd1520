// SPDX-License-Identifier: Apache-2.0
#include "build/node_task.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dataflow/load.hpp"

namespace dora::build {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

std::vector<NodeTask> tasks(const char* text, Managed managed = Managed::None) {
  const auto loaded = dataflow::parse(text, {.base_directory = "/flow"});
  return loaded.dataflow ? plan_tasks(*loaded.dataflow, managed) : std::vector<NodeTask>();
}

TEST(PlanTasks, TakesEachLineThatIsNotBlank) {
  const auto all = tasks(
      "nodes:\n"
      "  - id: a\n"
      "    path: a.py\n"
      "    build: |\n"
      "      pip install one\n"
      "\n"
      "        make  \n");
  ASSERT_EQ(all.size(), 1);
  EXPECT_EQ(all[0].node, "a");
  EXPECT_EQ(all[0].working_directory, "/flow");
  EXPECT_THAT(all[0].lines, ElementsAre("pip install one", "make"));
}

TEST(PlanTasks, OrdersByIdAndLeavesOutWhoHasNothingToBuild) {
  const auto all = tasks(
      "nodes:\n"
      "  - {id: b, path: b.py, build: make b}\n"
      "  - {id: c, path: c.py}\n"
      "  - {id: d, path: c.py, build: ' '}\n"
      "  - {id: a, path: a.py, build: make a}\n");
  ASSERT_EQ(all.size(), 2);
  EXPECT_EQ(all[0].node, "a");
  EXPECT_EQ(all[1].node, "b");
}

TEST(PlanTasks, IncludesOperators) {
  const auto all = tasks(
      "nodes:\n"
      "  - id: a\n"
      "    operators:\n"
      "      - {id: one, python: one.py, build: make one}\n"
      "      - {id: two, python: two.py, build: make two}\n");
  ASSERT_EQ(all.size(), 1);
  EXPECT_THAT(all[0].lines, ElementsAre("make one", "make two"));
}

TEST(PlanTasks, MergesTheEnvironmentWithoutReservedNames) {
  const auto all = tasks(
      "env: {LEVEL: low, SPEED: 3}\n"
      "nodes:\n"
      "  - {id: a, path: a.py, build: make, env: {LEVEL: high, LD_PRELOAD: evil.so}}\n");
  ASSERT_EQ(all.size(), 1);
  EXPECT_THAT(all[0].variables, ElementsAre(Pair("LEVEL", "high"), Pair("SPEED", "3")));
}

TEST(PlanTasks, GivesPythonNodesThatHaveToBeBuiltAnEnvironment) {
  const auto all = tasks(
      "nodes:\n"
      "  - {id: a, path: a.py, build: make a}\n"
      "  - {id: b, path: b, build: make b}\n"
      "  - {id: c, path: dora-echo, build: pip install dora-echo}\n"
      "  - {id: d, path: d.py}\n"
      "  - {id: e, operator: {python: e.py}}\n"
      "  - {id: f, operator: {python: {source: f.py, conda_env: base}, build: make f}}\n",
      Managed::All);
  std::vector<std::string> managed;
  std::vector<std::string> installing;
  for (const NodeTask& task : all) {
    if (task.has_environment) managed.push_back(task.node);
    if (task.only_installs) installing.push_back(task.node);
  }
  EXPECT_THAT(managed, ElementsAre("a", "c", "e"));
  EXPECT_THAT(installing, ElementsAre("c", "e"));
}

TEST(PlanTasks, FindsNothingToDo) {
  EXPECT_THAT(tasks("nodes: [{id: a, path: a.py}]"), IsEmpty());
}

}  // namespace
}  // namespace dora::build

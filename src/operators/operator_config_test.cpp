// SPDX-License-Identifier: Apache-2.0
#include "operators/operator_config.hpp"

#include <gtest/gtest.h>

namespace dora::operators {
namespace {

TEST(OperatorConfig, ReadsAListWithItsInnerEdges) {
  auto read = read_operators(R"({"nodes": [{"id": "other"}, {"id": "n", "operators": [
      {"id": "a", "python": "a.py", "inputs": {"x": "cam/image"}, "outputs": ["y"]},
      {"id": "b", "shared-library": "build/b", "thread": "own", "outputs": [],
       "inputs": {"y": {"source": "n/a/y", "queue_size": 3},
                  "z": {"source": "n/a/y", "queue_policy": "backpressure"}}}]}]})",
                             "n");
  ASSERT_TRUE(read) << read.error().message;
  ASSERT_EQ(read->size(), 2U);
  EXPECT_EQ((*read)[0].library, "");
  EXPECT_EQ((*read)[0].inputs[0].inner_source, "");
  EXPECT_EQ((*read)[0].outputs, std::vector<std::string>{"y"});
  EXPECT_EQ((*read)[1].library, "build/b");
  EXPECT_TRUE((*read)[1].has_own_thread);
  EXPECT_EQ((*read)[1].inputs[0].inner_source, "a/y");
  EXPECT_EQ((*read)[1].inputs[0].queue, (QueuePolicy{QueuePolicy::Kind::DropOldest, 3}));
  EXPECT_EQ((*read)[1].inputs[1].queue.kind, QueuePolicy::Kind::Backpressure);
}

TEST(OperatorConfig, ASingleOperatorMayBeLeftOutOfItsOwnSource) {
  for (const char* source : {"n/y", "n/op/y"}) {
    auto read = read_operators(std::string(R"({"nodes": [{"id": "n", "operator":
        {"id": "op", "python": "a.py", "outputs": ["y"], "inputs": {"x": ")") +
                                   source + R"("}}}]})",
                               "n");
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ((*read)[0].inputs[0].inner_source, "op/y");
  }
}

TEST(OperatorConfig, RefusesWhatHasNoOperators) {
  EXPECT_EQ(read_operators(R"({"nodes": [{"id": "n", "path": "x"}]})", "n").error().kind,
            ErrorKind::NotFound);
  EXPECT_EQ(read_operators("nonsense", "n").error().kind, ErrorKind::InvalidInput);
}

}  // namespace
}  // namespace dora::operators

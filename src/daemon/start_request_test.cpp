// SPDX-License-Identifier: Apache-2.0
#include "daemon/start_request.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dora::daemon {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

TEST(StartRequest, ComesBackAsItWasSent) {
  StartRequest request;
  request.file = "/a/dataflow.yml";
  request.uuid = "01923456-789a-7bcd-8ef0-123456789abc";
  request.name = "hello world";
  request.env = {{"A", "b=c"}, {"B", ""}};
  request.inherited = {{"PATH", "/bin"}, {"LATIN", "caf\xe9"}};
  request.exit_when_nodes_finish = false;
  request.hot_reload = true;
  request.is_offline = true;
  request.allow_shell_nodes = true;
  request.places["camera"] = {.working_directory = "/work/git/x",
                              .python_environment = "/work/.dora/python-envs/camera",
                              .program = {}};
  EXPECT_EQ(parse_start_request(to_json(request)), request);
  const StartRequest least{.file = "/a"};
  EXPECT_EQ(parse_start_request(to_json(least)), least);
}

TEST(StartRequest, ARefusalNamesTheKey) {
  const auto message = [](std::string_view body) {
    const auto parsed = parse_start_request(body);
    return parsed ? "accepted" : parsed.error().message;
  };
  EXPECT_THAT(message(""), HasSubstr("JSON"));
  EXPECT_THAT(message("{}"), HasSubstr("`file`"));
  EXPECT_THAT(message(R"({"file": "relative.yml"})"), HasSubstr("absolute"));
  EXPECT_THAT(message(R"({"file": "/a", "uuid": "../../etc"})"), HasSubstr("`uuid`"));
  EXPECT_THAT(message(R"({"file": "/a", "env": {"A=": "b"}})"), HasSubstr("`env`"));
  EXPECT_THAT(message(R"({"file": "/a", "env": ["A"]})"), HasSubstr("`env`"));
  EXPECT_THAT(message(R"({"file": "/a", "name": 1})"), HasSubstr("`name`"));
  EXPECT_THAT(message(R"({"file": "/a", "fil": 1})"), HasSubstr("`fil`"));
  EXPECT_THAT(message(R"({"file": "/a\u0000b"})"), HasSubstr("NUL"));
}

TEST(StartRequest, ADataflowThatIsWrongIsToldInFull) {
  const auto plan = plan_request({.file = "/nowhere/dataflow.yml"});
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().kind, ErrorKind::InvalidInput);
  EXPECT_THAT(plan.error().message, HasSubstr("/nowhere/dataflow.yml"));
}

TEST(StartRequest, NamesAreTwoWords) {
  EXPECT_THAT(two_word_name(), MatchesRegex("[a-z]+-[a-z]+"));
}

}  // namespace
}  // namespace dora::daemon

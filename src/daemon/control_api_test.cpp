// SPDX-License-Identifier: Apache-2.0
#include "daemon/control_api.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "base/version.hpp"
#include "daemon/control_json.hpp"

namespace dora::daemon {
namespace {

using namespace std::chrono_literals;
namespace json = boost::json;

class FakeTarget : public ControlTarget {
 public:
  FakeTarget() {
    DataflowStatus dataflow;
    dataflow.run.id = "0190-a";
    dataflow.run.name = "hello world";
    dataflow.run.status = RunStatus::Running;
    dataflow.run.nodes = {{.node = "a", .status = NodeStatus::Running, .cause = {}},
                          {.node = "b", .status = NodeStatus::Stopped, .cause = {}}};
    known_.push_back(dataflow);
    dataflow.run.id = "0189-f";
    dataflow.run.status = RunStatus::Failed;
    dataflow.summary = "Node `a` failed: exited with code 1";
    known_.push_back(dataflow);
  }
  std::vector<DataflowStatus> dataflows(Usage) const override { return known_; }
  void stop(std::string_view run, const StopOptions& options,
            std::function<void(Result<RunResult>)> on_ended) override {
    stopped = run;
    asked = options;
    ended = std::move(on_ended);
  }

  void start(StartRequest request, std::function<void(Result<StartedRun>)> on_started) override {
    if (request.file == "/wrong.yml")
      return on_started(fail(ErrorKind::InvalidInput, "error[E013]: no such output"));
    on_started(StartedRun{"0190-b", request.name});
  }
  void restart(std::string_view run, const StopOptions& options,
               std::function<void(Result<StartedRun>)> on_started) override {
    stopped = run;
    asked = options;
    on_started(StartedRun{"0190-c", "hello world"});
  }
  Result<> watch(std::string_view run, bool before_start,
                 const std::shared_ptr<Watcher>& watcher) override {
    if (run != "0190-a" && !before_start) return fail(ErrorKind::NotFound, "it is over");
    watched = run;
    watching = watcher;
    return {};
  }
  Result<std::shared_ptr<NodeTerminal>> terminal_of(std::string_view,
                                                    std::string_view node) override {
    return fail(ErrorKind::Unsupported, std::string(node) + " has no terminal");
  }
  Result<NodeSurroundings> surroundings_of(std::string_view, std::string_view) override {
    return NodeSurroundings{"/work", {{"MODEL", "yolo"}}};
  }
  void forget(std::string_view run, std::function<void(Result<>)> on_forgotten) override {
    if (run == "0190-a") return on_forgotten(fail(ErrorKind::Busy, "it is running"));
    forgotten = run;
    on_forgotten({});
  }
  Result<NodeDescription> describe_node(std::string_view run,
                                        std::string_view node) const override {
    if (node != "a") return fail(ErrorKind::NotFound, "no such node");
    NodeDescription told;
    told.dataflow_id = run;
    told.info.node = node;
    return told;
  }
  void stop_node(std::string_view run, std::string_view, const StopOptions&,
                 std::function<void(Result<>)> on_ended) override {
    stopped = run;
    on_ended({});
  }
  Result<> restart_node(std::string_view run, std::string_view, const StopOptions&) override {
    stopped = run;
    return fail(ErrorKind::Busy, "it has ended already");
  }
  Result<std::map<std::string, std::string>> parameters(std::string_view,
                                                        std::string_view) const override {
    return values;
  }
  void set_parameter(std::string_view, std::string_view, const std::string& key,
                     std::optional<std::string> value,
                     std::function<void(Result<>)> on_set) override {
    if (value) {
      values[key] = *value;
    } else if (values.erase(key) == 0) {
      return on_set(fail(ErrorKind::NotFound, "no such parameter"));
    }
    on_set({});
  }
  void add_node(std::string_view, const std::filesystem::path& file,
                std::function<void(Result<std::string>)> on_added) override {
    file_asked = file;
    on_added("new");
  }
  void remove_node(std::string_view run, std::string_view, const StopOptions&,
                   std::function<void(Result<>)> on_removed) override {
    stopped = run;
    on_removed({});
  }
  void replace_node(std::string_view, std::string_view, const std::filesystem::path& file,
                    const StopOptions& options,
                    std::function<void(Result<>)> on_replaced) override {
    file_asked = file;
    asked = options;
    on_replaced({});
  }
  Result<> connect(std::string_view, std::string_view output, std::string_view input) override {
    connected = std::string(output) + " -> " + std::string(input);
    return {};
  }
  Result<> disconnect(std::string_view, std::string_view, std::string_view) override {
    return fail(ErrorKind::NotFound, "there is no such connection");
  }
  void shut_down(bool force, std::function<void(Result<>)> on_ended) override {
    if (!force) return on_ended(fail(ErrorKind::Busy, "dataflows are running"));
    on_ended({});
  }

  std::string stopped;
  std::filesystem::path file_asked;
  std::string connected;
  std::map<std::string, std::string> values;
  std::string forgotten;
  std::string watched;
  std::weak_ptr<Watcher> watching;
  StopOptions asked;
  std::function<void(Result<RunResult>)> ended;

 private:
  std::vector<DataflowStatus> known_;
};

class ControlApiTest : public testing::Test {
 protected:
  // The answer, or status 0 when there is none yet.
  transport::HttpResponse ask(std::string method, std::string target, std::string body = "") {
    last_ = {.status = 0};
    api_.answer({std::move(method), std::move(target), std::move(body)},
                [this](transport::HttpResponse response) { last_ = std::move(response); });
    return last_;
  }
  static json::value parsed(const transport::HttpResponse& response) {
    return json::parse(response.body);
  }

  FakeTarget target_;
  ControlApi api_{target_};
  transport::HttpResponse last_;
};

TEST_F(ControlApiTest, PingTellsVersionAndProtocol) {
  const auto answer = ask("GET", "/v1/ping");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(parsed(answer).at("version").as_string(), version());
  EXPECT_EQ(parsed(answer).at("protocol").as_int64(), control_protocol);
}

TEST_F(ControlApiTest, ListsDataflows) {
  const auto list = parsed(ask("GET", "/v1/dataflows?status=running")).at("dataflows").as_array();
  ASSERT_EQ(list.size(), 2U);
  EXPECT_EQ(list[0].at("uuid").as_string(), "0190-a");
  EXPECT_EQ(list[0].at("nodes").to_number<int>(), 2);
  EXPECT_EQ(list[0].at("status").as_string(), "Running");
  EXPECT_EQ(list[0].at("running_nodes"), json::value(json::array{"a"}));
}

TEST_F(ControlApiTest, ShowsOneDataflow) {
  EXPECT_EQ(parsed(ask("GET", "/v1/dataflows/hello%20world")).at("uuid").as_string(), "0190-a");
  const auto over = parsed(ask("GET", "/v1/dataflows/0189-f"));
  EXPECT_EQ(over.at("status").as_string(), "Failed");
  EXPECT_EQ(over.at("summary").as_string(), "Node `a` failed: exited with code 1");
  EXPECT_EQ(ask("GET", "/v1/dataflows/other").status, 404);
}

TEST_F(ControlApiTest, StartsAndRestarts) {
  const auto started = ask("POST", "/v1/dataflows", R"({"file": "/a.yml", "name": "b"})");
  EXPECT_EQ(parsed(started).at("uuid").as_string(), "0190-b");
  const auto wrong = ask("POST", "/v1/dataflows", R"({"file": "/wrong.yml"})");
  EXPECT_EQ(wrong.status, 400);
  EXPECT_EQ(parsed(wrong).at("message").as_string(), "error[E013]: no such output");
  EXPECT_EQ(ask("POST", "/v1/dataflows", "{}").status, 400);
  EXPECT_EQ(ask("PUT", "/v1/dataflows").status, 405);
  const auto again = ask("POST", "/v1/dataflows/0190-a/restart", R"({"force": true})");
  EXPECT_EQ(parsed(again).at("uuid").as_string(), "0190-c");
  EXPECT_EQ(parsed(again).at("old_uuid").as_string(), "0190-a");
  EXPECT_TRUE(target_.asked.force);
}

TEST_F(ControlApiTest, EventsComeOverAWebSocket) {
  EXPECT_EQ(ask("GET", "/v1/dataflows/0190-a/events").status, 426);
  int accepted = 0;
  transport::WebSocket::Events events;
  const auto watch = [&](const std::string& target) {
    last_ = {.status = 0};
    api_.answer(
        {"GET", target, ""},
        [this](transport::HttpResponse response) { last_ = std::move(response); },
        [&](transport::WebSocket::Events made) -> std::shared_ptr<transport::WebSocket> {
          ++accepted;
          events = std::move(made);
          return nullptr;
        });
    return last_.status;
  };
  EXPECT_EQ(watch("/v1/dataflows/hello%20world/events"), 0);
  EXPECT_EQ(target_.watched, "0190-a");
  EXPECT_EQ(watch("/v1/dataflows/0199-not-yet/events?before_start=true"), 0);
  EXPECT_EQ(target_.watched, "0199-not-yet");
  EXPECT_EQ(accepted, 2);
  EXPECT_EQ(watch("/v1/dataflows/0199-not-yet/events"), 404);
  EXPECT_EQ(watch("/v1/dataflows/0189-f/events"), 404);  // it is over
  EXPECT_EQ(watch("/v1/ping"), 200);                     // no WebSocket is to be had here
  EXPECT_EQ(accepted, 2);
  // The watcher lives as long as the connection.
  EXPECT_FALSE(target_.watching.expired());
  events = {};
  EXPECT_TRUE(target_.watching.expired());
}

TEST_F(ControlApiTest, ForgetsWhatIsOver) {
  EXPECT_EQ(ask("DELETE", "/v1/dataflows/0189-f").status, 200);
  EXPECT_EQ(target_.forgotten, "0189-f");
  EXPECT_EQ(ask("DELETE", "/v1/dataflows/0190-a").status, 409);
  EXPECT_EQ(ask("DELETE", "/v1/dataflows/other").status, 404);
}

TEST_F(ControlApiTest, EndsOnlyByForceWhileDataflowsRun) {
  EXPECT_EQ(ask("POST", "/v1/shutdown").status, 409);
  EXPECT_EQ(ask("POST", "/v1/shutdown", R"({"force": 1})").status, 400);
  EXPECT_EQ(ask("POST", "/v1/shutdown", R"({"force": true})").status, 200);
}

TEST_F(ControlApiTest, StopAnswersWhenTheDataflowHasEnded) {
  EXPECT_EQ(ask("POST", "/v1/dataflows/0190-a/stop", R"({"grace_seconds": 1.5})").status, 0);
  EXPECT_EQ(target_.stopped, "0190-a");
  EXPECT_EQ(target_.asked.grace, 1500ms);
  RunResult result;
  result.succeeded = false;
  NodeResult& node = result.nodes.emplace_back();
  node.node = "a";
  node.outcome = Outcome::Failed;
  node.cause = "exited with code 1";
  target_.ended(result);
  EXPECT_EQ(last_.status, 200);
  EXPECT_EQ(parsed(last_).at("status").as_string(), "Failed");
  EXPECT_EQ(parsed(last_).at("summary").as_string(), failure_summary(result));
}

TEST_F(ControlApiTest, StopTakesANameWithSpaces) {
  ask("POST", "/v1/dataflows/hello%20world/stop", R"({"force": true})");
  EXPECT_EQ(target_.stopped, "0190-a");
  EXPECT_TRUE(target_.asked.force);
}

TEST_F(ControlApiTest, RefusalsNameTheirKind) {
  const auto unknown = ask("POST", "/v1/dataflows/other/stop");
  EXPECT_EQ(unknown.status, 404);
  EXPECT_EQ(parsed(unknown).at("kind").as_string(), "NotFound");
  EXPECT_EQ(parse_error_kind("NotFound"), ErrorKind::NotFound);
  EXPECT_EQ(ask("GET", "/").status, 404);
  EXPECT_EQ(ask("GET", "/v1/dataflows//stop").status, 404);
  EXPECT_EQ(ask("DELETE", "/v1/ping").status, 405);
  EXPECT_EQ(ask("GET", "/v1/dataflows/0190-a/stop").status, 405);
}

TEST_F(ControlApiTest, RefusesWhatItCannotUnderstand) {
  for (const char* body :
       {"[", "[]", "1", R"({"grace": 1})", R"({"force": 1})", R"({"grace_seconds": -1})",
        R"({"grace_seconds": 1e300})", R"({"grace_seconds": "1s"})", "\xff"}) {
    EXPECT_EQ(ask("POST", "/v1/dataflows/0190-a/stop", body).status, 400) << body;
  }
  EXPECT_EQ(ask("POST", "/v1/dataflows/a%2/stop").status, 400);
  EXPECT_EQ(ask("POST", "/v1/dataflows/a%zz/stop").status, 400);
  EXPECT_EQ(target_.stopped, "");
}

TEST_F(ControlApiTest, TellsTheNodesOfADataflow) {
  const auto list = ask("GET", "/v1/dataflows/0190-a/nodes");
  EXPECT_EQ(parsed(list).at("nodes").as_array().size(), 2U);
  EXPECT_EQ(parsed(list).at("nodes").at(0).at("status").as_string(), "running");
  EXPECT_EQ(parsed(ask("GET", "/v1/dataflows/0190-a/nodes/a")).at("id").as_string(), "a");
  EXPECT_EQ(ask("GET", "/v1/dataflows/0190-a/nodes/z").status, 404);
  EXPECT_EQ(ask("POST", "/v1/dataflows/0190-a/nodes/a/stop", R"({"grace_seconds": 2})").status,
            200);
  EXPECT_EQ(target_.stopped, "0190-a");
  EXPECT_EQ(ask("POST", "/v1/dataflows/0190-a/nodes/a/restart").status, 409);
  EXPECT_EQ(ask("POST", "/v1/dataflows/0190-a/nodes/a/stop", "nonsense").status, 400);
}

TEST_F(ControlApiTest, ChangesARunningDataflow) {
  const std::string flow = "/v1/dataflows/0190-a";
  const auto added = ask("POST", flow + "/nodes", R"({"file": "/flows/camera.yml"})");
  EXPECT_EQ(parsed(added).at("node").as_string(), "new");
  EXPECT_EQ(target_.file_asked, "/flows/camera.yml");
  EXPECT_EQ(ask("PUT", flow + "/nodes/a", R"({"file": "/b.yml", "grace_seconds": 1})").status, 200);
  EXPECT_EQ(target_.asked.grace, 1s);
  EXPECT_EQ(ask("DELETE", flow + "/nodes/a").status, 200);
  const char* edge = R"({"output": "a/x", "input": "b/y"})";
  EXPECT_EQ(ask("POST", flow + "/connections", edge).status, 200);
  EXPECT_EQ(target_.connected, "a/x -> b/y");
  EXPECT_EQ(ask("DELETE", flow + "/connections", edge).status, 404);
  for (const char* wrong :
       {"", "{}", R"({"file": "camera.yml"})", R"({"file": 1})", R"({"file": "/a", "other": 1})",
        R"({"output": "a/x"})", R"({"output": 1, "input": "b/y"})"}) {
    EXPECT_EQ(ask("POST", flow + "/nodes", wrong).status, 400) << wrong;
    EXPECT_EQ(ask("PUT", flow + "/nodes/a", wrong).status, 400) << wrong;
    EXPECT_EQ(ask("POST", flow + "/connections", wrong).status, 400) << wrong;
  }
}

TEST_F(ControlApiTest, KeepsParametersAsJson) {
  const std::string path = "/v1/dataflows/0190-a/nodes/a/parameters";
  EXPECT_EQ(ask("PUT", path + "/gain%2F1", "[ 1, 2.5 ]").status, 200);
  EXPECT_EQ(target_.values.at("gain/1"), "[1,2.5]");
  EXPECT_EQ(parsed(ask("GET", path + "/gain%2F1")).at("value").as_array().size(), 2U);
  EXPECT_TRUE(parsed(ask("GET", path)).at("parameters").as_object().contains("gain/1"));
  EXPECT_EQ(ask("DELETE", path + "/gain%2F1").status, 200);
  EXPECT_EQ(ask("DELETE", path + "/gain%2F1").status, 404);
  EXPECT_EQ(ask("GET", path + "/gain%2F1").status, 404);
}

TEST_F(ControlApiTest, RefusesParametersThatAreTooLongOrNoJson) {
  const std::string path = "/v1/dataflows/0190-a/nodes/a/parameters/";
  EXPECT_EQ(ask("PUT", path + "key", "hello").status, 400);
  EXPECT_EQ(ask("PUT", path + "key", "").status, 400);
  EXPECT_EQ(ask("PUT", path + std::string(256, 'k'), "1").status, 200);
  EXPECT_EQ(ask("PUT", path + std::string(257, 'k'), "1").status, 400);
  EXPECT_EQ(ask("PUT", path + "a%00b", "1").status, 400);
  EXPECT_EQ(ask("PUT", path + "key", '"' + std::string(65'534, 'v') + '"').status, 200);
  EXPECT_EQ(ask("PUT", path + "key", '"' + std::string(65'535, 'v') + '"').status, 400);
}

}  // namespace
}  // namespace dora::daemon

// SPDX-License-Identifier: Apache-2.0
#include "cli/control_client.hpp"

#include <algorithm>
#include <functional>
#include <future>
#include <system_error>
#include <thread>
#include <utility>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/spelling.hpp"
#include "base/version.hpp"
#include "cli/control_request.hpp"
#include "cli/dataflow_picker.hpp"
#include "daemon/control_api.hpp"
#include "daemon/control_json.hpp"

namespace dora::cli {
namespace {

namespace json = boost::json;
using transport::HttpRequest;

const char* query_for(daemon::Usage usage) {
  return usage == daemon::Usage::Unmeasured ? "?usage=false" : "";
}

constexpr auto patience_for_one = std::chrono::seconds(1);

daemon::StartedRun to_started(const json::object& object) {
  return {string_at(object, "uuid"), string_at(object, "name")};
}

std::vector<NodeLine> node_lines(const json::object& object) {
  std::vector<NodeLine> lines;
  const json::value* list = object.if_contains("node_details");
  if (list == nullptr || !list->is_array()) return lines;
  for (const json::value& each : list->get_array())
    if (each.is_object()) lines.push_back(to_node_line(each.get_object()));
  return lines;
}

std::vector<std::string> waiting_nodes(const std::vector<NodeLine>& nodes) {
  std::vector<std::string> waiting;
  for (const NodeLine& node : nodes)
    if (node.status == "waiting") waiting.push_back(node.id);
  return waiting;
}

std::vector<daemon::EdgeTotals> edges_of(const json::object& object) {
  std::vector<daemon::EdgeTotals> edges;
  const json::value* list = object.if_contains("edges");
  if (list == nullptr || !list->is_array()) return edges;
  for (const json::value& each : list->get_array())
    if (each.is_object()) edges.push_back(daemon::parse_edge_totals(each.get_object()));
  return edges;
}

RunningDataflow to_dataflow(const Instance& instance, const json::object& object) {
  std::vector<NodeLine> details = node_lines(object);
  return {.instance = instance,
          .uuid = string_at(object, "uuid"),
          .name = string_at(object, "name"),
          .status = string_at(object, "status"),
          .file = string_at(object, "file"),
          .log_folders = strings_at(object, "log_folders"),
          .nodes = number_at<std::uint32_t>(object, "nodes"),
          .running_nodes = strings_at(object, "running_nodes"),
          .waiting_nodes = waiting_nodes(details),
          .node_details = std::move(details),
          .state = string_at(object, "state"),
          .edges = edges_of(object),
          .started_ns = number_at<std::int64_t>(object, "started_ns"),
          .messages = number_at<std::uint64_t>(object, "messages"),
          .cpu_percent = number_at<double>(object, "cpu_percent"),
          .memory_bytes = number_at<std::uint64_t>(object, "memory_bytes"),
          .summary = string_at(object, "summary"),
          .is_lost = bool_at(object, "lost")};
}

using SurveyAnswer = Result<std::vector<RunningDataflow>>;

/// Where there may be no more threads, it is asked when its answer is needed.
std::future<SurveyAnswer> in_a_thread_if_possible(std::function<SurveyAnswer()> question) {
  try {
    return std::async(std::launch::async, question);
  } catch (const std::system_error&) {
    return std::async(std::launch::deferred, std::move(question));
  }
}

/// One that ends while we ask is no error. Its socket goes a moment before its process.
bool is_about_to_end(const daemon::Instance& instance, const Error& error) {
  constexpr int looks = 20;
  const bool may_be = error.kind != ErrorKind::Unsupported && error.kind != ErrorKind::TimedOut;
  for (int look = 0; daemon::is_alive(instance.record); ++look) {
    if (!may_be || look == looks) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return true;
}

std::string listed(const std::vector<RunningDataflow>& dataflows) {
  std::string text;
  for (const RunningDataflow& dataflow : dataflows)
    text += fmt::format("\n  [{}] {}", dataflow.name.empty() ? "<unnamed>" : dataflow.name,
                        dataflow.uuid);
  return text;
}

}  // namespace

std::string terminal_path(const std::string& uuid, const std::string& node) {
  return path_of_node(uuid, node, "/terminal");
}

Result<daemon::NodeSurroundings> ask_surroundings(const RunningDataflow& dataflow,
                                                  const std::string& node, Deadline deadline) {
  const std::string path = path_of_node(dataflow.uuid, node, "/environment");
  const json::object answer = TRY(ask(dataflow.instance, {"GET", path, ""}, deadline));
  daemon::NodeSurroundings surroundings{string_at(answer, "working_directory"), {}};
  const json::value* variables = answer.if_contains("environment");
  if (variables == nullptr || !variables->is_object())
    return fail(ErrorKind::Failed, "the answer holds no environment");
  for (const auto& [name, value] : variables->get_object())
    if (value.is_string()) surroundings.environment[name] = value.get_string();
  return surroundings;
}

Result<> check_protocol(const Instance& instance, Deadline deadline) {
  const json::object pong = TRY(ask(instance, {"GET", "/v1/ping", ""}, deadline));
  if (number_at<int>(pong, "protocol") == daemon::control_protocol) return {};
  return fail(
      ErrorKind::Unsupported,
      fmt::format("{} is dora {} and this is dora {}: they do not understand each other; stop "
                  "that one with its own dora",
                  instance.description, string_at(pong, "version"), version()));
}

Result<std::vector<RunningDataflow>> ask_dataflows(const Instance& instance, Deadline deadline,
                                                   daemon::Usage usage) {
  TRY(check_protocol(instance, deadline));
  const json::object answer =
      TRY(ask(instance, {"GET", std::string("/v1/dataflows") + query_for(usage), ""}, deadline));
  std::vector<RunningDataflow> dataflows;
  const json::value* list = answer.if_contains("dataflows");
  if (list == nullptr || !list->is_array()) return dataflows;
  for (const json::value& each : list->get_array())
    if (each.is_object()) dataflows.push_back(to_dataflow(instance, each.get_object()));
  return dataflows;
}

Result<RunningDataflow> ask_dataflow(const Instance& instance, const std::string& uuid,
                                     Deadline deadline, daemon::Usage usage) {
  return to_dataflow(instance,
                     TRY(ask(instance, {"GET", path_of(uuid, query_for(usage)), ""}, deadline)));
}

Result<daemon::StartedRun> ask_to_start(const Instance& instance,
                                        const daemon::StartRequest& request, Deadline deadline) {
  TRY(check_protocol(instance, deadline));
  return to_started(
      TRY(ask(instance, {"POST", "/v1/dataflows", daemon::to_json(request)}, deadline)));
}

std::chrono::nanoseconds patience_for_end(std::optional<std::chrono::nanoseconds> grace,
                                          bool force) {
  using namespace std::chrono_literals;
  return force ? 10s : grace.value_or(10s) * 3 / 2 + 10s;
}

Result<StopResult> ask_to_stop(const RunningDataflow& dataflow,
                               std::optional<std::chrono::nanoseconds> grace, bool force,
                               Deadline deadline) {
  const HttpRequest request{"POST", path_of(dataflow.uuid, "/stop"), stop_body(grace, force)};
  const json::object answer = TRY(ask(dataflow.instance, request, deadline));
  return StopResult{string_at(answer, "status") == "Failed", string_at(answer, "summary")};
}

Result<daemon::StartedRun> ask_to_restart(const RunningDataflow& dataflow,
                                          std::optional<std::chrono::nanoseconds> grace, bool force,
                                          Deadline deadline) {
  const HttpRequest request{"POST", path_of(dataflow.uuid, "/restart"), stop_body(grace, force)};
  return to_started(TRY(ask(dataflow.instance, request, deadline)));
}

Result<> ask_to_forget(const RunningDataflow& dataflow, Deadline deadline) {
  TRY(ask(dataflow.instance, {"DELETE", path_of(dataflow.uuid, ""), ""}, deadline));
  return {};
}

Result<> ask_to_shut_down(const Instance& instance, bool force, Deadline deadline) {
  const json::value body = {{"force", force}};
  TRY(ask(instance, {"POST", "/v1/shutdown", json::serialize(body)}, deadline));
  return {};
}

Instance to_instance(const daemon::Instance& found) {
  return {found.control_socket(),
          fmt::format("dora {} (pid {})", found.record.kind, found.record.pid), found.record.kind};
}

Result<Survey> survey_dataflows(Deadline deadline, const std::optional<std::string>& only,
                                daemon::Usage usage) {
  // One that hangs must not keep us from the others.
  const Deadline patience = std::min(deadline, std::chrono::steady_clock::now() + patience_for_one);
  std::vector<std::pair<daemon::Instance, std::future<SurveyAnswer>>> asked;
  for (daemon::Instance& found : TRY(daemon::list_instances())) {
    if (only && found.name != *only) continue;
    auto question = [instance = to_instance(found), patience, usage] {
      return ask_dataflows(instance, patience, usage);
    };
    asked.emplace_back(std::move(found), in_a_thread_if_possible(std::move(question)));
  }
  Survey survey;
  for (auto& [instance, answer] : asked) {
    auto dataflows = answer.get();
    if (dataflows) {
      std::ranges::move(*dataflows, std::back_inserter(survey.dataflows));
    } else if (!is_about_to_end(instance, dataflows.error())) {
      survey.errors.push_back(dataflows.error());
    }
  }
  return survey;
}

Result<RunningDataflow> choose_dataflow(const std::vector<RunningDataflow>& dataflows,
                                        const std::optional<std::string>& wanted) {
  if (!wanted) {
    if (dataflows.size() == 1) return dataflows.front();
    if (dataflows.empty()) return fail(ErrorKind::NotFound, "no dataflow is running");
    if (can_pick()) return pick_dataflow(dataflows);
    return fail(
        ErrorKind::InvalidInput,
        fmt::format("Multiple dataflows running. Specify a UUID or name.{}", listed(dataflows)));
  }
  std::vector<RunningDataflow> matching;
  std::ranges::copy_if(dataflows, std::back_inserter(matching), [&](const RunningDataflow& each) {
    return each.uuid == *wanted || each.name == *wanted;
  });
  if (matching.size() == 1) return matching.front();
  if (!matching.empty())
    return fail(ErrorKind::InvalidInput,
                fmt::format("several dataflows are named `{}`, give the UUID of one:{}", *wanted,
                            listed(matching)));
  std::vector<std::string> names;
  names.reserve(dataflows.size());
  for (const RunningDataflow& dataflow : dataflows)
    names.push_back(dataflow.name);
  const auto near = closest_match(*wanted, names);
  return fail(
      ErrorKind::NotFound,
      fmt::format("no dataflow with name `{}` is running{}{}{}", *wanted,
                  near ? fmt::format(", did you mean `{}`?", *near) : "",
                  dataflows.empty() ? "; nothing is" : "; running are:", listed(dataflows)));
}

Result<RunningDataflow> find_dataflow_of_node(const std::string& node,
                                              const std::optional<std::string>& wanted,
                                              const std::optional<std::string>& only) {
  Survey survey =
      TRY(survey_dataflows(std::chrono::steady_clock::now() + std::chrono::seconds(5), only));
  std::erase_if(survey.dataflows, [](const RunningDataflow& each) { return !each.is_running(); });
  if (survey.dataflows.empty() && !survey.errors.empty())
    return std::unexpected(survey.errors.front());
  if (!wanted && survey.dataflows.size() > 1) {
    std::vector<RunningDataflow> having;
    std::ranges::copy_if(survey.dataflows, std::back_inserter(having),
                         [&](const RunningDataflow& each) {
                           return std::ranges::find(each.node_details, node, &NodeLine::id) !=
                                  each.node_details.end();
                         });
    if (having.size() == 1) return having.front();
    if (having.size() > 1)
      return fail(ErrorKind::InvalidInput,
                  fmt::format("several dataflows have a node `{}`, name one with `-d`:{}", node,
                              listed(having)));
  }
  return choose_dataflow(survey.dataflows, wanted);
}

}  // namespace dora::cli

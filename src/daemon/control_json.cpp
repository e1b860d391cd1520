// SPDX-License-Identifier: Apache-2.0
#include "daemon/control_json.hpp"

#include <array>
#include <cmath>
#include <utility>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "daemon/json_text.hpp"

namespace dora::daemon {
namespace {

namespace json = boost::json;

constexpr double longest_grace_seconds = 365.0 * 24 * 3600;

struct KindName {
  ErrorKind kind;
  std::string_view name;
  int status;
};
constexpr std::array<KindName, 7> kinds{{
    {ErrorKind::InvalidInput, "InvalidInput", 400},
    {ErrorKind::NotFound, "NotFound", 404},
    {ErrorKind::Disconnected, "Disconnected", 503},
    {ErrorKind::TimedOut, "TimedOut", 504},
    {ErrorKind::Busy, "Busy", 409},
    {ErrorKind::Unsupported, "Unsupported", 501},
    {ErrorKind::Failed, "Failed", 500},
}};

// Whether the process of a node is there to be waited for.
bool lives(const NodeInfo& node) {
  return node.status != NodeStatus::Stopped && node.status != NodeStatus::Failed;
}

std::uint64_t count_of(const json::value* value) {
  if (value == nullptr || !value->is_number()) return 0;
  boost::system::error_code error;
  const auto count = value->to_number<std::uint64_t>(error);
  return error ? 0 : count;
}

Result<json::object> parse_object(std::string_view body) {
  if (body.empty()) return json::object();
  boost::system::error_code error;
  json::value parsed = json::parse(json::string_view(body.data(), body.size()), error);
  if (error || !parsed.is_object())
    return fail(ErrorKind::InvalidInput, "the body is not a JSON object");
  return std::move(parsed.get_object());
}

Result<StopOptions> stop_options_of(const json::object& object) {
  StopOptions options;
  boost::system::error_code error;
  for (const auto& [key, value] : object) {
    if (key == "force" && value.is_bool()) {
      options.force = value.get_bool();
    } else if (key == "grace_seconds" && value.is_number()) {
      const double seconds = value.to_number<double>(error);
      if (error || std::isnan(seconds) || seconds < 0 || seconds > longest_grace_seconds)
        return fail(ErrorKind::InvalidInput, "`grace_seconds` must be between 0 and a year");
      options.grace = std::chrono::milliseconds(std::llround(seconds * 1e3));
    } else {
      return fail(ErrorKind::InvalidInput,
                  fmt::format("`{}` is unknown here, or of another type: the keys are "
                              "`grace_seconds` (a number) and `force` (true or false)",
                              std::string_view(key.data(), key.size())));
    }
  }
  return options;
}

}  // namespace

json::value to_json(const EdgeTotals& edge) {
  json::object drops;
  for (const EdgeTotals::Drop& drop : edge.drops)
    drops[drop.reason] = drop.count;
  return {{"output", edge.producer + "/" + edge.output},
          {"input", edge.consumer + "/" + edge.input},
          {"sent", edge.sent},
          {"delivered", edge.delivered},
          {"dropped", edge.dropped()},
          {"drops", std::move(drops)},
          {"in_flight", edge.in_flight},
          {"bytes", edge.bytes}};
}

json::value to_json(const DataflowStatus& dataflow) {
  const RunInfo& run = dataflow.run;
  json::array living;
  for (const NodeInfo& node : run.nodes)
    if (lives(node)) living.emplace_back(node.node);
  std::uint64_t messages = 0;
  json::array edges;
  for (const EdgeTotals& edge : run.edges) {
    messages += edge.sent;
    edges.push_back(to_json(edge));
  }
  json::array details;
  for (const NodeInfo& node : run.nodes)
    details.push_back(daemon::to_json(node));
  json::object blocked;
  for (const NodeInfo& node : run.nodes) {
    if (!node.blocked_on.empty()) blocked[node.node] = json::value_from(node.blocked_on);
  }
  const std::string_view status = !dataflow.is_over()                 ? "Running"
                                  : run.status == RunStatus::Finished ? "Finished"
                                                                      : "Failed";
  return {{"uuid", run.id},
          {"name", run.name},
          {"status", status},
          {"state", to_string(run.status)},
          {"file", run.file},
          {"log_folders", json::value_from(run.log_folders)},
          {"nodes", run.nodes.size()},
          {"running_nodes", std::move(living)},
          {"node_details", std::move(details)},
          {"started_ns", run.started_at_ns},
          {"messages", messages},
          {"edges", std::move(edges)},
          {"blocked_on", std::move(blocked)},
          {"cpu_percent", dataflow.cpu_percent},
          {"memory_bytes", dataflow.memory_bytes},
          {"ended_ns", dataflow.ended_at_ns},
          {"summary", dataflow.summary},
          {"lost", dataflow.is_lost}};
}

json::value to_json(const NodeInfo& node) {
  return {{"id", node.node},
          {"status", to_string(node.status)},
          {"pid", node.pid > 0 ? json::value(node.pid) : json::value()},
          {"restarts", node.restarts},
          {"cpu_percent", node.cpu_percent},
          {"memory_bytes", node.memory_bytes},
          {"broken_inputs", json::value_from(node.broken_inputs)},
          {"cause", node.cause}};
}

transport::HttpResponse json_response(const json::value& value) {
  transport::HttpResponse response;
  response.body = to_json_text(value) + "\n";
  return response;
}

EdgeTotals parse_edge_totals(const json::object& object) {
  EdgeTotals edge;
  const auto take = [&](std::string_view key, std::string& node, std::string& port) {
    const json::value* value = object.if_contains(key);
    if (value == nullptr || !value->is_string()) return;
    const std::string text(value->get_string());
    const auto slash = text.find('/');
    node = text.substr(0, slash);
    if (slash != std::string::npos) port = text.substr(slash + 1);
  };
  take("output", edge.producer, edge.output);
  take("input", edge.consumer, edge.input);
  edge.sent = count_of(object.if_contains("sent"));
  edge.delivered = count_of(object.if_contains("delivered"));
  edge.in_flight = count_of(object.if_contains("in_flight"));
  edge.bytes = count_of(object.if_contains("bytes"));
  if (const auto* drops = object.if_contains("drops"); drops != nullptr && drops->is_object()) {
    for (const auto& [reason, count] : drops->get_object())
      edge.drops.push_back({std::string(reason), count_of(&count)});
  }
  return edge;
}

Result<StopOptions> parse_stop_options(std::string_view body) {
  return stop_options_of(TRY(parse_object(body)));
}

Result<NodeDefinition> parse_node_definition(std::string_view body) {
  json::object object = TRY(parse_object(body));
  NodeDefinition definition;
  const json::value* file = object.if_contains("file");
  if (file != nullptr && file->is_string()) definition.file = std::string(file->get_string());
  if (!definition.file.is_absolute() || definition.file.native().find('\0') != std::string::npos)
    return fail(ErrorKind::InvalidInput, "`file` must be an absolute path");
  object.erase("file");
  definition.stop = TRY(stop_options_of(object));
  return definition;
}

Result<Connection> parse_connection(std::string_view body) {
  Connection connection;
  const json::object object = TRY(parse_object(body));
  for (const auto& [key, value] : object) {
    const bool is_output = key == "output";
    if ((!is_output && key != "input") || !value.is_string()) {
      return fail(ErrorKind::InvalidInput,
                  "the keys here are `output` and `input`, both texts like \"node/port\"");
    }
    (is_output ? connection.output : connection.input) = std::string(value.get_string());
  }
  if (connection.output.empty() || connection.input.empty())
    return fail(ErrorKind::InvalidInput, "`output` and `input` must be given");
  return connection;
}

Result<bool> parse_force(std::string_view body) {
  const json::object object = TRY(parse_object(body));
  bool force = false;
  for (const auto& [key, value] : object) {
    if (key != "force" || !value.is_bool())
      return fail(ErrorKind::InvalidInput, "the only key here is `force` (true or false)");
    force = value.get_bool();
  }
  return force;
}

std::string_view to_string(ErrorKind kind) {
  for (const KindName& known : kinds)
    if (known.kind == kind) return known.name;
  return "Failed";
}

ErrorKind parse_error_kind(std::string_view name) {
  for (const KindName& known : kinds)
    if (known.name == name) return known.kind;
  return ErrorKind::Failed;
}

int http_status_of(ErrorKind kind) {
  for (const KindName& known : kinds)
    if (known.kind == kind) return known.status;
  return 500;
}

}  // namespace dora::daemon

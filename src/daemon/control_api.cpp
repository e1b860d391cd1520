// SPDX-License-Identifier: Apache-2.0
#include "daemon/control_api.hpp"

#include <array>
#include <cmath>
#include <utility>

#include <boost/json.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "base/version.hpp"

namespace dora::daemon {
namespace {

namespace json = boost::json;
using transport::HttpRequest;
using transport::HttpResponse;

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

HttpResponse ok(const json::value& value) {
  HttpResponse response;
  response.body = json::serialize(value) + "\n";
  return response;
}

HttpResponse refusal(int status, ErrorKind kind, std::string message) {
  HttpResponse response = error_response({kind, std::move(message)});
  response.status = status;
  return response;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const int high = hex_digit(text[i + 1]);
    const int low = hex_digit(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    decoded += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return decoded;
}

json::value ping() {
  return {{"version", version()}, {"protocol", control_protocol}, {"pid", ::getpid()}};
}

bool is_over(RunStatus status) {
  return status == RunStatus::Finished || status == RunStatus::Failed;
}

// Whether the process of a node is there to be waited for.
bool lives(const NodeInfo& node) {
  return node.status != NodeStatus::Stopped && node.status != NodeStatus::Failed;
}

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
  json::object blocked;
  for (const NodeInfo& node : run.nodes) {
    if (!node.blocked_on.empty()) blocked[node.node] = json::value_from(node.blocked_on);
  }
  const std::string_view status = !is_over(run.status)                ? "Running"
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
          {"started_ns", run.started_at_ns},
          {"messages", messages},
          {"edges", std::move(edges)},
          {"blocked_on", std::move(blocked)},
          {"cpu_percent", dataflow.cpu_percent},
          {"memory_bytes", dataflow.memory_bytes}};
}

// An empty body means the defaults.
Result<StopOptions> parse_stop_options(std::string_view body) {
  StopOptions options;
  if (body.empty()) return options;
  boost::system::error_code error;
  const json::value parsed = json::parse(json::string_view(body.data(), body.size()), error);
  if (error || !parsed.is_object())
    return fail(ErrorKind::InvalidInput, "the body is not a JSON object");
  for (const auto& [key, value] : parsed.get_object()) {
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

HttpResponse error_response(const Error& error) {
  HttpResponse response = ok({{"kind", to_string(error.kind)}, {"message", error.message}});
  response.status = 500;
  for (const KindName& known : kinds)
    if (known.kind == error.kind) response.status = known.status;
  return response;
}

void ControlApi::answer(const HttpRequest& request, Reply reply) const {
  std::string_view path = request.target;
  path = path.substr(0, path.find('?'));
  const bool is_get = request.method == "GET";
  const auto only = [&](std::string_view method) {
    reply(refusal(405, ErrorKind::InvalidInput,
                  fmt::format("{} takes {} only", path.substr(0, 200), method)));
  };
  if (path == "/v1/ping") {
    if (!is_get) return only("GET");
    return reply(ok(ping()));
  }
  if (path == "/v1/dataflows") {
    if (!is_get) return only("GET");
    json::array list;
    for (const DataflowStatus& dataflow : target_.dataflows())
      list.push_back(to_json(dataflow));
    return reply(ok({{"schema_version", 1}, {"dataflows", std::move(list)}}));
  }
  constexpr std::string_view prefix = "/v1/dataflows/";
  constexpr std::string_view suffix = "/stop";
  if (path.starts_with(prefix) && path.ends_with(suffix) &&
      path.size() > prefix.size() + suffix.size()) {
    if (request.method != "POST") return only("POST");
    path.remove_prefix(prefix.size());
    path.remove_suffix(suffix.size());
    return stop(path, request.body, std::move(reply));
  }
  reply(refusal(404, ErrorKind::NotFound, "there is nothing here: see docs/control-api.md"));
}

void ControlApi::stop(std::string_view name, std::string_view body, Reply reply) const {
  const auto wanted = percent_decoded(name);
  if (!wanted)
    return reply(refusal(400, ErrorKind::InvalidInput, "a `%` in the path is not followed by hex"));
  const auto options = parse_stop_options(body);
  if (!options) return reply(error_response(options.error()));
  for (const DataflowStatus& dataflow : target_.dataflows()) {
    const RunInfo& run = dataflow.run;
    if (is_over(run.status) || (run.id != *wanted && run.name != *wanted)) continue;
    return target_.stop(run.id, *options, [reply = std::move(reply)](Result<RunResult> result) {
      if (!result) return reply(error_response(result.error()));
      reply(ok({{"uuid", result->id},
                {"name", result->name},
                {"status", result->succeeded ? "Finished" : "Failed"},
                {"summary", failure_summary(*result)}}));
    });
  }
  reply(error_response({ErrorKind::NotFound, fmt::format("no dataflow `{}` runs here", *wanted)}));
}

}  // namespace dora::daemon

// SPDX-License-Identifier: Apache-2.0
#include "daemon/watch_event.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "daemon/control_json.hpp"

namespace dora::daemon {
namespace {

namespace json = boost::json;

constexpr std::array outcomes = {
    std::pair(Outcome::Succeeded, std::string_view("succeeded")),
    std::pair(Outcome::Failed, std::string_view("failed")),
    std::pair(Outcome::Consequential, std::string_view("consequential")),
};
constexpr std::array statuses = {RunStatus::Starting, RunStatus::Running, RunStatus::Stopping,
                                 RunStatus::Finished, RunStatus::Failed};

std::string_view to_word(Outcome outcome) {
  return std::ranges::find(outcomes, outcome, [](auto& each) { return each.first; })->second;
}

std::string event_text(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value == nullptr || !value->is_string() ? std::string() : std::string(value->get_string());
}

template <typename Number>
Number event_number(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr || !value->is_number()) return {};
  boost::system::error_code error;
  const auto number = value->to_number<Number>(error);
  return error ? Number{} : number;
}

const json::array& event_list(const json::object& object, std::string_view key) {
  static const json::array empty;
  const json::value* value = object.if_contains(key);
  return value == nullptr || !value->is_array() ? empty : value->get_array();
}

RunFinished parse_finished(const json::object& object) {
  RunFinished finished;
  RunResult& result = finished.result;
  result.id = event_text(object, "uuid");
  result.name = event_text(object, "name");
  result.succeeded = event_text(object, "status") == "Finished";
  result.duration_ns = event_number<std::int64_t>(object, "duration_ns");
  result.log_folder = event_text(object, "log_folder");
  for (const json::value& each : event_list(object, "nodes")) {
    if (!each.is_object()) continue;
    const json::object& node = each.get_object();
    NodeResult& parsed = result.nodes.emplace_back();
    parsed.node = event_text(node, "id");
    const std::string outcome = event_text(node, "outcome");
    for (const auto& [value, word] : outcomes)
      if (word == outcome) parsed.outcome = value;
    parsed.cause = event_text(node, "cause");
    parsed.reason = event_text(node, "reason");
    parsed.restarts = event_number<std::uint32_t>(node, "restarts");
    parsed.ended_ns = event_number<std::int64_t>(node, "ended_ns");
  }
  for (const json::value& each : event_list(object, "edges"))
    if (each.is_object()) result.edges.push_back(parse_edge_totals(each.get_object()));
  finished.summary = event_text(object, "summary");
  finished.next = event_text(object, "next");
  return finished;
}

}  // namespace

std::string to_text(const LogEntry& entry) {
  constexpr std::string_view streams[] = {"null", R"("stdout")", R"("stderr")"};
  // The keys of a line in `--format json`, and those that only its reader here needs.
  return fmt::format(R"({{"type":"log","stream":{},"continued":{},{})",
                     streams[static_cast<std::size_t>(entry.stream)], entry.is_continued,
                     to_json(entry).substr(1));
}

std::string to_text(RunStatus status) {
  return json::serialize(json::object{{"type", "status"}, {"state", to_string(status)}});
}

std::string to_text(const LostLines& lost) {
  return json::serialize(json::object{{"type", "lost"}, {"lines", lost.count}});
}

std::string to_text(const RunFinished& finished) {
  const RunResult& result = finished.result;
  json::array nodes;
  for (const NodeResult& node : result.nodes) {
    nodes.push_back({{"id", node.node},
                     {"outcome", to_word(node.outcome)},
                     {"cause", node.cause},
                     {"reason", node.reason},
                     {"restarts", node.restarts},
                     {"ended_ns", node.ended_ns}});
  }
  json::array edges;
  for (const EdgeTotals& edge : result.edges)
    edges.push_back(to_json(edge));
  return json::serialize(json::object{{"type", "finished"},
                                      {"uuid", result.id},
                                      {"name", result.name},
                                      {"status", result.succeeded ? "Finished" : "Failed"},
                                      {"summary", finished.summary},
                                      {"next", finished.next},
                                      {"duration_ns", result.duration_ns},
                                      {"log_folder", result.log_folder},
                                      {"nodes", std::move(nodes)},
                                      {"edges", std::move(edges)}});
}

Result<WatchEvent> parse_watch_event(std::string_view text) {
  boost::system::error_code error;
  const json::value parsed = json::parse(json::string_view(text.data(), text.size()), error);
  if (error || !parsed.is_object())
    return fail(ErrorKind::InvalidInput, "an event that is no JSON object");
  const json::object& object = parsed.get_object();
  const std::string type = event_text(object, "type");
  if (type == "finished") return WatchEvent(parse_finished(object));
  if (type == "status") {
    const std::string state = event_text(object, "state");
    for (const RunStatus status : statuses)
      if (state == to_string(status)) return WatchEvent(status);
  }
  if (type != "log") return WatchEvent(LostLines{event_number<std::uint64_t>(object, "lines")});
  auto entry = parse_log_file_line(text);
  if (!entry) return fail(ErrorKind::InvalidInput, "an event that is no log line");
  entry->dataflow_id = event_text(object, "dataflow_id");
  entry->module_path = event_text(object, "module_path");
  entry->file = event_text(object, "file");
  if (const auto line = event_number<std::uint32_t>(object, "line"); line != 0) entry->line = line;
  return WatchEvent(*std::move(entry));
}

}  // namespace dora::daemon

// SPDX-License-Identifier: Apache-2.0
// `dora node info`: everything about one node of a running dataflow.
#include <boost/json.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/console_text.hpp"
#include "cli/control_request.hpp"
#include "cli/pretty_json.hpp"
#include "cli/running_node.hpp"
#include "cli/shared_flags.hpp"

namespace dora::cli {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

constexpr double bytes_in_megabyte = 1e6;

bool is_told(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr && !value->is_null();
}

void copy_told(const json::object& from, std::string_view key, json::object& to) {
  if (is_told(from, key)) to[key] = from.at(key);
}

json::object node_document(const json::object& told) {
  const NodeLine line = to_node_line(told);
  json::object document{{"node_id", line.id}};
  for (const char* key :
       {"dataflow", "name", "description", "path", "outputs", "inputs", "restart_policy",
        "max_restarts", "restart_delay", "health_check_timeout", "finish_grace_secs"})
    copy_told(told, key, document);
  json::object metrics{{"status", status_word(line.status)}};
  metrics["pid"] = line.pid > 0 ? json::value(line.pid) : json::value();
  metrics["cpu"] = line.cpu_percent;
  metrics["memory"] = static_cast<double>(line.memory_bytes) / bytes_in_megabyte;
  metrics["restart_count"] = line.restarts;
  copy_told(told, "pending_messages", metrics);
  if (const auto broken = strings_at(told, "broken_inputs"); !broken.empty())
    metrics["broken_inputs"] = json::value_from(broken);
  document["metrics"] = std::move(metrics);
  return document;
}

std::string ports_text(const json::object& told, const char* kind, const char* peers_key,
                       const char* arrow) {
  std::string text = fmt::format("{}:\n", kind);
  const json::value* list = told.if_contains(kind[0] == 'I' ? "inputs" : "outputs");
  if (list == nullptr || !list->is_array() || list->get_array().empty()) return text + "  none\n";
  for (const json::value& each : list->get_array()) {
    if (!each.is_object()) continue;
    const json::object& port = each.get_object();
    const auto many = strings_at(port, peers_key);
    std::string peers =
        many.empty() ? string_at(port, peers_key) : fmt::format("{}", fmt::join(many, ", "));
    if (peers.empty()) peers = "nobody";
    text += fmt::format("  {} {} {}\n", string_at(port, "id"), arrow, peers);
  }
  return text;
}

std::string node_text(const json::object& told) {
  const NodeLine line = to_node_line(told);
  std::string text;
  const auto add = [&](std::string_view label, const std::string& value) {
    if (!value.empty()) text += fmt::format("{:<12} {}\n", label, terminal_safe(value, false));
  };
  const auto seconds = [&](const char* key) {
    return is_told(told, key) ? fmt::format("{:.6g} s", number_at<double>(told, key)) : "";
  };
  add("Node:", line.id);
  add("Dataflow:", string_at(told, "dataflow"));
  add("Name:", string_at(told, "name"));
  add("About:", string_at(told, "description"));
  add("Path:", string_at(told, "path"));
  add("Status:", status_word(line.status));
  add("Cause:", string_at(told, "cause"));
  if (line.pid > 0) {
    add("PID:", std::to_string(line.pid));
    add("CPU:", fmt::format("{:.1f}%", line.cpu_percent));
    add("Memory:",
        fmt::format("{:.1f} MB", static_cast<double>(line.memory_bytes) / bytes_in_megabyte));
  }
  add("Restarts:", std::to_string(line.restarts));
  add("Pending:", fmt::format("{} messages", number_at<std::uint64_t>(told, "pending_messages")));
  add("Broken:", fmt::format("{}", fmt::join(strings_at(told, "broken_inputs"), ", ")));
  const auto limit = number_at<std::uint32_t>(told, "max_restarts");
  add("Policy:", string_at(told, "restart_policy") +
                     (limit > 0 ? fmt::format(", at most {} restarts", limit) : ""));
  add("Delay:", seconds("restart_delay"));
  add("Health:", seconds("health_check_timeout"));
  add("End within:", seconds("finish_grace_secs"));
  text += ports_text(told, "Inputs", "source", "<-");
  text += ports_text(told, "Outputs", "subscribers", "->");
  return text;
}

Result<> tell_node(const CommandContext& context) {
  const std::string& node = context.command.arguments().front();
  const RunningDataflow dataflow = TRY(running_dataflow(context));
  const json::object told =
      TRY(ask(dataflow.instance, {"GET", path_of_node(dataflow.uuid, node, ""), ""},
              std::chrono::steady_clock::now() + 5s));
  print_result(wants_json(context.command) ? pretty_json(node_document(told)) : node_text(told));
  return {};
}

constexpr auto node_info_flags = join_flags(std::array{dataflow_flag,
                                                       Flag{.name = "--format",
                                                            .short_name = "-f",
                                                            .value = "FORMAT",
                                                            .help = "table, or json: one document",
                                                            .takes = Flag::Takes::Value,
                                                            .choices = "table|json"},
                                                       json_flag},
                                            coordinator_flags);

}  // namespace

constinit const Command node_info_command{
    .name = "node info",
    .group = Group::Look,
    .summary = "Show everything about one node of a running dataflow",
    .arguments = {{node_argument}},
    .flags = node_info_flags,
    .examples =
        "dora node info camera\n"
        "dora node info camera -d hello --json",
    .run = [](const CommandContext& context) { return finish(context, tell_node(context)); },
};

}  // namespace dora::cli

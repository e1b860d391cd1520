// SPDX-License-Identifier: Apache-2.0
// `dora node list`: the nodes of running dataflows, and what each takes of the machine.
#include <boost/json.hpp>
#include <fmt/format.h>

#include "cli/console_text.hpp"
#include "cli/running_node.hpp"
#include "cli/shared_flags.hpp"
#include "cli/table.hpp"
#include "daemon/json_text.hpp"

namespace dora::cli {
namespace {

namespace json = boost::json;

constexpr double bytes_per_megabyte = 1e6;

double megabytes_of(const NodeLine& node) {
  return static_cast<double>(node.memory_bytes) / bytes_per_megabyte;
}

std::string node_json_line(const RunningDataflow& dataflow, const NodeLine& node) {
  const bool has_process = node.pid > 0;
  const json::value line = {
      {"node", node.id},
      {"status", status_word(node.status)},
      {"pid", has_process ? json::value(node.pid) : json::value()},
      {"cpu", has_process ? json::value(node.cpu_percent) : json::value()},
      {"memory", has_process ? json::value(megabytes_of(node)) : json::value()},
      {"restarts", node.restarts},
      {"dataflow", dataflow.uuid}};
  return daemon::to_json_text(line) + "\n";
}

std::vector<std::string> node_row(const RunningDataflow& dataflow, const NodeLine& node,
                                  bool with_dataflow) {
  const bool has_process = node.pid > 0;
  std::vector<std::string> row{terminal_safe(node.id, false),
                               status_word(node.status),
                               has_process ? std::to_string(node.pid) : "-",
                               has_process ? fmt::format("{:.1f}%", node.cpu_percent) : "-",
                               has_process ? fmt::format("{:.1f} MB", megabytes_of(node)) : "-",
                               std::to_string(node.restarts)};
  if (with_dataflow)
    row.push_back(terminal_safe(dataflow.name.empty() ? dataflow.uuid : dataflow.name, false));
  return row;
}

Result<> list_nodes(const CommandContext& context) {
  const bool as_json = wants_json(context.command);
  const bool only_ids = context.command.has("--ids");
  if (as_json && only_ids)
    return fail(ErrorKind::InvalidInput, "`--ids` and `--json` exclude each other");
  const bool is_one = context.command.value("--dataflow").has_value();
  std::vector<RunningDataflow> dataflows;
  if (is_one) {
    dataflows.push_back(TRY(running_dataflow(context)));
  } else {
    dataflows = TRY(running_dataflows(context));
  }
  std::string text;
  std::vector<std::vector<std::string>> rows;
  for (const RunningDataflow& dataflow : dataflows) {
    for (const NodeLine& node : dataflow.node_details) {
      if (as_json) {
        text += node_json_line(dataflow, node);
      } else if (only_ids) {
        text += node.id + "\n";
      } else {
        rows.push_back(node_row(dataflow, node, !is_one));
      }
    }
  }
  if (!as_json && !only_ids) {
    std::vector<std::string> header{"NODE", "STATUS", "PID", "CPU", "MEMORY", "RESTARTS"};
    if (!is_one) header.emplace_back("DATAFLOW");
    text = format_table(header, rows);
  }
  print_result(text);
  return {};
}

constexpr auto node_list_flags = join_flags(std::array{dataflow_flag, format_flag, json_flag,
                                                       Flag{.name = "--ids",
                                                            .short_name = "-q",
                                                            .help = "Ids of the nodes only",
                                                            .conflicts = "--format"}},
                                            coordinator_flags);

}  // namespace

constinit const Command node_list_command{
    .name = "node list",
    .group = Group::Look,
    .summary = "Show the nodes of running dataflows, and what they take of the machine",
    .flags = node_list_flags,
    .description =
        "CPU is in percent of one core since the node's process began, memory what is "
        "resident, both with all processes that the node started. JSON has the memory "
        "in MB, and null where there is no process.",
    .examples =
        "dora node list\n"
        "dora node list -d hello --json",
    .run = [](const CommandContext& context) { return finish(context, list_nodes(context)); },
};

}  // namespace dora::cli

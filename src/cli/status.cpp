// SPDX-License-Identifier: Apache-2.0
// `dora status`: whether the parts of dora run that dataflows in the background need.
#include <boost/json.hpp>
#include <fmt/format.h>

#include "cli/commands.hpp"
#include "cli/control_client.hpp"
#include "cli/coordinator_address.hpp"
#include "cli/dataflow_file.hpp"
#include "cli/pretty_json.hpp"
#include "cli/shared_flags.hpp"
#include "daemon/instance_directory.hpp"

namespace dora::cli {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

struct Status {
  bool has_daemon = false;
  std::string address;
  std::optional<std::size_t> dataflows;
};

// On one machine the daemon of `dora up` is the coordinator as well.
Status look() {
  Status status;
  if (const auto instances = daemon::list_instances()) {
    for (const daemon::Instance& each : *instances) {
      if (!each.is_alive || each.record.kind != "daemon") continue;
      status.has_daemon = true;
      status.address = each.control_socket().string();
    }
  }
  if (const auto survey = survey_dataflows(std::chrono::steady_clock::now() + 5s))
    status.dataflows = survey->dataflows.size();
  return status;
}

std::string to_text(const Status& status) {
  std::string text;
  if (status.has_daemon) {
    text =
        fmt::format("✓ Coordinator: Running\n  Address: {}\n✓ Daemon: Running\n", status.address);
  } else {
    text =
        "✗ Coordinator: Not running\n"
        "✗ Daemon: Unknown (coordinator not available)\n";
  }
  if (status.dataflows) text += fmt::format("Active dataflows: {}\n", *status.dataflows);
  return text;
}

json::value to_json(const Status& status) {
  json::object coordinator{{"status", status.has_daemon ? "running" : "not running"}};
  if (status.has_daemon) coordinator["address"] = status.address;
  return {{"coordinator", std::move(coordinator)},
          {"daemon", {{"status", status.has_daemon ? "running" : "unknown"}}},
          {"active_dataflows", status.dataflows ? json::value(*status.dataflows) : nullptr}};
}

int show_status(const CommandContext& context) {
  const Status status = look();
  print_result(wants_json(context.command) ? pretty_json(to_json(status)) : to_text(status));
  bool is_well = status.has_daemon;
  if (const auto path = context.command.value("--dataflow")) {
    int exit_code = 0;
    const auto file = read_dataflow_file(*path, context.terminal, context.environment, exit_code);
    if (file) print_diagnostics(file->loaded, context.terminal, "");
    is_well = is_well && file && file->loaded.dataflow;
  }
  if (is_well) return 0;
  print_error(context.terminal,
              "System check failed.\nonly dataflows in the background need a daemon: `dora up` "
              "starts it");
  return exit_failed;
}

constexpr Flag status_flags[] = {
    {.name = "--dataflow",
     .value = "PATH",
     .help = "Check this dataflow, too",
     .takes = Flag::Takes::Value,
     .complete = Complete::DataflowFiles},
    {.name = "--format",
     .short_name = "-f",
     .value = "FORMAT",
     .help = "text, or json: one document",
     .takes = Flag::Takes::Value,
     .choices = "text|json"},
    json_flag,
};

}  // namespace

constinit const Command status_command{
    .name = "status",
    .aliases = {"check", "system status"},
    .group = Group::Look,
    .summary = "Tell whether the daemon runs, and how many dataflows",
    .flags = status_flags,
    .examples =
        "dora status\n"
        "dora status --json",
    .run = show_status,
};

}  // namespace dora::cli

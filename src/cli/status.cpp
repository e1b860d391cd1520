// SPDX-License-Identifier: Apache-2.0
// `dora status`: whether the dora in the background is there and well.
#include <algorithm>
#include <functional>
#include <ranges>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "cli/commands.hpp"
#include "cli/control_client.hpp"
#include "cli/daemon_address.hpp"
#include "cli/dataflow_file.hpp"
#include "cli/failed_nodes.hpp"
#include "cli/pretty_json.hpp"
#include "cli/shared_flags.hpp"

namespace dora::cli {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

struct Health {
  std::string address;
  bool is_there = false;
  bool answers = false;
  std::string trouble;
  std::size_t running = 0;
  /// With nodes that failed, the latest first.
  std::vector<RunningDataflow> failed;
};

/// A status is no history: `dora list` has the others.
constexpr std::size_t most_failed = 10;

Result<Health> look(const CommandContext& context) {
  const DaemonAddress address = TRY(daemon_address(context.command, context.environment));
  Health health;
  if (const auto found = TRY(look_for_daemon(address))) {
    health.is_there = true;
    health.address = found->control_socket().string();
    const auto dataflows =
        ask_dataflows(to_instance(*found), std::chrono::steady_clock::now() + 5s);
    health.answers = dataflows.has_value();
    if (!dataflows) health.trouble = dataflows.error().message;
  }
  // Those of every `dora run`, too.
  const Survey survey =
      TRY(survey_dataflows(std::chrono::steady_clock::now() + 5s, address.only()));
  for (const RunningDataflow& each : survey.dataflows)
    if (each.is_running()) ++health.running;
  for (const RunningDataflow& each : survey.dataflows)
    if (!failed_nodes(each).empty()) health.failed.push_back(each);
  std::ranges::stable_sort(health.failed, std::greater<>{}, &RunningDataflow::started_ns);
  return health;
}

void show_json(const Health& health) {
  json::object coordinator{{"status", health.answers ? "running" : "not running"}};
  if (health.is_there) coordinator["address"] = health.address;
  json::object document;
  document["coordinator"] = std::move(coordinator);
  document["daemon"] = json::object{{"status", health.answers ? "running" : "unknown"}};
  document["active_dataflows"] = health.running;
  json::array failures;
  for (const RunningDataflow& dataflow : health.failed) {
    for (const FailedNode& each : failed_nodes(dataflow)) {
      failures.push_back({{"uuid", dataflow.uuid},
                          {"name", dataflow.name},
                          {"status", dataflow.status},
                          {"node", each.node},
                          {"cause", each.cause}});
    }
  }
  document["failures"] = std::move(failures);
  print_result(pretty_json(document));
}

void show_text(const Health& health, const Terminal& terminal) {
  const auto mark = [&](bool good) {
    const std::string_view sign = good ? "✓" : "✗";
    if (!terminal.is_stdout_colored) return std::string(sign);
    return fmt::format("\x1b[{}m{}\x1b[0m", good ? 32 : 31, sign);
  };
  std::string text;
  if (health.answers) {
    text = fmt::format("{} Coordinator: Running\n  Address: {}\n{} Daemon: Running\n", mark(true),
                       health.address, mark(true));
  } else {
    text = fmt::format(
        "{} Coordinator: {}\n", mark(false),
        health.is_there ? "Not answering: " + health.trouble : std::string("Not running"));
    if (health.is_there) text += fmt::format("  Address: {}\n", health.address);
    text += fmt::format("{} Daemon: Unknown (coordinator not available)\n", mark(false));
  }
  text += fmt::format("Active dataflows: {}\n", health.running);
  for (const RunningDataflow& each : health.failed | std::views::take(most_failed))
    text += fmt::format("{} {}", mark(false), failure_lines(each));
  if (health.failed.size() > most_failed) {
    text +=
        fmt::format("  and {} more dataflows with nodes that failed: `dora list --status failed`\n",
                    health.failed.size() - most_failed);
  }
  print_result(text);
}

int status(const CommandContext& context) {
  const auto health = look(context);
  if (!health) {
    print_error(context.terminal, health.error().message);
    return exit_code_of(health.error());
  }
  const bool as_json = wants_json(context.command);
  if (as_json) {
    show_json(*health);
  } else {
    show_text(*health, context.terminal);
  }
  bool is_well = health->answers;
  if (const auto path = context.command.value("--dataflow")) {
    int exit_code = 0;
    const auto file = read_dataflow_file(*path, context.terminal, context.environment, exit_code);
    const bool is_valid = file && file->loaded.dataflow.has_value();
    if (file) print_diagnostics(file->loaded, context.terminal, "");
    if (!as_json)
      print_result(fmt::format("{} Dataflow: {} {}\n", is_valid ? "✓" : "✗", *path,
                               is_valid ? "is valid" : "is not valid"));
    is_well = is_well && is_valid;
  }
  if (is_well) return 0;
  print_error(context.terminal,
              health->is_there ? "System check failed."
                               : "System check failed.\n"
                                 "  = help: `dora up` starts a dora in the background; `dora run` "
                                 "needs none");
  return exit_failed;
}

constexpr auto status_flags = join_flags(
    std::array{
        Flag{.name = "--format",
             .short_name = "-f",
             .value = "FORMAT",
             .help = "table, or json: one document",
             .takes = Flag::Takes::Value,
             .choices = "table|json"},
        json_flag,
        Flag{.name = "--dataflow",
             .value = "PATH",
             .help = "Also look whether this dataflow is valid",
             .takes = Flag::Takes::Value,
             .complete = Complete::DataflowFiles},
    },
    coordinator_flags);

}  // namespace

constinit const Command status_command{
    .name = "status",
    .aliases = {"check", "system status"},
    .group = Group::Look,
    .summary = "Tell whether the dora in the background is there and well",
    .flags = status_flags,
    .examples =
        "dora status\n"
        "dora status --json",
    .run = status,
};

}  // namespace dora::cli

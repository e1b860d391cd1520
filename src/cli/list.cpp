// SPDX-License-Identifier: Apache-2.0
// `dora list`: the dataflows of this user, in every terminal and in the background.
#include <algorithm>
#include <cctype>
#include <ranges>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/spelling.hpp"
#include "cli/commands.hpp"
#include "cli/console_text.hpp"
#include "cli/control_client.hpp"
#include "cli/daemon_address.hpp"
#include "cli/failed_nodes.hpp"
#include "cli/shared_flags.hpp"
#include "cli/table.hpp"
#include "daemon/json_text.hpp"
#include "daemon/log_entry.hpp"

namespace dora::cli {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

constexpr double megabyte = 1e6;
constexpr double gigabyte = 1e9;

struct ListOptions {
  bool as_json = false;
  bool only_uuids = false;
  std::string status;
  std::string name;
  std::string sort_by;
};

Result<ListOptions> parse_list_options(const ParsedCommand& command) {
  ListOptions options;
  options.as_json = wants_json(command);
  options.only_uuids = command.has("--uuids");
  if (options.only_uuids && options.as_json)
    return fail(ErrorKind::InvalidInput, "`--uuids` and `--json` exclude each other");
  options.status = command.value("--status").value_or("");
  options.name = to_lower(command.value("--name").value_or(""));
  options.sort_by = command.value("--sort-by").value_or("");
  return options;
}

void select_and_sort(std::vector<RunningDataflow>& dataflows, const ListOptions& options) {
  std::erase_if(dataflows, [&](const RunningDataflow& each) {
    return (!options.status.empty() && to_lower(each.status) != options.status) ||
           to_lower(each.name).find(options.name) == std::string::npos;
  });
  std::ranges::sort(dataflows, {}, [](const RunningDataflow& each) {
    return std::tuple(each.status != "Running", each.name, each.uuid);
  });
  if (options.sort_by == "cpu")
    std::ranges::stable_sort(dataflows, std::greater<>{}, &RunningDataflow::cpu_percent);
  if (options.sort_by == "memory")
    std::ranges::stable_sort(dataflows, std::greater<>{}, &RunningDataflow::memory_bytes);
}

std::string memory_text(std::uint64_t bytes) {
  const auto size = static_cast<double>(bytes);
  return size >= gigabyte ? fmt::format("{:.1f} GB", size / gigabyte)
                          : fmt::format("{:.1f} MB", size / megabyte);
}

std::string to_json_line(const RunningDataflow& dataflow) {
  json::array failures;
  for (const FailedNode& each : failed_nodes(dataflow))
    failures.push_back({{"node", each.node}, {"cause", each.cause}});
  const json::value line = {{"uuid", dataflow.uuid},
                            {"name", dataflow.name},
                            {"status", dataflow.status},
                            {"nodes", dataflow.nodes},
                            {"cpu", dataflow.cpu_percent},
                            {"memory", static_cast<double>(dataflow.memory_bytes) / gigabyte},
                            {"running_nodes", json::value_from(dataflow.running_nodes)},
                            {"messages", dataflow.messages},
                            {"started", daemon::format_utc(dataflow.started_ns)},
                            {"file", dataflow.file},
                            {"failures", std::move(failures)}};
  return daemon::to_json_text(line) + "\n";
}

std::string to_table(const std::vector<RunningDataflow>& dataflows) {
  std::vector<std::vector<std::string>> rows;
  rows.reserve(dataflows.size());
  for (const RunningDataflow& each : dataflows) {
    rows.push_back({each.uuid, terminal_safe(each.name, false), each.status,
                    std::to_string(each.nodes), fmt::format("{:.1f}%", each.cpu_percent),
                    memory_text(each.memory_bytes)});
  }
  return format_table({"UUID", "Name", "Status", "Nodes", "CPU", "Memory"}, rows);
}

int list(const CommandContext& context) {
  const auto options = parse_list_options(context.command);
  if (!options) {
    print_error(context.terminal, options.error().message);
    return exit_usage;
  }
  const auto address = daemon_address(context.command, context.environment);
  if (!address) {
    print_error(context.terminal, address.error().message);
    return exit_code_of(address.error());
  }
  auto survey = survey_dataflows(std::chrono::steady_clock::now() + 5s, address->only(),
                                 daemon::Usage::Measured);
  if (!survey) {
    print_error(context.terminal, survey.error().message);
    return exit_code_of(survey.error());
  }
  for (const Error& error : survey->errors)
    print_warning(context.terminal, error.message);
  select_and_sort(survey->dataflows, *options);
  std::string text;
  if (options->as_json || options->only_uuids) {
    for (const RunningDataflow& each : survey->dataflows)
      text += options->as_json ? to_json_line(each) : each.uuid + "\n";
  } else {
    text = to_table(survey->dataflows);
  }
  print_result(text);
  // Beside the table, whose columns scripts know.
  if (!options->as_json && !options->only_uuids && !context.terminal.is_quiet) {
    for (const RunningDataflow& each : survey->dataflows)
      print_notice(failure_lines(each));
  }
  return 0;
}

constexpr auto list_flags = join_flags(
    std::array{
        format_flag,
        json_flag,
        Flag{.name = "--status",
             .value = "STATUS",
             .help = "Only running, finished or failed ones",
             .takes = Flag::Takes::Value,
             .choices = "running|finished|failed"},
        Flag{.name = "--name",
             .value = "PATTERN",
             .help = "Only names that contain this, in any case",
             .takes = Flag::Takes::Value},
        Flag{.name = "--sort-by",
             .value = "KEY",
             .help = "cpu or memory",
             .takes = Flag::Takes::Value,
             .choices = "cpu|memory"},
        Flag{.name = "--uuids", .short_name = "-q", .help = "UUIDs only", .conflicts = "--format"},
    },
    coordinator_flags);

}  // namespace

constinit const Command list_command{
    .name = "list",
    .aliases = {"ps"},
    .group = Group::Look,
    .summary = "Show your dataflows, whichever terminal they run in",
    .flags = list_flags,
    .examples =
        "dora list\n"
        "dora ps --json",
    .run = list,
};

}  // namespace dora::cli

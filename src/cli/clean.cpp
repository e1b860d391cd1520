// SPDX-License-Identifier: Apache-2.0
// `dora clean`: forgets dataflows that are over.
#include <boost/json.hpp>
#include <fmt/format.h>

#include "cli/commands.hpp"
#include "cli/console_text.hpp"
#include "cli/control_client.hpp"
#include "cli/daemon_address.hpp"
#include "cli/shared_flags.hpp"
#include "cli/table.hpp"

namespace dora::cli {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

struct Cleaned {
  RunningDataflow dataflow;
  std::string error;  ///< empty: it is forgotten
};

std::string to_json_lines(const std::vector<Cleaned>& all) {
  std::string text;
  for (const Cleaned& each : all) {
    json::object line = {{"uuid", each.dataflow.uuid}, {"name", each.dataflow.name}};
    if (each.error.empty()) {
      line["status"] = each.dataflow.status;
    } else {
      line["error"] = each.error;
    }
    text += json::serialize(line) + "\n";
  }
  return text;
}

Result<int> clean_all(const CommandContext& context) {
  const DaemonAddress address = TRY(daemon_address(context.command, context.environment));
  const Survey survey =
      TRY(survey_dataflows(std::chrono::steady_clock::now() + 5s, address.only()));
  std::vector<Cleaned> all;
  for (const RunningDataflow& each : survey.dataflows) {
    if (each.is_running()) continue;
    const auto forgotten = ask_to_forget(each, std::chrono::steady_clock::now() + 5s);
    all.push_back({each, forgotten ? "" : forgotten.error().message});
  }
  std::size_t count = 0;
  std::vector<std::vector<std::string>> rows;
  std::string uuids;
  for (const Cleaned& each : all) {
    if (!each.error.empty()) {
      if (!wants_json(context.command))
        print_error(context.terminal, fmt::format("{}: {}", each.dataflow.uuid, each.error));
      continue;
    }
    ++count;
    uuids += each.dataflow.uuid + "\n";
    rows.push_back(
        {each.dataflow.uuid, terminal_safe(each.dataflow.name, false), each.dataflow.status});
  }
  if (wants_json(context.command)) {
    print_result(to_json_lines(all));
  } else if (context.command.has("--uuids")) {
    print_result(uuids);
  } else if (count > 0) {
    print_result(format_table({"UUID", "Name", "Status"}, rows));
  }
  if (!context.terminal.is_quiet) {
    print_notice(all.empty() ? "No finished or failed dataflows to clean.\n"
                             : fmt::format("Cleaned {} dataflow(s).\n", count));
  }
  return count == all.size() ? 0 : exit_failed;
}

int clean(const CommandContext& context) {
  const auto code = clean_all(context);
  if (code) return *code;
  print_error(context.terminal, code.error().message);
  return exit_code_of(code.error());
}

constexpr auto clean_flags = join_flags(
    std::array{
        format_flag, json_flag,
        Flag{.name = "--uuids", .short_name = "-q", .help = "UUIDs only", .conflicts = "--format"}},
    coordinator_flags);

}  // namespace

constinit const Command clean_command{
    .name = "clean",
    .group = Group::Look,
    .summary = "Forget dataflows that have finished or failed",
    .flags = clean_flags,
    .examples =
        "dora clean\n"
        "dora clean --json",
    .run = clean,
};

}  // namespace dora::cli

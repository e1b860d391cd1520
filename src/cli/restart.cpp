// SPDX-License-Identifier: Apache-2.0
// `dora restart`: stops a dataflow and starts the same one again.
#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/clock.hpp"
#include "cli/commands.hpp"
#include "cli/control_client.hpp"
#include "cli/daemon_address.hpp"
#include "cli/duration.hpp"
#include "cli/shared_flags.hpp"

namespace dora::cli {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;
using std::chrono::nanoseconds;

Result<> restart_one(const CommandContext& context) {
  const ParsedCommand& command = context.command;
  auto wanted = command.value("--name");
  if (!command.arguments().empty()) {
    if (wanted)
      return fail(ErrorKind::InvalidInput, "give the dataflow once: as argument or with --name");
    wanted = command.arguments().front();
  }
  std::optional<nanoseconds> grace;
  if (const auto text = command.value("--grace-duration")) grace = TRY(parse_duration(*text));
  const bool force = command.has("--force");
  const DaemonAddress address = TRY(daemon_address(command, context.environment));
  Survey survey = TRY(survey_dataflows(std::chrono::steady_clock::now() + 5s, address.only()));
  for (const Error& error : survey.errors)
    print_warning(context.terminal, error.message);
  std::erase_if(survey.dataflows, [](const RunningDataflow& each) { return !each.is_running(); });
  const RunningDataflow old = TRY(choose_dataflow(survey.dataflows, wanted));
  const nanoseconds patience = patience_for_end(grace, force);
  auto started = ask_to_restart(old, grace, force, std::chrono::steady_clock::now() + patience);
  if (!started && started.error().kind == ErrorKind::TimedOut) {
    return fail(ErrorKind::TimedOut,
                fmt::format("it has not ended after {}: `dora restart {} --force` kills its nodes",
                            format_duration(patience), old.uuid));
  }
  if (!started) return std::unexpected(started.error());
  if (command.has("--json")) {
    const json::value answer = {
        {"uuid", started->uuid}, {"old_uuid", old.uuid}, {"name", started->name}};
    print_result(json::serialize(answer) + "\n");
  } else {
    print_result(fmt::format("dataflow restarted: {} -> {}\n", old.uuid, started->uuid));
  }
  return {};
}

int restart(const CommandContext& context) {
  const auto restarted = restart_one(context);
  if (restarted) return 0;
  print_error(context.terminal, restarted.error().message);
  return exit_code_of(restarted.error());
}

constexpr auto restart_flags = join_flags(
    ending_flags, std::array{Flag{.name = "--json", .help = "Answer in JSON"}}, coordinator_flags);

}  // namespace

constinit const Command restart_command{
    .name = "restart",
    .group = Group::Run,
    .summary = "Stop a running dataflow and start it again under a new UUID",
    .arguments = {{{"NAME_OR_UUID", "May be left out when only one is running",
                    Argument::Takes::Optional, Complete::Dataflows}}},
    .flags = restart_flags,
    .examples =
        "dora restart\n"
        "dora restart hello --grace-duration 2s",
    .run = restart,
};

}  // namespace dora::cli

// SPDX-License-Identifier: Apache-2.0
// `dora stop`: ends dataflows of this user, whichever dora runs them, and waits for their end.
#include <algorithm>
#include <future>
#include <optional>
#include <string>
#include <thread>
#include <vector>

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

struct StopWish {
  std::optional<std::string> wanted;
  bool is_all = false;
  bool is_forced = false;
  bool as_json = false;
  std::optional<nanoseconds> grace;
  nanoseconds timeout{};
};

Result<StopWish> parse_stop_wish(const ParsedCommand& command) {
  StopWish wish;
  if (!command.arguments().empty()) wish.wanted = command.arguments().front();
  if (const auto name = command.value("--name")) {
    if (wish.wanted)
      return fail(ErrorKind::InvalidInput, "give the dataflow once: as argument or with --name");
    wish.wanted = name;
  }
  wish.is_all = command.has("--all");
  if (wish.is_all && wish.wanted)
    return fail(ErrorKind::InvalidInput, "`--all` stops every dataflow: name none beside it");
  wish.is_forced = command.has("--force");
  wish.as_json = command.has("--json");
  if (const auto grace = command.value("--grace-duration"))
    wish.grace = TRY(parse_duration(*grace));
  wish.timeout = patience_for_end(wish.grace, wish.is_forced);
  if (const auto timeout = command.value("--timeout")) wish.timeout = TRY(parse_duration(*timeout));
  return wish;
}

std::string shown(const RunningDataflow& dataflow) {
  return dataflow.name.empty() ? dataflow.uuid
                               : fmt::format("{} ({})", dataflow.name, dataflow.uuid);
}

const RunningDataflow* find_by_uuid(const Survey& survey, const std::string& uuid) {
  for (const RunningDataflow& each : survey.dataflows)
    if (each.uuid == uuid && each.status == "Running") return &each;
  return nullptr;
}

// Tells now and then who has not ended yet.
Result<StopResult> stop_and_tell(const RunningDataflow& dataflow, const StopWish& wish,
                                 const Terminal& terminal) {
  const Deadline deadline = std::chrono::steady_clock::now() + wish.timeout;
  auto answer = std::async(std::launch::async, [&] {
    return ask_to_stop(dataflow, wish.grace, wish.is_forced, deadline);
  });
  for (auto pause = 1000ms; answer.wait_for(pause) != std::future_status::ready; pause = 5000ms) {
    const auto survey = survey_dataflows(std::chrono::steady_clock::now() + 1s);
    const RunningDataflow* still = survey ? find_by_uuid(*survey, dataflow.uuid) : nullptr;
    if (still == nullptr || terminal.is_quiet) continue;
    print_notice(fmt::format("waiting for {} of {}\n", fmt::join(still->running_nodes, ", "),
                             shown(dataflow)));
  }
  auto result = answer.get();
  if (result || result.error().kind == ErrorKind::NotFound) return result;
  const auto survey = survey_dataflows(std::chrono::steady_clock::now() + 2s);
  const RunningDataflow* still = survey ? find_by_uuid(*survey, dataflow.uuid) : nullptr;
  if (survey && still == nullptr) {
    const auto over = std::ranges::find(survey->dataflows, dataflow.uuid, &RunningDataflow::uuid);
    if (over != survey->dataflows.end()) return StopResult{over->status == "Failed", over->summary};
    // A `dora run` may end faster than it can answer. One in the background answers, or was killed.
    if (dataflow.instance.kind == "run") return StopResult{};
    return fail(
        ErrorKind::Disconnected,
        fmt::format("lost {} while it stopped {}: {}; its nodes have ended with it, and the "
                    "next `dora up` tells what it ran",
                    dataflow.instance.description, shown(dataflow), result.error().message));
  }
  if (still == nullptr || result.error().kind != ErrorKind::TimedOut) return result;
  return fail(ErrorKind::TimedOut,
              fmt::format("{} has not ended after {}: it waits for {}; `dora stop {} --force` "
                          "kills its nodes",
                          shown(dataflow), format_duration(wish.timeout),
                          fmt::join(still->running_nodes, ", "), dataflow.uuid));
}

// Returns the exit code.
int stop_one(const RunningDataflow& dataflow, const StopWish& wish, const Terminal& terminal) {
  const auto result = stop_and_tell(dataflow, wish, terminal);
  if (!result) {
    print_error(terminal, result.error().message);
    return exit_code_of(result.error());
  }
  if (wish.as_json) {
    const json::value line = {{"uuid", dataflow.uuid},
                              {"name", dataflow.name},
                              {"status", result->is_failure ? "Failed" : "Finished"},
                              {"summary", result->summary}};
    print_result(json::serialize(line) + "\n");
  }
  if (result->is_failure) {
    print_notice(fmt::format("Dataflow {} failed:\n\n{}\n", dataflow.uuid, result->summary));
    return exit_failed;
  }
  if (!wish.as_json && !wish.is_all && !terminal.is_quiet)
    print_result(fmt::format("Stopped {}.\n", shown(dataflow)));
  return 0;
}

int stop_all(const std::vector<RunningDataflow>& dataflows, const StopWish& wish,
             const Terminal& terminal) {
  if (dataflows.empty()) {
    if (!wish.as_json) print_result("No dataflows are running.\n");
    return 0;
  }
  std::vector<std::future<int>> ends;
  ends.reserve(dataflows.size());
  for (const RunningDataflow& each : dataflows)
    ends.push_back(std::async(std::launch::async, [&] { return stop_one(each, wish, terminal); }));
  int worst = 0;
  std::size_t stopped = 0;
  for (auto& end : ends) {
    const int code = end.get();
    if (code == 0 || code == exit_failed) ++stopped;
    worst = worst == 0 ? code : worst;
  }
  if (!wish.as_json) print_result(fmt::format("Stopped {} dataflow(s).\n", stopped));
  return worst;
}

int stop(const CommandContext& context) {
  const auto wish = parse_stop_wish(context.command);
  if (!wish) {
    print_error(context.terminal, wish.error().message);
    return exit_usage;
  }
  const auto address = daemon_address(context.command, context.environment);
  if (!address) {
    print_error(context.terminal, address.error().message);
    return exit_code_of(address.error());
  }
  auto survey = survey_dataflows(std::chrono::steady_clock::now() + 5s, address->only());
  if (!survey) {
    print_error(context.terminal, survey.error().message);
    return exit_code_of(survey.error());
  }
  for (const Error& error : survey->errors)
    print_warning(context.terminal, error.message);
  std::erase_if(survey->dataflows,
                [](const RunningDataflow& each) { return each.status != "Running"; });
  if (survey->dataflows.empty() && !survey->errors.empty()) {
    print_error(context.terminal,
                "it is not known what runs there: a dora that does not answer can be ended with "
                "`kill -9` and its pid, and its nodes end with it");
    return exit_unreachable;
  }
  if (wish->is_all) return stop_all(survey->dataflows, *wish, context.terminal);
  if (!wish->wanted && survey->dataflows.empty()) {
    if (!wish->as_json)
      print_result("No dataflows are running. Use `dora list` to check dataflow status.\n");
    return 0;
  }
  const auto chosen = choose_dataflow(survey->dataflows, wish->wanted);
  if (!chosen) {
    print_error(context.terminal, chosen.error().message);
    return exit_code_of(chosen.error());
  }
  return stop_one(*chosen, *wish, context.terminal);
}

constexpr auto stop_flags = join_flags(
    std::array{
        Flag{.name = "--all", .short_name = "-a", .help = "Stop every dataflow of yours"},
    },
    ending_flags,
    std::array{
        Flag{.name = "--json", .help = "Answer in JSON Lines"},
        Flag{.name = "--timeout",
             .value = "DUR",
             .help = "Give up waiting after this [grace period and half of it, and 10s]",
             .takes = Flag::Takes::Value},
    },
    coordinator_flags);

}  // namespace

constinit const Command stop_command{
    .name = "stop",
    .group = Group::Run,
    .summary = "Stop a running dataflow and wait until it has ended",
    .arguments = {{{"NAME_OR_UUID", "May be left out when only one is running",
                    Argument::Takes::Optional, Complete::Dataflows}}},
    .flags = stop_flags,
    .examples =
        "dora stop\n"
        "dora stop hello --grace-duration 2s\n"
        "dora stop --all --force",
    .run = stop,
};

}  // namespace dora::cli

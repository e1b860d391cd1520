// SPDX-License-Identifier: Apache-2.0
// `dora node stop` and `dora node restart`: one node of a dataflow that goes on without it.
#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/clock.hpp"
#include "cli/attached_screen.hpp"
#include "cli/control_request.hpp"
#include "cli/running_node.hpp"
#include "cli/shared_flags.hpp"

namespace dora::cli {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;
using std::chrono::nanoseconds;

constexpr nanoseconds node_stop_grace = 10s;

void tell_ending(const CommandContext& context, const RunningDataflow& dataflow,
                 const std::string& node, std::string_view status, const std::string& text) {
  if (context.command.has("--json")) {
    const json::value answer = {{"node", node}, {"dataflow", dataflow.uuid}, {"status", status}};
    print_result(json::serialize(answer) + "\n");
  } else {
    print_result(text + "\n");
  }
}

Result<> stop_node(const CommandContext& context) {
  const std::string& node = context.command.arguments().front();
  const nanoseconds grace = TRY(grace_of(context, node_stop_grace));
  const RunningDataflow dataflow = TRY(running_dataflow(context));
  const nanoseconds patience = patience_for_end(grace, false);
  const auto answer =
      ask(dataflow.instance,
          {"POST", path_of_node(dataflow.uuid, node, "/stop"), stop_body(grace, false)},
          std::chrono::steady_clock::now() + patience);
  if (!answer && answer.error().kind == ErrorKind::TimedOut) {
    return fail(ErrorKind::TimedOut,
                fmt::format("node `{}` has not ended after {}", node, format_duration(patience)));
  }
  if (!answer) return std::unexpected(answer.error());
  tell_ending(context, dataflow, node, "stopped", fmt::format("Node `{}` stopped", node));
  return {};
}

Result<> restart_node(const CommandContext& context) {
  const std::string& node = context.command.arguments().front();
  const nanoseconds grace = TRY(grace_of(context, node_restart_grace));
  const RunningDataflow dataflow = TRY(running_dataflow(context));
  TRY(ask(dataflow.instance,
          {"POST", path_of_node(dataflow.uuid, node, "/restart"), stop_body(grace, false)},
          std::chrono::steady_clock::now() + 5s));
  tell_ending(context, dataflow, node, "restarting",
              fmt::format("Node `{}` restart initiated", node));
  return {};
}

constexpr auto node_stop_flags = join_flags(
    std::array{dataflow_flag, grace_flag("Time that the node has to end [10s]"), answer_in_json},
    coordinator_flags);

constexpr auto node_restart_flags = join_flags(
    std::array{dataflow_flag, grace_flag("Time that the node has to end [5s]"), answer_in_json},
    coordinator_flags);

}  // namespace

constinit const Command node_stop_command{
    .name = "node stop",
    .group = Group::Look,
    .summary = "Stop one node of a running dataflow, and wait until it has ended",
    .arguments = {{node_argument}},
    .flags = node_stop_flags,
    .description =
        "The node gets STOP, after the grace period SIGTERM, and half of it later "
        "SIGKILL. It is not started again, whatever its `restart_policy`; its outputs "
        "close, and the dataflow goes on.",
    .examples = "dora node stop camera --grace 2s",
    .run = [](const CommandContext& context) { return finish(context, stop_node(context)); },
};

constinit const Command node_restart_command{
    .name = "node restart",
    .group = Group::Look,
    .summary = "Stop one node of a running dataflow and start it again",
    .arguments = {{node_argument}},
    .flags = node_restart_flags,
    .description =
        "Whatever its `restart_policy`. It counts towards `max_restarts`. Its outputs "
        "stay open; those who listen to it get NODE_RESTARTED. The command does not "
        "wait for the new process.",
    .examples = "dora node restart camera -d hello",
    .run = [](const CommandContext& context) { return finish(context, restart_node(context)); },
};

}  // namespace dora::cli

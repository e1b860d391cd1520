// SPDX-License-Identifier: Apache-2.0
// `dora node add`, `remove`, `replace`, `connect` and `disconnect`: a dataflow changed while it
// runs.
#include <filesystem>
#include <optional>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "cli/control_request.hpp"
#include "cli/duration.hpp"
#include "cli/running_node.hpp"
#include "cli/shared_flags.hpp"

namespace dora::cli {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;
using std::chrono::nanoseconds;

constexpr nanoseconds remove_grace = 10s;
constexpr nanoseconds replace_grace = 5s;
/// For a daemon to read a definition, which may include asking uv.
constexpr auto definition_patience = 60s;

Result<std::string> definition_of(const CommandContext& context) {
  const auto given = context.command.value("--from-yaml");
  if (!given) {
    return fail(ErrorKind::InvalidInput,
                "`--from-yaml FILE` is missing: the definition of one node, as below `nodes:`");
  }
  std::error_code error;
  const auto file = std::filesystem::absolute(*given, error);
  if (error) return fail(ErrorKind::Failed, fmt::format("finding {}: {}", *given, error.message()));
  return file.string();
}

void tell_change(const CommandContext& context, json::object answer, const std::string& text) {
  print_result((context.command.has("--json") ? json::serialize(answer) : text) + "\n");
}

/// Asks for what takes a definition. Returns the exit code.
template <typename Tell>
Result<int> ask_with_definition(const CommandContext& context, const RunningDataflow& dataflow,
                                const transport::HttpRequest& request, nanoseconds patience,
                                const Tell& tell_answer) {
  const auto answer = ask(dataflow.instance, request, std::chrono::steady_clock::now() + patience);
  if (answer) {
    tell_answer(*answer);
    return 0;
  }
  if (answer.error().kind != ErrorKind::InvalidInput) return std::unexpected(answer.error());
  // What is wrong in a file comes as diagnostics, which begin with their own word.
  if (answer.error().message.starts_with("error["))
    print_notice(answer.error().message);
  else
    print_error(context.terminal, answer.error().message);
  return exit_invalid_dataflow;
}

int finish_definition(const CommandContext& context, const Result<int>& code) {
  return code ? *code : finish(context, std::unexpected(code.error()));
}

Result<int> add_node(const CommandContext& context) {
  const std::string file = TRY(definition_of(context));
  const RunningDataflow dataflow = TRY(running_dataflow(context));
  const json::value body = {{"file", file}};
  return ask_with_definition(
      context, dataflow, {"POST", path_of(dataflow.uuid, "/nodes"), json::serialize(body)},
      definition_patience, [&](const json::object& answer) {
        const std::string node = string_at(answer, "node");
        tell_change(context, {{"node", node}, {"dataflow", dataflow.uuid}},
                    fmt::format("Node `{}` added to dataflow {}", node, dataflow.uuid));
      });
}

Result<int> replace_node(const CommandContext& context) {
  const std::string& node = context.command.arguments().front();
  const std::string file = TRY(definition_of(context));
  const nanoseconds grace = TRY(grace_of(context, replace_grace));
  const RunningDataflow dataflow = TRY(running_dataflow(context));
  const json::value body = {{"file", file},
                            {"grace_seconds", std::chrono::duration<double>(grace).count()}};
  return ask_with_definition(
      context, dataflow, {"PUT", path_of_node(dataflow.uuid, node, ""), json::serialize(body)},
      grace * 3 / 2 + definition_patience, [&](const json::object&) {
        tell_change(context, {{"node", node}, {"dataflow", dataflow.uuid}},
                    fmt::format("Node `{}` replaced in dataflow {}", node, dataflow.uuid));
      });
}

Result<> remove_node(const CommandContext& context) {
  const std::string& node = context.command.arguments().front();
  const nanoseconds grace = TRY(grace_of(context, remove_grace));
  const RunningDataflow dataflow = TRY(running_dataflow(context));
  TRY(ask(dataflow.instance,
          {"DELETE", path_of_node(dataflow.uuid, node, ""), stop_body(grace, false)},
          std::chrono::steady_clock::now() + patience_for_end(grace, false)));
  tell_change(context, {{"node", node}, {"dataflow", dataflow.uuid}},
              fmt::format("Node `{}` removed from dataflow {}", node, dataflow.uuid));
  return {};
}

Result<> change_connection(const CommandContext& context, const char* method, const char* arrow) {
  const auto& arguments = context.command.arguments();
  const RunningDataflow dataflow = TRY(running_dataflow(context));
  const json::object connection{{"output", arguments[0]}, {"input", arguments[1]}};
  TRY(ask(dataflow.instance,
          {method, path_of(dataflow.uuid, "/connections"), json::serialize(connection)},
          std::chrono::steady_clock::now() + 5s));
  tell_change(context, connection, fmt::format("{} {} {}", arguments[0], arrow, arguments[1]));
  return {};
}

constexpr Flag definition_flag{.name = "--from-yaml",
                               .value = "FILE",
                               .help = "The definition of one node",
                               .takes = Flag::Takes::Value,
                               .complete = Complete::Files};

constexpr auto node_add_flags =
    join_flags(std::array{dataflow_flag, definition_flag, answer_in_json}, coordinator_flags);
constexpr auto node_remove_flags = join_flags(
    std::array{dataflow_flag, grace_flag("Time that the node has to end [10s]"), answer_in_json},
    coordinator_flags);
constexpr auto node_replace_flags =
    join_flags(std::array{dataflow_flag, definition_flag,
                          grace_flag("Time that the old process has to end [5s]"), answer_in_json},
               coordinator_flags);
constexpr auto connection_flags =
    join_flags(std::array{dataflow_flag, answer_in_json}, coordinator_flags);

constexpr Argument output_argument{"NODE/OUTPUT", "Who sends", Argument::Takes::One,
                                   Complete::Outputs};
constexpr Argument input_argument{"NODE/INPUT", "Who receives", Argument::Takes::One,
                                  Complete::Inputs};

}  // namespace

constinit const Command node_add_command{
    .name = "node add",
    .group = Group::Look,
    .summary = "Add a node to a running dataflow",
    .flags = node_add_flags,
    .description =
        "FILE holds what would stand below `nodes:` in the dataflow. The node starts at "
        "once, its inputs are connected at once, and nobody waits for it.",
    .examples = "dora node add --from-yaml recorder.yml -d hello",
    .run =
        [](const CommandContext& context) { return finish_definition(context, add_node(context)); },
};

constinit const Command node_remove_command{
    .name = "node remove",
    .group = Group::Look,
    .summary = "Stop a node of a running dataflow and forget it",
    .arguments = {{node_argument}},
    .flags = node_remove_flags,
    .description =
        "Its outputs close for those who read them. A start that waited for it waits no "
        "more.",
    .examples = "dora node remove recorder",
    .run = [](const CommandContext& context) { return finish(context, remove_node(context)); },
};

constinit const Command node_replace_command{
    .name = "node replace",
    .group = Group::Look,
    .summary = "Give a node of a running dataflow another program",
    .arguments = {{node_argument}},
    .flags = node_replace_flags,
    .description =
        "FILE holds a definition with the same id, the same inputs (or none: they are "
        "kept) and at least the outputs that others read. The new program is looked for "
        "before the old one is stopped; those who listen to the node keep their inputs "
        "and get NODE_RESTARTED. The command waits until the new program runs.",
    .examples = "dora node replace detector --from-yaml detector-2.yml",
    .run =
        [](const CommandContext& context) {
          return finish_definition(context, replace_node(context));
        },
};

constinit const Command node_connect_command{
    .name = "node connect",
    .group = Group::Look,
    .summary = "Connect an output to an input of a running dataflow",
    .arguments = {{output_argument, input_argument}},
    .flags = connection_flags,
    .description =
        "The input may be a new one: the node then gets INPUT events with its id. One "
        "that is fed already gets the messages of both outputs, in the order of their "
        "sending, and closes when both have closed.",
    .examples = "dora node connect camera/image recorder/image",
    .run =
        [](const CommandContext& context) {
          return finish(context, change_connection(context, "POST", "->"));
        },
};

constinit const Command node_disconnect_command{
    .name = "node disconnect",
    .group = Group::Look,
    .summary = "Cut a connection of a running dataflow",
    .arguments = {{output_argument, input_argument}},
    .flags = connection_flags,
    .description =
        "What waits in the queue is counted as dropped; the receiving node gets INPUT_CLOSED.",
    .examples = "dora node disconnect camera/image recorder/image",
    .run =
        [](const CommandContext& context) {
          return finish(context, change_connection(context, "DELETE", "-x-"));
        },
};

}  // namespace dora::cli

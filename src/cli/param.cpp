// SPDX-License-Identifier: Apache-2.0
// `dora param`: values that a running node is told of as they change.
#include <boost/json.hpp>
#include <fmt/format.h>

#include "cli/console_text.hpp"
#include "cli/control_request.hpp"
#include "cli/pretty_json.hpp"
#include "cli/running_node.hpp"
#include "cli/shared_flags.hpp"
#include "daemon/json_text.hpp"

namespace dora::cli {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

constexpr std::size_t longest_parameter_key = 256;
constexpr std::size_t longest_parameter_value = 65'536;

Result<json::object> ask_about(const CommandContext& context, const char* method,
                               std::string_view action, std::string body = "") {
  const RunningDataflow dataflow = TRY(running_dataflow(context));
  const std::string& node = context.command.arguments().front();
  return ask(dataflow.instance,
             {method, path_of_node(dataflow.uuid, node, action), std::move(body)},
             std::chrono::steady_clock::now() + 5s);
}

/// The second argument, as part of a path.
Result<std::string> key_path(const CommandContext& context) {
  const std::string& key = context.command.arguments()[1];
  if (key.empty() || key.size() > longest_parameter_key) {
    return fail(ErrorKind::InvalidInput,
                fmt::format("the key of a parameter has 1 to {} bytes, this one has {}",
                            longest_parameter_key, key.size()));
  }
  return "/parameters/" + percent_encoded(key);
}

const json::value& value_of_answer(const json::object& answer) {
  static const json::value nothing;
  const json::value* value = answer.if_contains("value");
  return value == nullptr ? nothing : *value;
}

Result<> list_parameters(const CommandContext& context) {
  const json::object answer = TRY(ask_about(context, "GET", "/parameters"));
  const json::value* parameters = answer.if_contains("parameters");
  const json::object none;
  const json::object& object =
      parameters != nullptr && parameters->is_object() ? parameters->get_object() : none;
  const std::string node = terminal_safe(context.command.arguments().front(), false);
  if (wants_json(context.command)) {
    print_result(pretty_json(object));
  } else if (object.empty()) {
    print_result(fmt::format("No parameters set for node `{}`\n", node));
  } else {
    std::string text = fmt::format("Parameters for node `{}`:\n", node);
    for (const auto& [key, value] : object)
      text += fmt::format("  {} = {}\n", terminal_safe(std::string(key), false),
                          terminal_safe(daemon::to_json_text(value), false));
    print_result(text);
  }
  return {};
}

Result<> get_parameter(const CommandContext& context) {
  const std::string path = TRY(key_path(context));
  const json::object answer = TRY(ask_about(context, "GET", path));
  print_result(daemon::to_json_text(value_of_answer(answer)) + "\n");
  return {};
}

Result<> set_parameter(const CommandContext& context) {
  const std::string path = TRY(key_path(context));
  const auto& arguments = context.command.arguments();
  boost::system::error_code error;
  const json::value value = json::parse(arguments[2], error);
  if (error) {
    return fail(ErrorKind::InvalidInput,
                fmt::format("`{}` is no JSON: a text needs quotes of its own, as in '\"{}\"'",
                            terminal_safe(arguments[2].substr(0, 100), false),
                            terminal_safe(arguments[2].substr(0, 100), false)));
  }
  const std::string text = daemon::to_json_text(value);
  if (text.size() > longest_parameter_value) {
    return fail(ErrorKind::InvalidInput,
                fmt::format("the value of a parameter has at most {} bytes, this one has {}",
                            longest_parameter_value, text.size()));
  }
  const json::object answer = TRY(ask_about(context, "PUT", path, text));
  if (context.command.has("--json")) {
    const json::value told = {
        {"node", arguments[0]}, {"key", arguments[1]}, {"value", value_of_answer(answer)}};
    print_result(daemon::to_json_text(told) + "\n");
  } else {
    print_result(fmt::format("Set `{}` = {} on node `{}`\n", terminal_safe(arguments[1], false),
                             terminal_safe(text, false), terminal_safe(arguments[0], false)));
  }
  return {};
}

Result<> remove_parameter(const CommandContext& context) {
  const std::string path = TRY(key_path(context));
  const auto& arguments = context.command.arguments();
  TRY(ask_about(context, "DELETE", path));
  if (context.command.has("--json")) {
    const json::value told = {{"node", arguments[0]}, {"key", arguments[1]}, {"deleted", true}};
    print_result(daemon::to_json_text(told) + "\n");
  } else {
    print_result(fmt::format("Deleted `{}` from node `{}`\n", terminal_safe(arguments[1], false),
                             terminal_safe(arguments[0], false)));
  }
  return {};
}

constexpr Argument key_argument{"KEY", "At most 256 bytes", Argument::Takes::One,
                                Complete::Parameters};

constexpr auto param_list_flags = join_flags(std::array{dataflow_flag,
                                                        Flag{.name = "--format",
                                                             .short_name = "-f",
                                                             .value = "FORMAT",
                                                             .help = "table, or json: one map",
                                                             .takes = Flag::Takes::Value,
                                                             .choices = "table|json"},
                                                        json_flag},
                                             coordinator_flags);
constexpr auto param_flags =
    join_flags(std::array{dataflow_flag, answer_in_json}, coordinator_flags);

}  // namespace

constinit const Command param_list_command{
    .name = "param list",
    .group = Group::Look,
    .summary = "Show the parameters of a running node",
    .arguments = {{node_argument}},
    .flags = param_list_flags,
    .examples = "dora param list detector",
    .run = [](const CommandContext& context) { return finish(context, list_parameters(context)); },
};

constinit const Command param_get_command{
    .name = "param get",
    .group = Group::Look,
    .summary = "Show one parameter of a running node, as JSON",
    .arguments = {{node_argument, key_argument}},
    .flags = param_flags,
    .examples = "dora param get detector threshold",
    .run = [](const CommandContext& context) { return finish(context, get_parameter(context)); },
};

constinit const Command param_set_command{
    .name = "param set",
    .group = Group::Look,
    .summary = "Set a parameter of a running node, which gets PARAM_UPDATE",
    .arguments = {{node_argument, key_argument, {"VALUE", "JSON, at most 64 KiB"}}},
    .flags = param_flags,
    .description =
        "The node's event has the key as `id` and the value as `value`. A node that is "
        "restarted is told all its parameters again.",
    .examples =
        "dora param set detector threshold 0.5\n"
        "dora param set detector classes '[\"person\", \"car\"]'",
    .run = [](const CommandContext& context) { return finish(context, set_parameter(context)); },
};

constinit const Command param_delete_command{
    .name = "param delete",
    .group = Group::Look,
    .summary = "Delete a parameter of a running node, which gets PARAM_DELETED",
    .arguments = {{node_argument, key_argument}},
    .flags = param_flags,
    .examples = "dora param delete detector threshold",
    .run = [](const CommandContext& context) { return finish(context, remove_parameter(context)); },
};

}  // namespace dora::cli

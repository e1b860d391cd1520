// SPDX-License-Identifier: Apache-2.0
// The part of the control interface that is about single nodes and their parameters.
#include <optional>
#include <utility>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/spelling.hpp"
#include "daemon/control_api.hpp"
#include "daemon/control_json.hpp"
#include "daemon/json_text.hpp"

namespace dora::daemon {
namespace {

namespace json = boost::json;

constexpr std::size_t longest_parameter_key = 256;
constexpr std::size_t longest_parameter_value = 65'536;

json::value seconds_or_null(const std::optional<std::chrono::nanoseconds>& time) {
  if (!time) return {};
  return static_cast<double>(time->count()) / 1e9;
}

Result<> check_parameter_key(const std::string& key) {
  if (key.size() <= longest_parameter_key && key.find('\0') == std::string::npos) return {};
  return fail(
      ErrorKind::InvalidInput,
      fmt::format("the key of a parameter has at most {} bytes and no NUL", longest_parameter_key));
}

/// The body as JSON text without needless spaces.
Result<std::string> parse_parameter(std::string_view body) {
  boost::system::error_code error;
  const json::value value = json::parse(json::string_view(body.data(), body.size()), error);
  if (error) {
    return fail(ErrorKind::InvalidInput,
                fmt::format("the value of a parameter must be JSON ({}): a text needs quotes, "
                            "'\"like this\"'",
                            error.message()));
  }
  std::string text = to_json_text(value);
  if (text.size() > longest_parameter_value) {
    return fail(ErrorKind::InvalidInput,
                fmt::format("the value of a parameter has at most {} bytes, this one has {}",
                            longest_parameter_value, text.size()));
  }
  return text;
}

/// Answers `{}`, or what went wrong.
std::function<void(Result<>)> answer_done(ControlApi::Reply reply) {
  return [reply = std::move(reply)](const Result<>& done) {
    reply(done ? json_response(json::object()) : error_response(done.error()));
  };
}

/// JSON that is ours already.
json::value parameter_value(const std::string& text) {
  boost::system::error_code error;
  json::value value = json::parse(text, error);
  return error ? json::value(text) : value;
}

}  // namespace

json::value to_json(const NodeDescription& node) {
  json::array outputs;
  for (const NodeDescription::Output& output : node.outputs)
    outputs.push_back({{"id", output.id}, {"subscribers", json::value_from(output.subscribers)}});
  json::array inputs;
  for (const NodeDescription::Input& input : node.inputs)
    inputs.push_back({{"id", input.id}, {"source", input.source}});
  json::value object = to_json(node.info);
  json::object& told = object.get_object();
  told["dataflow"] = node.dataflow_id;
  told["name"] = node.name ? json::value(*node.name) : json::value();
  told["description"] = node.description ? json::value(*node.description) : json::value();
  told["path"] = node.path;
  told["outputs"] = std::move(outputs);
  told["inputs"] = std::move(inputs);
  told["restart_policy"] = to_string(node.restart.policy);
  told["max_restarts"] = node.restart.max_restarts;
  told["restart_delay"] = seconds_or_null(node.restart.delay);
  told["health_check_timeout"] = seconds_or_null(node.health_check_timeout);
  told["finish_grace_secs"] = seconds_or_null(node.finish_grace);
  told["pending_messages"] = node.pending_messages;
  return object;
}

void ControlApi::list_nodes(Call& call) const {
  const auto id = find(call.names.front());
  if (!id) return call.reply(error_response(id.error()));
  json::array nodes;
  for (const DataflowStatus& dataflow : target_.dataflows(Usage::Measured)) {
    if (dataflow.run.id != *id) continue;
    for (const NodeInfo& node : dataflow.run.nodes)
      nodes.push_back(daemon::to_json(node));
  }
  call.reply(json_response({{"dataflow", *id}, {"nodes", std::move(nodes)}}));
}

void ControlApi::show_node(Call& call) const {
  const auto id = find(call.names[0]);
  if (!id) return call.reply(error_response(id.error()));
  const auto node = target_.describe_node(*id, call.names[1]);
  call.reply(node ? json_response(daemon::to_json(*node)) : error_response(node.error()));
}

void ControlApi::stop_node(Call& call) const {
  const auto options = parse_stop_options(call.body);
  if (!options) return call.reply(error_response(options.error()));
  const auto id = find(call.names[0]);
  if (!id) return call.reply(error_response(id.error()));
  target_.stop_node(*id, call.names[1], *options, answer_done(std::move(call.reply)));
}

void ControlApi::restart_node(Call& call) const {
  const auto options = parse_stop_options(call.body);
  if (!options) return call.reply(error_response(options.error()));
  const auto id = find(call.names[0]);
  if (!id) return call.reply(error_response(id.error()));
  const auto restarted = target_.restart_node(*id, call.names[1], *options);
  call.reply(restarted ? json_response(json::object()) : error_response(restarted.error()));
}

void ControlApi::add_node(Call& call) const {
  const auto definition = parse_node_definition(call.body);
  if (!definition) return call.reply(error_response(definition.error()));
  const auto id = find(call.names[0]);
  if (!id) return call.reply(error_response(id.error()));
  target_.add_node(
      *id, definition->file, [reply = std::move(call.reply)](const Result<std::string>& added) {
        reply(added ? json_response({{"node", *added}}) : error_response(added.error()));
      });
}

void ControlApi::remove_node(Call& call) const {
  const auto options = parse_stop_options(call.body);
  if (!options) return call.reply(error_response(options.error()));
  const auto id = find(call.names[0]);
  if (!id) return call.reply(error_response(id.error()));
  target_.remove_node(*id, call.names[1], *options, answer_done(std::move(call.reply)));
}

void ControlApi::replace_node(Call& call) const {
  const auto definition = parse_node_definition(call.body);
  if (!definition) return call.reply(error_response(definition.error()));
  const auto id = find(call.names[0]);
  if (!id) return call.reply(error_response(id.error()));
  target_.replace_node(*id, call.names[1], definition->file, definition->stop,
                       answer_done(std::move(call.reply)));
}

void ControlApi::connect(Call& call) const {
  const auto connection = parse_connection(call.body);
  if (!connection) return call.reply(error_response(connection.error()));
  const auto id = find(call.names[0]);
  if (!id) return call.reply(error_response(id.error()));
  answer_done(std::move(call.reply))(target_.connect(*id, connection->output, connection->input));
}

void ControlApi::disconnect(Call& call) const {
  const auto connection = parse_connection(call.body);
  if (!connection) return call.reply(error_response(connection.error()));
  const auto id = find(call.names[0]);
  if (!id) return call.reply(error_response(id.error()));
  answer_done(std::move(call.reply))(
      target_.disconnect(*id, connection->output, connection->input));
}

void ControlApi::list_parameters(Call& call) const {
  const auto id = find(call.names[0]);
  if (!id) return call.reply(error_response(id.error()));
  const auto parameters = target_.parameters(*id, call.names[1]);
  if (!parameters) return call.reply(error_response(parameters.error()));
  json::object object;
  for (const auto& [key, value] : *parameters)
    object[key] = parameter_value(value);
  call.reply(json_response({{"parameters", std::move(object)}}));
}

void ControlApi::show_parameter(Call& call) const {
  const auto id = find(call.names[0]);
  if (!id) return call.reply(error_response(id.error()));
  const auto parameters = target_.parameters(*id, call.names[1]);
  if (!parameters) return call.reply(error_response(parameters.error()));
  const auto found = parameters->find(call.names[2]);
  if (found == parameters->end()) {
    std::vector<std::string> keys;
    for (const auto& [key, value] : *parameters)
      keys.push_back(key);
    const auto near = closest_match(call.names[2], keys);
    return call.reply(error_response(
        {ErrorKind::NotFound,
         fmt::format("node `{}` has no parameter `{}`{}", call.names[1], call.names[2],
                     near ? fmt::format(", did you mean `{}`?", *near) : "")}));
  }
  call.reply(json_response({{"value", parameter_value(found->second)}}));
}

void ControlApi::set_parameter(Call& call) const {
  if (const auto checked = check_parameter_key(call.names[2]); !checked)
    return call.reply(error_response(checked.error()));
  auto value = parse_parameter(call.body);
  if (!value) return call.reply(error_response(value.error()));
  const auto id = find(call.names[0]);
  if (!id) return call.reply(error_response(id.error()));
  target_.set_parameter(*id, call.names[1], call.names[2], *value,
                        [value = *value, reply = std::move(call.reply)](const Result<>& set) {
                          reply(set ? json_response({{"value", parameter_value(value)}})
                                    : error_response(set.error()));
                        });
}

void ControlApi::delete_parameter(Call& call) const {
  const auto id = find(call.names[0]);
  if (!id) return call.reply(error_response(id.error()));
  target_.set_parameter(*id, call.names[1], call.names[2], std::nullopt,
                        answer_done(std::move(call.reply)));
}

}  // namespace dora::daemon

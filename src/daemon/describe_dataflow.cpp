// SPDX-License-Identifier: Apache-2.0
// The dataflow as nodes see it: JSON with the names of the YAML.
#include <boost/json.hpp>

#include "daemon/plan_run.hpp"

namespace dora::daemon {
namespace {

namespace json = boost::json;
using dataflow::Dataflow;
using dataflow::Node;
using dataflow::NodeKind;

double seconds(std::chrono::nanoseconds time) {
  return static_cast<double>(time.count()) / 1e9;
}

json::value text_or_null(const std::optional<std::string>& text) {
  return text ? json::value(json::string(*text)) : json::value(nullptr);
}

json::string to_json(std::string_view text) {
  return json::string(text);
}

/// As typed in YAML: numbers and booleans are no strings.
json::value to_json(const dataflow::EnvironmentValue& value) {
  json::error_code error;
  switch (value.kind) {
    case dataflow::EnvironmentValue::Kind::String:
      break;
    case dataflow::EnvironmentValue::Kind::Bool:
      return value.text == "true";
    case dataflow::EnvironmentValue::Kind::Integer:
    case dataflow::EnvironmentValue::Kind::Float:
      if (auto number = json::parse(value.text, error); !error.failed() && number.is_number())
        return number;
  }
  return json::string(value.text);
}

json::object to_json(const dataflow::Environment& environment) {
  json::object object;
  for (const auto& [name, value] : environment)
    object[name] = to_json(value);
  return object;
}

json::value to_json(const dataflow::Input& input) {
  const std::string source = dataflow::source_text(input.source);
  if (!input.queue_size && !input.queue_policy && !input.input_timeout) return json::string(source);
  json::object object{{"source", source}};
  if (input.queue_size) object["queue_size"] = *input.queue_size;
  if (input.queue_policy) object["queue_policy"] = to_json(dataflow::to_text(*input.queue_policy));
  if (input.input_timeout) object["input_timeout"] = seconds(*input.input_timeout);
  return object;
}

void add_ports(json::object& object, const dataflow::Ports& ports) {
  json::object inputs;
  for (const auto& input : ports.inputs)
    inputs[input.id.text()] = to_json(input);
  object["inputs"] = std::move(inputs);
  json::array outputs;
  for (const auto& output : ports.outputs)
    outputs.emplace_back(output.id.text());
  object["outputs"] = std::move(outputs);
  const auto add_types = [&](const char* key, const auto& types) {
    if (types.empty()) return;
    json::object texts;
    for (const auto& [id, type] : types)
      texts[id.text()] = type.urn;
    object[key] = std::move(texts);
  };
  add_types("input_types", ports.input_types);
  add_types("output_types", ports.output_types);
  if (!ports.output_framing.empty()) {
    json::object framing;
    for (const auto& [id, value] : ports.output_framing)
      framing[id.text()] = to_json(dataflow::to_text(value));
    object["output_framing"] = std::move(framing);
  }
}

json::value to_json(const std::optional<dataflow::Deploy>& deploy) {
  if (!deploy) return nullptr;
  json::object labels;
  for (const auto& [key, value] : deploy->labels)
    labels[key] = value;
  return json::object{{"machine", text_or_null(deploy->machine)},
                      {"working_dir", text_or_null(deploy->working_dir)},
                      {"labels", std::move(labels)},
                      {"distribute", to_json(dataflow::to_text(deploy->distribute))}};
}

json::object to_json(const dataflow::Operator& item, const std::filesystem::path& base) {
  json::object object{{"id", item.id},
                      {"name", text_or_null(item.name)},
                      {"description", text_or_null(item.description)}};
  // Absolute where it is a file, so that the runtime need not know our rules.
  const bool is_url = item.source.find("://") != std::string::npos;
  const std::string source = is_url ? item.source : (base / item.source).string();
  switch (item.language) {
    case dataflow::OperatorLanguage::Python:
      object["python"] = source;
      break;
    case dataflow::OperatorLanguage::SharedLibrary:
      object["shared-library"] = source;
      break;
    case dataflow::OperatorLanguage::Wasm:
      object["wasm"] = source;
      break;
  }
  if (item.conda_env) object["conda_env"] = *item.conda_env;
  if (item.build) object["build"] = *item.build;
  add_ports(object, item.ports);
  return object;
}

json::array operators_of(const Node& node, const std::filesystem::path& base) {
  json::array operators;
  for (const auto& item : node.operators)
    operators.push_back(to_json(item, base));
  return operators;
}

void add_log(json::object& object, const dataflow::LogSettings& log) {
  if (log.send_stdout_as) object["send_stdout_as"] = log.send_stdout_as->text();
  if (log.send_logs_as) object["send_logs_as"] = log.send_logs_as->text();
  if (log.min_log_level) object["min_log_level"] = to_json(dataflow::to_text(*log.min_log_level));
  if (log.max_log_size) object["max_log_size"] = *log.max_log_size;
  if (log.max_rotated_files) object["max_rotated_files"] = *log.max_rotated_files;
}

void add_restart(json::object& object, const dataflow::RestartSettings& restart) {
  object["restart_policy"] = to_json(dataflow::to_text(restart.policy));
  object["max_restarts"] = restart.max_restarts;
  if (restart.delay) object["restart_delay"] = seconds(*restart.delay);
  if (restart.max_delay) object["max_restart_delay"] = seconds(*restart.max_delay);
  if (restart.window) object["restart_window"] = seconds(*restart.window);
}

json::object to_json(const Dataflow& dataflow, const Node& node) {
  json::object object{{"id", node.id.text()},
                      {"name", text_or_null(node.name)},
                      {"description", text_or_null(node.description)}};
  if (node.kind == NodeKind::Operators) {
    if (node.is_single_operator) {
      object["operator"] = to_json(node.operators.front(), dataflow.base_directory);
    } else {
      object["operators"] = operators_of(node, dataflow.base_directory);
    }
  } else {
    object["path"] = node.path;
  }
  if (node.args) object["args"] = *node.args;
  if (node.build) object["build"] = *node.build;
  if (node.git) object["git"] = node.git->url;
  object["env"] = node.env.empty() ? json::value(nullptr) : json::value(to_json(node.env));
  add_ports(object, node.ports);
  add_restart(object, node.restart);
  if (node.health_check_timeout)
    object["health_check_timeout"] = seconds(*node.health_check_timeout);
  if (node.finish_grace) object["finish_grace_secs"] = seconds(*node.finish_grace);
  add_log(object, node.log);
  if (!node.cpu_affinity.empty()) {
    json::array cores;
    for (const auto core : node.cpu_affinity)
      cores.emplace_back(core);
    object["cpu_affinity"] = std::move(cores);
  }
  object["deploy"] = to_json(node.deploy);
  return object;
}

}  // namespace

std::string describe_dataflow(const Dataflow& dataflow) {
  json::array nodes;
  for (const Node& node : dataflow.nodes)
    nodes.push_back(to_json(dataflow, node));
  json::object object{{"nodes", std::move(nodes)},
                      {"deploy", to_json(dataflow.deploy)},
                      {"debug", {{"enable_debug_inspection", dataflow.enable_debug_inspection}}},
                      {"health_check_interval", seconds(dataflow.health_check_interval)}};
  if (!dataflow.env.empty()) object["env"] = to_json(dataflow.env);
  if (dataflow.exit_when_nodes_finish)
    object["exit_when_nodes_finish"] = *dataflow.exit_when_nodes_finish;
  if (dataflow.strict_types) object["strict_types"] = true;
  return json::serialize(object);
}

std::string describe_node_config(const Dataflow& dataflow, const Node& node) {
  json::object object;
  add_ports(object, node.ports);
  if (node.shared_memory_pool_size)
    object["shared_memory_pool_size"] = *node.shared_memory_pool_size;
  if (node.kind == NodeKind::Operators)
    object["operators"] = operators_of(node, dataflow.base_directory);
  return json::serialize(object);
}

}  // namespace dora::daemon

// SPDX-License-Identifier: Apache-2.0
#include "dataflow/json.hpp"

#include <charconv>

#include <boost/json.hpp>

namespace dora::dataflow {
namespace {

namespace json = boost::json;

template <typename Value>
void set(json::object& object, std::string_view key, const std::optional<Value>& value) {
  if (value) object[key] = json::value_from(*value);
}

json::value text_or_null(const std::optional<std::string>& text) {
  return text ? json::value(*text) : json::value(nullptr);
}

double seconds(std::chrono::nanoseconds duration) {
  return std::chrono::duration<double>(duration).count();
}

void set(json::object& object, std::string_view key,
         const std::optional<std::chrono::nanoseconds>& duration) {
  if (duration) object[key] = seconds(*duration);
}

void set(json::object& object, std::string_view key, const std::optional<DataId>& id) {
  if (id) object[key] = id->text();
}

json::value of(const EnvironmentValue& value) {
  std::string_view text = value.text;
  switch (value.kind) {
    case EnvironmentValue::Kind::Bool:
      return text == "true";
    case EnvironmentValue::Kind::Integer: {
      std::int64_t number = 0;
      auto end = std::from_chars(text.data(), text.data() + text.size(), number);
      if (end.ec == std::errc() && end.ptr == text.data() + text.size()) return number;
      break;
    }
    case EnvironmentValue::Kind::Float: {
      double number = 0;
      auto end = std::from_chars(text.data(), text.data() + text.size(), number);
      // JSON has no words for infinity and not-a-number.
      bool is_finite = number - number == 0;
      if (end.ec == std::errc() && end.ptr == text.data() + text.size() && is_finite) return number;
      break;
    }
    case EnvironmentValue::Kind::String:
      break;
  }
  return json::value(text);
}

json::value environment(const Environment& values) {
  if (values.empty()) return nullptr;
  json::object object;
  for (const auto& [name, value] : values)
    object[name] = of(value);
  return object;
}

json::value of(const Input& input) {
  std::string source = source_text(input.source);
  if (!input.queue_size && !input.queue_policy && !input.input_timeout) return json::value(source);
  json::object object{{"source", source}};
  set(object, "queue_size", input.queue_size);
  if (input.queue_policy) object["queue_policy"] = to_text(*input.queue_policy);
  set(object, "input_timeout", input.input_timeout);
  return object;
}

json::object inputs_of(const Ports& ports) {
  json::object object;
  for (const Input& input : ports.inputs)
    object[input.id.text()] = of(input);
  return object;
}

json::array outputs_of(const Ports& ports) {
  json::array array;
  for (const Output& output : ports.outputs)
    array.emplace_back(output.id.text());
  return array;
}

json::object types_of(const std::map<DataId, TypeAnnotation>& types) {
  json::object object;
  for (const auto& [id, type] : types)
    object[id.text()] = type.urn;
  return object;
}

json::object framing_of(const Ports& ports) {
  json::object object;
  for (const auto& [id, framing] : ports.output_framing)
    object[id.text()] = to_text(framing);
  return object;
}

void set_port_notes(json::object& object, const Ports& ports) {
  if (!ports.input_types.empty()) object["input_types"] = types_of(ports.input_types);
  if (!ports.output_types.empty()) object["output_types"] = types_of(ports.output_types);
  if (!ports.output_framing.empty()) object["output_framing"] = framing_of(ports);
}

void set_port_documentation(json::object& object, const Ports& ports) {
  if (!ports.output_metadata.empty()) {
    json::object metadata;
    for (const auto& [id, keys] : ports.output_metadata) {
      metadata[id.text()] = json::value_from(keys);
    }
    object["output_metadata"] = std::move(metadata);
  }
  set(object, "pattern", ports.pattern);
}

void set_log_settings(json::object& object, const LogSettings& log) {
  set(object, "send_stdout_as", log.send_stdout_as);
  set(object, "send_logs_as", log.send_logs_as);
  if (log.min_log_level) object["min_log_level"] = to_text(*log.min_log_level);
  set(object, "max_log_size", log.max_log_size);
  set(object, "max_rotated_files", log.max_rotated_files);
}

void set_restart_settings(json::object& object, const RestartSettings& restart) {
  object["restart_policy"] = to_text(restart.policy);
  object["max_restarts"] = restart.max_restarts;
  set(object, "restart_delay", restart.delay);
  set(object, "max_restart_delay", restart.max_delay);
  set(object, "restart_window", restart.window);
}

json::value of(const std::optional<Deploy>& deploy) {
  if (!deploy) return nullptr;
  json::object object;
  set(object, "machine", deploy->machine);
  set(object, "working_dir", deploy->working_dir);
  if (!deploy->labels.empty()) object["labels"] = json::value_from(deploy->labels);
  object["distribute"] = to_text(deploy->distribute);
  return object;
}

json::object of(const Operator& each) {
  json::object object{{"id", each.id}};
  set(object, "name", each.name);
  set(object, "description", each.description);
  switch (each.language) {
    case OperatorLanguage::Python:
      object["python"] = json::value(each.source);
      if (each.conda_env) {
        object["python"] = json::object{{"source", each.source}, {"conda_env", *each.conda_env}};
      }
      break;
    case OperatorLanguage::SharedLibrary:
      object["shared-library"] = each.source;
      break;
    case OperatorLanguage::Wasm:
      object["wasm"] = each.source;
      break;
  }
  set(object, "path_sha256", each.sha256);
  if (each.thread == OperatorThread::Own) object["thread"] = "own";
  object["inputs"] = inputs_of(each.ports);
  object["outputs"] = outputs_of(each.ports);
  set_port_notes(object, each.ports);
  set_port_documentation(object, each.ports);
  set(object, "build", each.build);
  set_log_settings(object, each.log);
  if (each.restart != RestartSettings{}) set_restart_settings(object, each.restart);
  return object;
}

json::object of(const Ros2Qos& qos) {
  json::object object{{"reliable", qos.reliable},
                      {"durability", qos.durability},
                      {"liveliness", qos.liveliness},
                      {"keep_last", qos.keep_last},
                      {"keep_all", qos.keep_all}};
  set(object, "lease_duration", qos.lease_duration);
  set(object, "max_blocking_time", qos.max_blocking_time);
  return object;
}

void set_topic(json::object& object, const Ros2Topic& topic) {
  object["topic"] = topic.topic;
  object["message_type"] = topic.message_type;
  object["direction"] = topic.direction == Ros2Direction::Subscribe ? "subscribe" : "publish";
  set(object, "output", topic.output);
  set(object, "input", topic.input);
  if (topic.qos) object["qos"] = of(*topic.qos);
}

json::object of(const Ros2Bridge& bridge) {
  json::object object;
  switch (bridge.kind) {
    case Ros2Bridge::Kind::Topic:
      if (!bridge.topics.empty()) set_topic(object, bridge.topics[0]);
      break;
    case Ros2Bridge::Kind::Topics: {
      json::array topics;
      for (const Ros2Topic& topic : bridge.topics) {
        json::object each;
        set_topic(each, topic);
        topics.emplace_back(std::move(each));
      }
      object["topics"] = std::move(topics);
      break;
    }
    case Ros2Bridge::Kind::Service:
    case Ros2Bridge::Kind::Action: {
      std::string key = bridge.kind == Ros2Bridge::Kind::Service ? "service" : "action";
      object[key] = bridge.name;
      object[key + "_type"] = bridge.type;
      object["role"] = bridge.role == Ros2Role::Client ? "client" : "server";
      break;
    }
  }
  if (bridge.qos) object["qos"] = of(*bridge.qos);
  object["namespace"] = bridge.name_space;
  set(object, "node_name", bridge.node_name);
  json::object transport{{"kind", bridge.transport}};
  set(transport, "compatibility", bridge.compatibility);
  set(transport, "config_uri", bridge.config_uri);
  object["transport"] = std::move(transport);
  return object;
}

void set_program(json::object& object, const Node& node) {
  if (!node.path.empty()) object["path"] = node.path;
  set(object, "path_sha256", node.path_sha256);
  set(object, "args", node.args);
  set(object, "build", node.build);
  if (node.git) {
    object["git"] = node.git->url;
    set(object, "branch", node.git->branch);
    set(object, "tag", node.git->tag);
    set(object, "rev", node.git->rev);
  }
  if (node.hub) {
    std::string text = node.hub->name_space + "/" + node.hub->name;
    if (node.hub->requirement) text += "@" + *node.hub->requirement;
    object["hub"] = text;
  }
  if (node.ros2) object["ros2"] = of(*node.ros2);
}

void set_operators(json::object& object, const Node& node) {
  if (node.is_single_operator && !node.operators.empty()) {
    object["operator"] = of(node.operators[0]);
    return;
  }
  json::array array;
  for (const Operator& each : node.operators)
    array.emplace_back(of(each));
  object["operators"] = std::move(array);
}

json::object of(const Node& node) {
  json::object object{{"id", node.id.text()},
                      {"name", text_or_null(node.name)},
                      {"description", text_or_null(node.description)},
                      {"env", environment(node.env)},
                      {"deploy", of(node.deploy)}};
  set_program(object, node);
  bool has_operators = node.kind == NodeKind::Operators;
  if (has_operators) set_operators(object, node);
  object["inputs"] = has_operators ? json::object() : inputs_of(node.ports);
  object["outputs"] = has_operators ? json::array() : outputs_of(node.ports);
  if (!has_operators) {
    set_port_notes(object, node.ports);
    set_port_documentation(object, node.ports);
    set_log_settings(object, node.log);
  }
  // Operators say it themselves; every node has the keys all the same.
  set_restart_settings(object, has_operators ? RestartSettings{} : node.restart);
  set(object, "health_check_timeout", node.health_check_timeout);
  set(object, "finish_grace_secs", node.finish_grace);
  if (!node.cpu_affinity.empty()) object["cpu_affinity"] = json::value_from(node.cpu_affinity);
  set(object, "shared_memory_pool_size", node.shared_memory_pool_size);
  if (node.latency == Latency::Busy) object["latency"] = "busy";
  if (!node.tty) object["tty"] = false;
  return object;
}

}  // namespace

std::string to_json(const Dataflow& dataflow) {
  json::array nodes;
  for (const Node& node : dataflow.nodes)
    nodes.emplace_back(of(node));
  json::object root{
      {"nodes", std::move(nodes)},
      {"deploy", of(dataflow.deploy)},
      {"debug", json::object{{"enable_debug_inspection", dataflow.enable_debug_inspection}}},
      {"health_check_interval", seconds(dataflow.health_check_interval)}};
  if (!dataflow.env.empty()) root["env"] = environment(dataflow.env);
  if (dataflow.strict_types) root["strict_types"] = true;
  if (!dataflow.type_rules.empty()) {
    json::array rules;
    for (const TypeRule& rule : dataflow.type_rules) {
      rules.emplace_back(json::object{{"from", rule.from.urn}, {"to", rule.to.urn}});
    }
    root["type_rules"] = std::move(rules);
  }
  set(root, "exit_when_nodes_finish", dataflow.exit_when_nodes_finish);
  return json::serialize(root);
}

std::string node_config_json(const Node& node) {
  json::object config{{"inputs", inputs_of(node.ports)}, {"outputs", outputs_of(node.ports)}};
  set_port_notes(config, node.ports);
  set(config, "shared_memory_pool_size", node.shared_memory_pool_size);
  return json::serialize(config);
}

std::string to_json(const Diagnostic& diagnostic) {
  return json::serialize(
      json::object{{"severity", diagnostic.severity == Severity::Error ? "error" : "warning"},
                   {"code", diagnostic.code},
                   {"message", diagnostic.message},
                   {"file", diagnostic.file},
                   {"line", diagnostic.line},
                   {"column", diagnostic.column},
                   {"length", diagnostic.length},
                   {"source_line", diagnostic.source_line},
                   {"label", diagnostic.label},
                   {"help", diagnostic.help}});
}

}  // namespace dora::dataflow

// SPDX-License-Identifier: Apache-2.0
// How every message of this folder is written and read. The member lists below are the truth of
// docs/messages.md.
#include <array>
#include <utility>

#include "message/daemon_to_node.hpp"
#include "message/json_fields.hpp"
#include "message/node_config.hpp"
#include "message/node_to_daemon.hpp"

namespace dora::message {
namespace {

template <typename T>
struct TypeName;
#define MESSAGE(Struct)                               \
  template <>                                         \
  struct TypeName<Struct> {                           \
    static constexpr std::string_view text = #Struct; \
  }
MESSAGE(Attach);
MESSAGE(Ready);
MESSAGE(CloseOutputs);
MESSAGE(Detach);
MESSAGE(Report);
MESSAGE(Blocked);
MESSAGE(ExtensionRequest);
MESSAGE(ListPlaces);
MESSAGE(AttachDynamic);
MESSAGE(StopDataflow);
MESSAGE(Setup);
MESSAGE(ConnectOutput);
MESSAGE(ConnectInput);
MESSAGE(SetupDone);
MESSAGE(Start);
MESSAGE(AttachRefused);
MESSAGE(Stop);
MESSAGE(InputClosed);
MESSAGE(RetireOutput);
MESSAGE(DisconnectOutput);
MESSAGE(NodeRestarted);
MESSAGE(NodeFailed);
MESSAGE(InputTimeout);
MESSAGE(ParameterChanged);
MESSAGE(Reload);
MESSAGE(ExtensionReply);
MESSAGE(Places);
#undef MESSAGE

}  // namespace

template <typename Visit>
void fields(Visit& visit, Attach& m) {
  visit("protocol", m.protocol);
  visit("version", m.version);
  visit("pid", m.pid);
}
template <typename Visit>
void fields(Visit&, Ready&) {}
template <typename Visit>
void fields(Visit& visit, CloseOutputs& m) {
  visit("outputs", m.outputs);
}
template <typename Visit>
void fields(Visit&, Detach&) {}
template <typename Visit>
void fields(Visit& visit, Report& m) {
  visit("level", m.level);
  visit("text", m.text);
}
template <typename Visit>
void fields(Visit& visit, Blocked& m) {
  visit("edge", m.edge);
}
template <typename Visit>
void fields(Visit& visit, ExtensionRequest& m) {
  visit("number", m.number);
  visit("operation", m.operation);
  visit("space", m.space);
  visit("key", m.key);
  visit("value", m.value);
}
template <typename Visit>
void fields(Visit&, ListPlaces&) {}
template <typename Visit>
void fields(Visit& visit, AttachDynamic& m) {
  visit("protocol", m.protocol);
  visit("version", m.version);
  visit("dataflow_id", m.dataflow_id);
  visit("node", m.node);
}
template <typename Visit>
void fields(Visit&, StopDataflow&) {}
template <typename Visit>
void fields(Visit& visit, TimerInput& m) {
  visit("input", m.input);
  visit("interval_ns", m.interval_ns);
  visit("queue_size", m.queue_size);
  visit("carries_count", m.carries_count);
}
template <typename Visit>
void fields(Visit& visit, DataInput& m) {
  visit("input", m.input);
  visit("is_log", m.is_log);
  visit("timeout_ns", m.timeout_ns);
}
template <typename Visit>
void fields(Visit& visit, Setup& m) {
  visit("version", m.version);
  visit("dataflow_id", m.dataflow_id);
  visit("node", m.node);
  visit("outputs", m.outputs);
  visit("inputs", m.inputs);
  visit("timers", m.timers);
  visit("exit_when_nodes_finish", m.exit_when_nodes_finish);
  visit("busy", m.busy);
  visit("watched", m.watched);
  visit("restart_count", m.restart_count);
  visit("config", m.config);
}
template <typename Visit>
void fields(Visit& visit, ConnectOutput& m) {
  visit("edge", m.edge);
  visit("output", m.output);
  visit("consumer", m.consumer);
  visit("input", m.input);
  visit("doorbell_bit", m.doorbell_bit);
}
template <typename Visit>
void fields(Visit& visit, ConnectInput& m) {
  visit("edge", m.edge);
  visit("input", m.input);
  visit("producer", m.producer);
  visit("output", m.output);
  visit("doorbell_bit", m.doorbell_bit);
}
template <typename Visit>
void fields(Visit&, SetupDone&) {}
template <typename Visit>
void fields(Visit& visit, Start& m) {
  visit("epoch_ns", m.epoch_ns);
}
template <typename Visit>
void fields(Visit& visit, AttachRefused& m) {
  visit("reason", m.reason);
}
template <typename Visit>
void fields(Visit&, Stop&) {}
template <typename Visit>
void fields(Visit& visit, InputClosed& m) {
  visit("edge", m.edge);
  visit("input", m.input);
}
template <typename Visit>
void fields(Visit& visit, RetireOutput& m) {
  visit("edge", m.edge);
  visit("output", m.output);
}
template <typename Visit>
void fields(Visit& visit, DisconnectOutput& m) {
  visit("edge", m.edge);
  visit("output", m.output);
}
template <typename Visit>
void fields(Visit& visit, NodeRestarted& m) {
  visit("node", m.node);
}
template <typename Visit>
void fields(Visit& visit, NodeFailed& m) {
  visit("node", m.node);
  visit("error", m.error);
  visit("inputs", m.inputs);
}
template <typename Visit>
void fields(Visit& visit, InputTimeout& m) {
  visit("input", m.input);
  visit("broken", m.broken);
}
template <typename Visit>
void fields(Visit& visit, ParameterChanged& m) {
  visit("key", m.key);
  visit("value", m.value);
}
template <typename Visit>
void fields(Visit& visit, Reload& m) {
  visit("operator_id", m.operator_id);
}
template <typename Visit>
void fields(Visit& visit, ExtensionReply& m) {
  visit("number", m.number);
  visit("error", m.error);
  visit("value", m.value);
  visit("keys", m.keys);
}
template <typename Visit>
void fields(Visit& visit, Place& m) {
  visit("dataflow_id", m.dataflow_id);
  visit("dataflow_name", m.dataflow_name);
  visit("file", m.file);
  visit("node", m.node);
  visit("is_dynamic", m.is_dynamic);
  visit("is_taken", m.is_taken);
}
template <typename Visit>
void fields(Visit& visit, Places& m) {
  visit("version", m.version);
  visit("places", m.places);
  visit("is_last", m.is_last);
}
template <typename Visit>
void fields(Visit& visit, NodeConfig& m) {
  visit("protocol", m.protocol);
  visit("version", m.version);
  visit("dataflow_id", m.dataflow_id);
  visit("node_id", m.node);
  visit("socket_fd", m.socket_fd);
}

namespace {

template <typename Variant>
std::string encode_variant(const Variant& message) {
  return std::visit(
      [](const auto& m) {
        using Message = std::decay_t<decltype(m)>;
        JsonWriter writer;
        writer.object["type"] = TypeName<Message>::text;
        fields(writer, const_cast<Message&>(m));
        return boost::json::serialize(writer.object);
      },
      message);
}

template <typename Variant, std::size_t... Index>
Result<Variant> decode_variant(std::string_view text, std::index_sequence<Index...>) {
  auto object = TRY(parse_object(text));
  const auto* type = object.if_contains("type");
  if (type == nullptr || !type->is_string()) {
    return fail(ErrorKind::InvalidInput, "a message without a type");
  }
  std::string name(type->get_string());
  object.erase("type");
  Result<Variant> result =
      fail(ErrorKind::InvalidInput, "a message of unknown type '" + name + "'");
  auto attempt = [&]<typename Message>(Message message) {
    if (TypeName<Message>::text != name) return;
    auto read = read_object(object, name, message);
    if (read) {
      result = Variant(std::move(message));
    } else {
      result = std::unexpected(read.error());
    }
  };
  (attempt(std::variant_alternative_t<Index, Variant>{}), ...);
  return result;
}

template <typename Variant>
Result<Variant> decode_variant(std::string_view text) {
  return decode_variant<Variant>(text, std::make_index_sequence<std::variant_size_v<Variant>>{});
}

}  // namespace

std::string encode(const NodeToDaemon& message) {
  return encode_variant(message);
}
std::string encode(const DaemonToNode& message) {
  return encode_variant(message);
}
std::string encode(const NodeConfig& config) {
  return boost::json::serialize(to_value(config));
}

Result<NodeToDaemon> decode_node_to_daemon(std::string_view text) {
  return decode_variant<NodeToDaemon>(text);
}
Result<DaemonToNode> decode_daemon_to_node(std::string_view text) {
  return decode_variant<DaemonToNode>(text);
}
Result<NodeConfig> decode_node_config(std::string_view text) {
  auto object = TRY(parse_object(text));
  NodeConfig config;
  TRY(read_object(object, node_config_variable, config));
  return config;
}

}  // namespace dora::message

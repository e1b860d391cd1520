// SPDX-License-Identifier: Apache-2.0
#include "dataflow/ros2_decoder.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "dataflow/scalar.hpp"

namespace dora::dataflow {
namespace {

constexpr std::size_t most_topics = 64;

constexpr std::pair<std::string_view, Ros2Direction> directions[] = {
    {"subscribe", Ros2Direction::Subscribe}, {"publish", Ros2Direction::Publish}};
constexpr std::pair<std::string_view, Ros2Role> roles[] = {{"client", Ros2Role::Client},
                                                           {"server", Ros2Role::Server}};
constexpr std::pair<std::string_view, std::string_view> durabilities[] = {
    {"volatile", "volatile"}, {"transient_local", "transient_local"}};
constexpr std::pair<std::string_view, std::string_view> livelinesses[] = {
    {"automatic", "automatic"},
    {"manual_by_participant", "manual_by_participant"},
    {"manual_by_topic", "manual_by_topic"}};
constexpr std::pair<std::string_view, std::string_view> transports[] = {{"dds", "dds"},
                                                                        {"zenoh", "zenoh"}};
constexpr std::pair<std::string_view, std::string_view> compatibilities[] = {
    {"humble", "humble"}, {"rep2016", "rep2016"}};

// Tokens of letters, digits and `_`, not beginning with a digit, separated by single slashes.
bool is_ros_name(std::string_view name) {
  if (name == "/") return true;
  if (name.starts_with('/')) name.remove_prefix(1);
  bool at_start = true;
  for (char c : name) {
    if (c == '/' ? at_start : !is_word_character(c) || (at_start && c >= '0' && c <= '9')) {
      return false;
    }
    at_start = c == '/';
  }
  return !at_start;
}

bool is_ros_type(std::string_view type) {
  std::size_t slash = type.find('/');
  if (slash == std::string_view::npos || slash == 0 || slash + 1 == type.size()) return false;
  return std::ranges::all_of(type.substr(0, slash), is_word_character) &&
         std::ranges::all_of(type.substr(slash + 1), is_word_character);
}

class Reader {
 public:
  Reader(const Decoder& decoder, const Fields& fields) : decoder_(decoder), fields_(fields) {}

  std::string name(std::string_view key, const Fields& from) const {
    auto text = from.text(key);
    if (!text) return "";
    if (!is_ros_name(*text)) {
      refuse(from.find(key)->at,
             fmt::format("`{}` of {} is no name of ROS: `{}`", key, from.where(), shown(*text)));
    }
    return *text;
  }

  std::string type(std::string_view key, const Fields& from) const {
    if (!from.has(key)) {
      from.require(key);
      return "";
    }
    auto text = from.text(key);
    if (text && !is_ros_type(*text)) {
      refuse(from.find(key)->at, fmt::format("`{}` of {} must be `<package>/<Type>`, but is `{}`",
                                             key, from.where(), shown(*text)));
    }
    return text.value_or("");
  }

  void refuse(Location at, std::string message) const {
    decoder_.report.add(at, {.code = "E026", .message = std::move(message)});
  }

  std::optional<Ros2Qos> qos(const Fields& from) const {
    const YamlNode* map = from.map("qos");
    if (!map) return std::nullopt;
    Fields inner(decoder_, *map, ros2_qos_keys, "`qos` of " + from.where());
    Ros2Qos qos;
    qos.reliable = inner.boolean("reliable").value_or(false);
    qos.durability = inner.word("durability", durabilities).value_or("volatile");
    qos.liveliness = inner.word("liveliness", livelinesses).value_or("automatic");
    auto seconds = [&](std::string_view key) -> std::optional<double> {
      auto duration = inner.duration(key, Fields::Zero::Allowed);
      if (!duration) return std::nullopt;
      return std::chrono::duration<double>(*duration).count();
    };
    qos.lease_duration = seconds("lease_duration");
    qos.max_blocking_time = seconds("max_blocking_time");
    qos.keep_last = inner.number("keep_last", 1, 10'000).value_or(1);
    qos.keep_all = inner.boolean("keep_all").value_or(false);
    return qos;
  }

  Ros2Topic topic(const Fields& from) const {
    Ros2Topic topic;
    if (!from.has("topic")) from.require("topic");
    topic.topic = name("topic", from);
    topic.message_type = type("message_type", from);
    topic.direction = from.word("direction", directions).value_or(Ros2Direction::Subscribe);
    return topic;
  }

  std::vector<Ros2Topic> topics() const {
    std::vector<Ros2Topic> result;
    auto items = fields_.list("topics");
    if (items.empty() || items.size() > most_topics) {
      refuse(fields_.key_location("topics"),
             fmt::format("`topics` of {} needs 1 to {} entries", fields_.where(), most_topics));
      return result;
    }
    for (const YamlNode* item : items) {
      if (!item->is_mapping()) {
        refuse(item->at, fmt::format("a topic of {} must be a map, not {}", fields_.where(),
                                     describe(*item)));
        continue;
      }
      Fields inner(decoder_, *item, ros2_topic_keys, "a topic of " + fields_.where());
      Ros2Topic each = topic(inner);
      each.output = inner.data_id("output");
      each.input = inner.data_id("input");
      each.qos = qos(inner);
      result.push_back(std::move(each));
    }
    return result;
  }

  void transport(Ros2Bridge& bridge) const {
    const YamlNode* map = fields_.map("transport");
    if (!map) return;
    Fields inner(decoder_, *map, ros2_transport_keys, "`transport` of " + fields_.where());
    bridge.transport = inner.word("kind", transports).value_or("dds");
    if (auto word = inner.word("compatibility", compatibilities)) bridge.compatibility = *word;
    bridge.config_uri = inner.text("config_uri");
  }

 private:
  const Decoder& decoder_;
  const Fields& fields_;
};

void check_ports(const Reader& reader, const Fields& fields, const Ros2Bridge& bridge,
                 const Node& node) {
  bool needs_output =
      bridge.kind == Ros2Bridge::Kind::Service || bridge.kind == Ros2Bridge::Kind::Action;
  bool needs_input = needs_output;
  for (const Ros2Topic& topic : bridge.topics) {
    (topic.direction == Ros2Direction::Subscribe ? needs_output : needs_input) = true;
  }
  if (needs_output && node.ports.outputs.empty() && !fields.probably_has("outputs")) {
    reader.refuse(fields.key_location("ros2"),
                  fmt::format("{} needs at least one output", fields.where()));
  }
  if (needs_input && node.ports.inputs.empty() && !fields.probably_has("inputs")) {
    reader.refuse(fields.key_location("ros2"),
                  fmt::format("{} needs at least one input", fields.where()));
  }
}

}  // namespace

std::optional<Ros2Bridge> decode_ros2(const Decoder& decoder, const Fields& fields, Node& node) {
  node.kind = NodeKind::Ros2;
  const YamlNode* map = fields.map("ros2");
  if (!map) return std::nullopt;
  Fields inner(decoder, *map, ros2_keys, "`ros2` of " + fields.where());
  Reader reader(decoder, inner);

  std::vector<std::string_view> given;
  for (std::string_view key : {"topic", "topics", "service", "action"}) {
    if (inner.has(key)) given.push_back(key);
  }
  if (given.size() != 1) {
    reader.refuse(given.empty() ? inner.location() : inner.key_location(given[1]),
                  fmt::format("{} needs exactly one of `topic`, `topics`, `service` and `action`",
                              inner.where()));
    return std::nullopt;
  }
  Ros2Bridge bridge;
  if (given[0] == "topic") {
    bridge.topics.push_back(reader.topic(inner));
  } else if (given[0] == "topics") {
    bridge.kind = Ros2Bridge::Kind::Topics;
    bridge.topics = reader.topics();
  } else {
    bool is_service = given[0] == "service";
    bridge.kind = is_service ? Ros2Bridge::Kind::Service : Ros2Bridge::Kind::Action;
    bridge.name = reader.name(given[0], inner);
    bridge.type = reader.type(is_service ? "service_type" : "action_type", inner);
    if (!inner.has("role")) inner.require("role");
    bridge.role = inner.word("role", roles).value_or(Ros2Role::Client);
  }
  bridge.qos = reader.qos(inner);
  if (inner.has("namespace")) bridge.name_space = reader.name("namespace", inner);
  bridge.node_name = inner.text("node_name");
  reader.transport(bridge);
  check_ports(reader, fields, bridge, node);
  return bridge;
}

}  // namespace dora::dataflow

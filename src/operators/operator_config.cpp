// SPDX-License-Identifier: Apache-2.0
#include "operators/operator_config.hpp"

#include <algorithm>

#include <boost/json.hpp>
#include <fmt/format.h>

namespace dora::operators {
namespace {

namespace json = boost::json;

std::string text_of(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

QueuePolicy queue_of(const json::object& input) {
  QueuePolicy policy;
  if (const json::value* size = input.if_contains("queue_size")) {
    policy.kind = QueuePolicy::Kind::DropOldest;
    policy.size = std::max(1U, size->to_number<std::uint32_t>());
  }
  if (text_of(input, "queue_policy") == "backpressure")
    policy.kind = QueuePolicy::Kind::Backpressure;
  return policy;
}

/// Which operator of the node feeds an input, if one does. A node with one operator may be named
/// without it.
std::string inner_source(std::string_view source, std::string_view node_id,
                         std::string_view single_operator) {
  if (!source.starts_with(std::string(node_id) + "/")) return {};
  source.remove_prefix(node_id.size() + 1);
  if (single_operator.empty() || source.starts_with(std::string(single_operator) + "/"))
    return std::string(source);
  return fmt::format("{}/{}", single_operator, source);
}

OperatorConfig read_operator(const json::object& each, std::string_view node_id, bool is_single) {
  OperatorConfig config;
  config.id = text_of(each, "id");
  config.library = text_of(each, "shared-library");
  config.sha256 = text_of(each, "path_sha256");
  config.has_own_thread = text_of(each, "thread") == "own";
  config.json = json::serialize(each);
  if (const json::value* inputs = each.if_contains("inputs"); inputs && inputs->is_object()) {
    for (const auto& [id, value] : inputs->get_object()) {
      InputConfig& input = config.inputs.emplace_back();
      input.id = id;
      if (value.is_object()) {
        input.queue = queue_of(value.get_object());
        input.may_recover = value.get_object().contains("input_timeout");
      }
      const std::string source = value.is_object() ? text_of(value.get_object(), "source")
                                                   : std::string(value.as_string());
      input.inner_source = inner_source(source, node_id, is_single ? config.id : "");
    }
  }
  if (const json::value* outputs = each.if_contains("outputs"); outputs && outputs->is_array()) {
    for (const json::value& output : outputs->get_array())
      config.outputs.emplace_back(output.as_string());
  }
  return config;
}

const json::object* find_node(const json::value& dataflow, std::string_view node_id) {
  const json::value* nodes =
      dataflow.is_object() ? dataflow.get_object().if_contains("nodes") : nullptr;
  if (nodes == nullptr || !nodes->is_array()) return nullptr;
  for (const json::value& node : nodes->get_array()) {
    if (node.is_object() && text_of(node.get_object(), "id") == node_id) return &node.get_object();
  }
  return nullptr;
}

}  // namespace

Result<std::vector<OperatorConfig>> read_operators(std::string_view dataflow_json,
                                                   std::string_view node_id) {
  std::vector<OperatorConfig> operators;
  try {
    const json::value dataflow = json::parse(dataflow_json);
    const json::object* node = find_node(dataflow, node_id);
    if (node != nullptr) {
      if (const json::value* single = node->if_contains("operator"); single != nullptr) {
        operators.push_back(read_operator(single->as_object(), node_id, true));
      } else if (const json::value* list = node->if_contains("operators"); list != nullptr) {
        for (const json::value& each : list->as_array())
          operators.push_back(read_operator(each.as_object(), node_id, false));
      }
    }
  } catch (const std::exception& error) {
    return fail(ErrorKind::InvalidInput,
                fmt::format("the dataflow that the daemon sent is malformed: {}", error.what()));
  }
  if (!operators.empty()) return operators;
  return fail(ErrorKind::NotFound,
              fmt::format("node '{}' has no operators: give it `operator:` or `operators:` in the "
                          "dataflow's YAML",
                          node_id));
}

}  // namespace dora::operators

#pragma once
// SPDX-License-Identifier: Apache-2.0
// What the control interface says and understands, as JSON. Pure.

#include <filesystem>
#include <string>
#include <string_view>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "base/result.hpp"
#include "daemon/control_target.hpp"
#include "transport/http_message.hpp"

namespace dora::daemon {

boost::json::value to_json(const DataflowStatus& dataflow);
/// Everything about a node.
boost::json::value to_json(const NodeDescription& node);
boost::json::value to_json(const NodeInfo& node);

/// An answer with status 200.
transport::HttpResponse json_response(const boost::json::value& value);
boost::json::value to_json(const EdgeTotals& edge);
/// What is missing or of another type is 0 or empty.
EdgeTotals parse_edge_totals(const boost::json::object& object);

/// An empty body means the defaults. Fails with InvalidInput, naming the key.
Result<StopOptions> parse_stop_options(std::string_view body);
/// `{"file": "/...", ...}`: the definition of a node, beside what parse_stop_options() knows.
struct NodeDefinition {
  std::filesystem::path file;
  StopOptions stop;
};
Result<NodeDefinition> parse_node_definition(std::string_view body);
/// `{"output": "node/port", "input": "node/port"}`.
struct Connection {
  std::string output;
  std::string input;
};
Result<Connection> parse_connection(std::string_view body);
/// `{"force": true}`; false when it is left out.
Result<bool> parse_force(std::string_view body);

/// The name of a kind in answers: "NotFound".
std::string_view to_string(ErrorKind kind);
/// Failed for an unknown name.
ErrorKind parse_error_kind(std::string_view name);
/// The HTTP status that goes with a kind.
int http_status_of(ErrorKind kind);

}  // namespace dora::daemon

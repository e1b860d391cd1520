#pragma once
// SPDX-License-Identifier: Apache-2.0
// One request to a running dora and its answer, and how to read it. What is asked stands in
// control_client.hpp and in the commands.

#include <string>
#include <string_view>
#include <vector>

#include <boost/json.hpp>

#include "cli/control_client.hpp"
#include "transport/http_message.hpp"

namespace dora::cli {

/// The JSON object that `instance` answers; its refusal as the error that it names.
Result<boost::json::object> ask(const Instance& instance, const transport::HttpRequest& request,
                                Deadline deadline);

/// What an answer that is no success says.
Error error_of(const transport::HttpResponse& answer);

/// "/v1/dataflows/<uuid><action>".
std::string path_of(const std::string& uuid, std::string_view action);
/// "/v1/dataflows/<uuid>/nodes/<node><action>".
std::string path_of_node(const std::string& uuid, std::string_view node, std::string_view action);
/// For a part of a path.
std::string percent_encoded(std::string_view text);
/// The body of a wish to stop something.
std::string stop_body(std::optional<std::chrono::nanoseconds> grace, bool force);

// What an object holds under `key`; nothing of it when that is missing or of another type.

std::string string_at(const boost::json::object& object, std::string_view key);
bool bool_at(const boost::json::object& object, std::string_view key);
std::vector<std::string> strings_at(const boost::json::object& object, std::string_view key);

template <typename Number>
Number number_at(const boost::json::object& object, std::string_view key) {
  const boost::json::value* value = object.if_contains(key);
  if (value == nullptr || !value->is_number()) return {};
  boost::system::error_code error;
  const Number number = value->to_number<Number>(error);
  return error ? Number{} : number;
}

NodeLine to_node_line(const boost::json::object& object);

}  // namespace dora::cli

// SPDX-License-Identifier: Apache-2.0
#include "cli/control_request.hpp"

#include <fmt/format.h>

#include "daemon/control_json.hpp"
#include "transport/http_client.hpp"

namespace dora::cli {

namespace json = boost::json;

std::string string_at(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr || !value->is_string()) return {};
  return std::string(value->get_string());
}

bool bool_at(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_bool() && value->get_bool();
}

std::vector<std::string> strings_at(const json::object& object, std::string_view key) {
  std::vector<std::string> strings;
  const json::value* value = object.if_contains(key);
  if (value == nullptr || !value->is_array()) return strings;
  for (const json::value& each : value->get_array())
    if (each.is_string()) strings.emplace_back(each.get_string());
  return strings;
}

NodeLine to_node_line(const json::object& object) {
  return {.id = string_at(object, "id"),
          .status = string_at(object, "status"),
          .pid = number_at<std::int32_t>(object, "pid"),
          .restarts = number_at<std::uint32_t>(object, "restarts"),
          .cpu_percent = number_at<double>(object, "cpu_percent"),
          .memory_bytes = number_at<std::uint64_t>(object, "memory_bytes"),
          .cause = string_at(object, "cause")};
}

Result<json::object> ask(const Instance& instance, const transport::HttpRequest& request,
                         Deadline deadline) {
  const auto answer = transport::send_request(instance.socket, request, deadline);
  if (!answer) return std::unexpected(Error(answer.error()).while_doing(instance.description));
  if (!answer->is_success()) return std::unexpected(error_of(*answer));
  // Paths and variables are bytes, whatever the locale.
  json::parse_options options;
  options.allow_invalid_utf8 = true;
  boost::system::error_code error;
  json::value parsed = json::parse(answer->body, error, {}, options);
  if (error || !parsed.is_object())
    return fail(ErrorKind::Failed, fmt::format("{}: its answer is no JSON", instance.description));
  return std::move(parsed.get_object());
}

Error error_of(const transport::HttpResponse& answer) {
  boost::system::error_code error;
  const json::value parsed = json::parse(answer.body, error);
  if (error || !parsed.is_object())
    return {ErrorKind::Failed, fmt::format("it answered with status {}", answer.status)};
  const json::object& object = parsed.get_object();
  // Unsupported stands for another version here; what this one refuses has only failed.
  ErrorKind kind = daemon::parse_error_kind(string_at(object, "kind"));
  if (kind == ErrorKind::Unsupported) kind = ErrorKind::Failed;
  return {kind, string_at(object, "message")};
}

std::string percent_encoded(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                          (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
    encoded += is_plain
                   ? std::string(1, c)
                   : fmt::format("%{:02X}", static_cast<unsigned>(static_cast<unsigned char>(c)));
  }
  return encoded;
}

std::string path_of(const std::string& uuid, std::string_view action) {
  return fmt::format("/v1/dataflows/{}{}", percent_encoded(uuid), action);
}

std::string path_of_node(const std::string& uuid, std::string_view node, std::string_view action) {
  return path_of(uuid, fmt::format("/nodes/{}{}", percent_encoded(node), action));
}

std::string stop_body(std::optional<std::chrono::nanoseconds> grace, bool force) {
  json::object body;
  body["force"] = force;
  if (grace) body["grace_seconds"] = std::chrono::duration<double>(*grace).count();
  return json::serialize(body);
}

}  // namespace dora::cli

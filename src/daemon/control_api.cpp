// SPDX-License-Identifier: Apache-2.0
#include "daemon/control_api.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include <boost/json.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "base/version.hpp"
#include "daemon/control_json.hpp"
#include "daemon/event_stream.hpp"
#include "daemon/terminal_stream.hpp"

namespace dora::daemon {
namespace {

namespace json = boost::json;
using transport::HttpRequest;

/// Whoever only wants to know what runs says so.
Usage wanted_usage(std::string_view query) {
  return query == "usage=false" ? Usage::Unmeasured : Usage::Measured;
}
using transport::HttpResponse;

HttpResponse refusal(int status, ErrorKind kind, std::string message) {
  HttpResponse response = error_response({kind, std::move(message)});
  response.status = status;
  return response;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const int high = hex_digit(text[i + 1]);
    const int low = hex_digit(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    decoded += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return decoded;
}

/// What stands for each `*` of `pattern` in `path`, as it was sent; nothing when it does not match.
std::optional<std::vector<std::string_view>> match(std::string_view pattern,
                                                   std::string_view path) {
  std::vector<std::string_view> names;
  for (;;) {
    const std::size_t pattern_end = std::min(pattern.find('/'), pattern.size());
    const std::size_t path_end = std::min(path.find('/'), path.size());
    const std::string_view part = path.substr(0, path_end);
    if (pattern.substr(0, pattern_end) == "*" && !part.empty()) {
      names.push_back(part);
    } else if (pattern.substr(0, pattern_end) != part) {
      return std::nullopt;
    }
    if ((pattern_end == pattern.size()) != (path_end == path.size())) return std::nullopt;
    if (pattern_end == pattern.size()) return names;
    pattern.remove_prefix(pattern_end + 1);
    path.remove_prefix(path_end + 1);
  }
}

json::value to_json(const StartedRun& run) {
  return {{"uuid", run.uuid}, {"name", run.name}};
}

}  // namespace

const ControlApi::Route ControlApi::routes[] = {
    {"GET", "/v1/ping", &ControlApi::ping},
    {"GET", "/v1/dataflows", &ControlApi::list},
    {"POST", "/v1/dataflows", &ControlApi::start},
    {"GET", "/v1/dataflows/*", &ControlApi::show},
    {"DELETE", "/v1/dataflows/*", &ControlApi::forget},
    {"GET", "/v1/dataflows/*/events", &ControlApi::watch},
    {"GET", "/v1/dataflows/*/nodes/*/terminal", &ControlApi::sit_down},
    {"GET", "/v1/dataflows/*/nodes/*/environment", &ControlApi::show_surroundings},
    {"POST", "/v1/dataflows/*/stop", &ControlApi::stop},
    {"POST", "/v1/dataflows/*/restart", &ControlApi::restart},
    {"GET", "/v1/dataflows/*/nodes", &ControlApi::list_nodes},
    {"POST", "/v1/dataflows/*/nodes", &ControlApi::add_node},
    {"GET", "/v1/dataflows/*/nodes/*", &ControlApi::show_node},
    {"PUT", "/v1/dataflows/*/nodes/*", &ControlApi::replace_node},
    {"DELETE", "/v1/dataflows/*/nodes/*", &ControlApi::remove_node},
    {"POST", "/v1/dataflows/*/connections", &ControlApi::connect},
    {"DELETE", "/v1/dataflows/*/connections", &ControlApi::disconnect},
    {"POST", "/v1/dataflows/*/nodes/*/stop", &ControlApi::stop_node},
    {"POST", "/v1/dataflows/*/nodes/*/restart", &ControlApi::restart_node},
    {"GET", "/v1/dataflows/*/nodes/*/parameters", &ControlApi::list_parameters},
    {"GET", "/v1/dataflows/*/nodes/*/parameters/*", &ControlApi::show_parameter},
    {"PUT", "/v1/dataflows/*/nodes/*/parameters/*", &ControlApi::set_parameter},
    {"DELETE", "/v1/dataflows/*/nodes/*/parameters/*", &ControlApi::delete_parameter},
    {"POST", "/v1/shutdown", &ControlApi::shut_down},
};

HttpResponse error_response(const Error& error) {
  HttpResponse response =
      json_response({{"kind", to_string(error.kind)}, {"message", error.message}});
  response.status = http_status_of(error.kind);
  return response;
}

void ControlApi::answer(const HttpRequest& request, Reply reply, Accept accept) const {
  std::string_view path = request.target;
  std::string_view query;
  if (const auto mark = path.find('?'); mark != std::string_view::npos) {
    query = path.substr(mark + 1);
    path = path.substr(0, mark);
  }
  std::string allowed;
  for (const Route& route : routes) {
    const auto parts = match(route.pattern, path);
    if (!parts) continue;
    if (route.method != request.method) {
      allowed += fmt::format("{}{}", allowed.empty() ? "" : " and ", route.method);
      continue;
    }
    Call call{{}, query, request.body, std::move(reply), std::move(accept)};
    for (const std::string_view part : *parts) {
      auto name = percent_decoded(part);
      if (!name) {
        return call.reply(refusal(400, ErrorKind::InvalidInput,
                                  "a `%` in the path is not followed by hex digits"));
      }
      call.names.push_back(*std::move(name));
    }
    return (this->*route.handler)(call);
  }
  if (!allowed.empty()) {
    return reply(refusal(405, ErrorKind::InvalidInput,
                         fmt::format("{} takes {} only", path.substr(0, 200), allowed)));
  }
  reply(refusal(404, ErrorKind::NotFound, "there is nothing here: see docs/control-api.md"));
}

void ControlApi::ping(Call& call) const {
  call.reply(
      json_response({{"version", version()}, {"protocol", control_protocol}, {"pid", ::getpid()}}));
}

void ControlApi::list(Call& call) const {
  json::array list;
  for (const DataflowStatus& dataflow : target_.dataflows(wanted_usage(call.query)))
    list.push_back(daemon::to_json(dataflow));
  call.reply(json_response({{"schema_version", 1}, {"dataflows", std::move(list)}}));
}

void ControlApi::show(Call& call) const {
  const auto id = find(call.names.front());
  if (!id) return call.reply(error_response(id.error()));
  for (const DataflowStatus& dataflow : target_.dataflows(wanted_usage(call.query)))
    if (dataflow.run.id == *id) return call.reply(json_response(daemon::to_json(dataflow)));
  call.reply(error_response({ErrorKind::NotFound, "it was forgotten just now"}));
}

void ControlApi::start(Call& call) const {
  auto request = parse_start_request(call.body);
  if (!request) return call.reply(error_response(request.error()));
  target_.start(*std::move(request), [reply = std::move(call.reply)](Result<StartedRun> started) {
    reply(started ? json_response(to_json(*started)) : error_response(started.error()));
  });
}

void ControlApi::stop(Call& call) const {
  const auto options = parse_stop_options(call.body);
  if (!options) return call.reply(error_response(options.error()));
  const auto id = find(call.names.front());
  if (!id) return call.reply(error_response(id.error()));
  target_.stop(*id, *options, [reply = std::move(call.reply)](Result<RunResult> result) {
    if (!result) return reply(error_response(result.error()));
    reply(json_response({{"uuid", result->id},
                         {"name", result->name},
                         {"status", result->succeeded ? "Finished" : "Failed"},
                         {"summary", failure_summary(*result)}}));
  });
}

void ControlApi::restart(Call& call) const {
  const auto options = parse_stop_options(call.body);
  if (!options) return call.reply(error_response(options.error()));
  const auto id = find(call.names.front());
  if (!id) return call.reply(error_response(id.error()));
  target_.restart(*id, *options,
                  [reply = std::move(call.reply), old = *id](Result<StartedRun> started) {
                    if (!started) return reply(error_response(started.error()));
                    json::value answer = to_json(*started);
                    answer.get_object()["old_uuid"] = old;
                    reply(json_response(answer));
                  });
}

void ControlApi::forget(Call& call) const {
  const auto id = find(call.names.front());
  if (!id) return call.reply(error_response(id.error()));
  target_.forget(*id, [id = *id, reply = std::move(call.reply)](const Result<>& forgotten) {
    reply(forgotten ? json_response({{"uuid", id}}) : error_response(forgotten.error()));
  });
}

void ControlApi::shut_down(Call& call) const {
  const auto force = parse_force(call.body);
  if (!force) return call.reply(error_response(force.error()));
  target_.shut_down(*force, [reply = std::move(call.reply)](const Result<>& ended) {
    reply(ended ? json_response(json::object()) : error_response(ended.error()));
  });
}

bool ControlApi::wants_web_socket(const Call& call) {
  if (call.accept) return true;
  call.reply(refusal(426, ErrorKind::InvalidInput, "this is a WebSocket: ask for an upgrade"));
  return false;
}

void ControlApi::watch(Call& call) const {
  if (!wants_web_socket(call)) return;
  // Whoever is about to start a dataflow watches it from its first line on.
  const bool before_start = call.query == "before_start=true";
  const auto id = before_start ? Result<std::string>(call.names.front()) : find(call.names.front());
  if (!id) return call.reply(error_response(id.error()));
  const auto stream = std::make_shared<EventStream>();
  if (const auto watched = target_.watch(*id, before_start, stream->watcher()); !watched)
    return call.reply(error_response(watched.error()));
  // The connection keeps the stream, and with it the watcher.
  stream->set_socket(call.accept({.on_closed = [stream](const Error&) { stream->close(); }}));
}

void ControlApi::sit_down(Call& call) const {
  if (!wants_web_socket(call)) return;
  const auto id = find(call.names.front());
  if (!id) return call.reply(error_response(id.error()));
  const auto terminal = target_.terminal_of(*id, call.names.back());
  if (!terminal) return call.reply(error_response(terminal.error()));
  const auto stream = std::make_shared<TerminalStream>(*terminal);
  stream->open(call.accept(
      {.on_message = [stream](transport::WebSocket::Kind kind,
                              std::string_view text) { stream->on_message(kind, text); },
       .on_closed = [stream](const Error&) { stream->close(); }}));
}

void ControlApi::show_surroundings(Call& call) const {
  const auto id = find(call.names.front());
  if (!id) return call.reply(error_response(id.error()));
  const auto found = target_.surroundings_of(*id, call.names.back());
  if (!found) return call.reply(error_response(found.error()));
  json::object environment;
  for (const auto& [name, value] : found->environment)
    environment[name] = value;
  call.reply(json_response({{"working_directory", found->working_directory.string()},
                            {"environment", std::move(environment)}}));
}

Result<std::string> ControlApi::find(const std::string& name) const {
  std::optional<std::string> over;
  for (const DataflowStatus& dataflow : target_.dataflows(Usage::Unmeasured)) {
    if (dataflow.run.id != name && dataflow.run.name != name) continue;
    if (!dataflow.is_over()) return dataflow.run.id;
    over = dataflow.run.id;  // the latest
  }
  if (over) return *over;
  return fail(ErrorKind::NotFound, fmt::format("no dataflow `{}` runs here", name));
}

}  // namespace dora::daemon

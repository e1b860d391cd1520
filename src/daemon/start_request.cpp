// SPDX-License-Identifier: Apache-2.0
#include "daemon/start_request.hpp"

#include <algorithm>
#include <array>
#include <span>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/random.hpp"
#include "daemon/node_places.hpp"
#include "daemon/plan_run.hpp"
#include "daemon/program_lookup.hpp"
#include "dataflow/load.hpp"

namespace dora::daemon {
namespace {

namespace json = boost::json;

constexpr std::size_t longest_name = 128;

constexpr std::array<std::string_view, 32> qualities = {
    "agile",  "amber", "brave", "brisk", "bright", "calm",  "clear",  "clever",
    "cosmic", "crisp", "deft",  "eager", "fair",   "fleet", "gentle", "golden",
    "happy",  "jolly", "keen",  "kind",  "lively", "lucky", "mellow", "nimble",
    "proud",  "quick", "quiet", "solid", "steady", "sunny", "swift",  "warm"};
constexpr std::array<std::string_view, 32> animals = {
    "badger", "bee",    "beaver", "bison", "crane",  "crow",   "deer",  "dolphin",
    "eagle",  "falcon", "finch",  "fox",   "gecko",  "hare",   "heron", "ibis",
    "jay",    "koala",  "lark",   "lynx",  "marten", "mole",   "moose", "otter",
    "owl",    "panda",  "puffin", "raven", "robin",  "salmon", "tern",  "wolf"};

// 8-4-4-4-12 hex digits: it becomes the name of a folder.
bool is_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
    const char c = text[i];
    const bool is_hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    if (is_dash ? c != '-' : !is_hex) return false;
  }
  return true;
}

Error wrong(std::string_view key, std::string_view expected) {
  return {ErrorKind::InvalidInput, fmt::format("`{}` must be {}", key, expected)};
}

Result<std::string> text_of(std::string_view key, const json::value& value) {
  if (!value.is_string()) return std::unexpected(wrong(key, "a string"));
  std::string text(value.get_string());
  if (text.find('\0') != std::string::npos) return std::unexpected(wrong(key, "free of NUL"));
  return text;
}

Result<bool> switch_of(std::string_view key, const json::value& value) {
  if (!value.is_bool()) return std::unexpected(wrong(key, "true or false"));
  return value.get_bool();
}

Result<std::map<std::string, std::string>> variables_of(std::string_view key,
                                                        const json::value& value) {
  if (!value.is_object()) return std::unexpected(wrong(key, "an object of strings"));
  std::map<std::string, std::string> variables;
  for (const auto& [name, item] : value.get_object()) {
    const std::string variable(name);
    if (variable.empty() || variable.find_first_of(std::string_view("=\0", 2)) != variable.npos)
      return std::unexpected(wrong(key, "an object of strings, by names without `=`"));
    variables[variable] = TRY(text_of(key, item));
  }
  return variables;
}

Result<std::filesystem::path> path_of(std::string_view key, const json::value& value) {
  std::filesystem::path path = TRY(text_of(key, value));
  if (!path.empty() && !path.is_absolute()) return std::unexpected(wrong(key, "an absolute path"));
  return path;
}

Result<NodePlaces> places_of(const json::value& value) {
  if (!value.is_object()) return std::unexpected(wrong("places", "an object of objects"));
  NodePlaces places;
  for (const auto& [node, item] : value.get_object()) {
    if (!item.is_object()) return std::unexpected(wrong("places", "an object of objects"));
    NodePlace& place = places[std::string(node)];
    for (const auto& [key, text] : item.get_object()) {
      if (key == "working_directory") {
        place.working_directory = TRY(path_of(key, text));
      } else if (key == "python_environment") {
        place.python_environment = TRY(path_of(key, text));
      } else if (key == "program") {
        place.program = TRY(path_of(key, text));
      } else {
        return std::unexpected(wrong("places",
                                     "by node an object of `working_directory`, "
                                     "`python_environment` and `program`"));
      }
    }
  }
  return places;
}

json::object to_object(const NodePlaces& places) {
  json::object object;
  for (const auto& [node, place] : places) {
    object[node] = json::object{{"working_directory", place.working_directory.string()},
                                {"python_environment", place.python_environment.string()},
                                {"program", place.program.string()}};
  }
  return object;
}

Result<> take(std::string_view key, const json::value& value, StartRequest& request) {
  if (key == "file") {
    request.file = TRY(text_of(key, value));
    if (!request.file.is_absolute()) return std::unexpected(wrong(key, "an absolute path"));
  } else if (key == "uuid") {
    request.uuid = TRY(text_of(key, value));
    if (!is_uuid(request.uuid)) return std::unexpected(wrong(key, "a UUID in lower case"));
  } else if (key == "name") {
    request.name = TRY(text_of(key, value));
    if (request.name.size() > longest_name)
      return std::unexpected(wrong(key, fmt::format("at most {} bytes long", longest_name)));
  } else if (key == "env") {
    request.env = TRY(variables_of(key, value));
  } else if (key == "inherited") {
    request.inherited = TRY(variables_of(key, value));
  } else if (key == "exit_when_nodes_finish") {
    request.exit_when_nodes_finish = TRY(switch_of(key, value));
  } else if (key == "hot_reload") {
    request.hot_reload = TRY(switch_of(key, value));
  } else if (key == "offline") {
    request.is_offline = TRY(switch_of(key, value));
  } else if (key == "allow_shell_nodes") {
    request.allow_shell_nodes = TRY(switch_of(key, value));
  } else if (key == "places") {
    request.places = TRY(places_of(value));
  } else {
    return fail(ErrorKind::InvalidInput,
                fmt::format("`{}` is unknown here: the keys are `file`, `uuid`, `name`, `env`, "
                            "`inherited`, `exit_when_nodes_finish`, `hot_reload`, `offline`, "
                            "`allow_shell_nodes` and `places`",
                            key.substr(0, longest_name)));
  }
  return {};
}

json::object to_object(const std::map<std::string, std::string>& variables) {
  json::object object;
  for (const auto& [name, value] : variables)
    object[name] = value;
  return object;
}

std::string_view any_of(std::span<const std::string_view> words) {
  unsigned char byte = 0;
  fill_random({&byte, 1});
  return words[byte % words.size()];
}

}  // namespace

Result<StartRequest> parse_start_request(std::string_view body) {
  // Variables and paths are bytes, whatever the locale.
  json::parse_options options;
  options.allow_invalid_utf8 = true;
  boost::system::error_code error;
  const json::value parsed =
      json::parse(json::string_view(body.data(), body.size()), error, {}, options);
  if (error || !parsed.is_object())
    return fail(ErrorKind::InvalidInput, "the body is not a JSON object");
  StartRequest request;
  for (const auto& [key, value] : parsed.get_object())
    TRY(take(std::string_view(key.data(), key.size()), value, request));
  if (request.file.empty()) return fail(ErrorKind::InvalidInput, "`file` is missing");
  return request;
}

std::string to_json(const StartRequest& request) {
  json::object object{{"file", request.file.string()}, {"env", to_object(request.env)}};
  if (!request.uuid.empty()) object["uuid"] = request.uuid;
  if (!request.name.empty()) object["name"] = request.name;
  if (request.inherited) object["inherited"] = to_object(*request.inherited);
  if (request.exit_when_nodes_finish)
    object["exit_when_nodes_finish"] = *request.exit_when_nodes_finish;
  object["hot_reload"] = request.hot_reload;
  object["offline"] = request.is_offline;
  object["allow_shell_nodes"] = request.allow_shell_nodes;
  if (!request.places.empty()) object["places"] = to_object(request.places);
  return json::serialize(object);
}

Result<RunPlan> plan_request(const StartRequest& request) {
  const EnvironmentMap inherited = request.inherited ? *request.inherited : inherited_environment();
  const dataflow::LoadResult loaded =
      dataflow::load(request.file, [&](const std::string& name) -> std::optional<std::string> {
        const auto found = inherited.find(name);
        return found == inherited.end() ? std::nullopt : std::optional(found->second);
      });
  if (!loaded.dataflow)
    return fail(ErrorKind::InvalidInput, dataflow::render(loaded.diagnostics, dataflow::Color::No));
  RunPlan plan = TRY(plan_run(*loaded.dataflow,
                              {.name = request.name.empty() ? two_word_name() : request.name,
                               .environment = {request.env.begin(), request.env.end()},
                               .exit_when_nodes_finish = request.exit_when_nodes_finish,
                               .hot_reload = request.hot_reload,
                               .is_offline = request.is_offline},
                              request.places));
  if (!request.uuid.empty()) plan.id = request.uuid;
  plan.inherited = inheritable(inherited);
  use_places(request.places, *plan.inherited, plan);
  plan.allow_shell_nodes = request.allow_shell_nodes;
  const LookupContext context{.inherited = *plan.inherited,
                              .program_directory = own_program_directory(),
                              .allow_shell_nodes = plan.allow_shell_nodes};
  for (NodePlan& node : plan.nodes) {
    if (node.is_dynamic()) continue;
    // What is not found is told by the run, with its node.
    if (auto command = find_command(node, context)) node.command = *std::move(command);
  }
  return plan;
}

std::string two_word_name() {
  return fmt::format("{}-{}", any_of(qualities), any_of(animals));
}

}  // namespace dora::daemon

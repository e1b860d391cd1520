// SPDX-License-Identifier: Apache-2.0
#include "cli/run_options.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/spelling.hpp"
#include "cli/dataflow_file.hpp"
#include "cli/duration.hpp"
#include "cli/env_option.hpp"

namespace dora::cli {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

Result<std::optional<nanoseconds>> duration_of(const ParsedCommand& command,
                                               std::string_view flag) {
  const auto text = command.value(flag);
  if (!text) return std::optional<nanoseconds>();
  return std::optional(TRY(parse_duration(*text).while_doing(flag)));
}

Result<std::optional<bool>> switch_of(const ParsedCommand& command, std::string_view flag) {
  const auto text = command.value(flag);
  if (!text) return std::optional<bool>();
  if (*text == "true") return std::optional(true);
  if (*text == "false") return std::optional(false);
  return fail(ErrorKind::InvalidInput, fmt::format("{}={}: use true or false", flag, *text));
}

/// Each value may be a list itself.
std::vector<std::string> names_of(const ParsedCommand& command, std::string_view flag) {
  std::vector<std::string> names;
  for (const std::string& value : command.values(flag)) {
    for (std::string_view rest = value; !rest.empty();) {
      const std::string_view name = rest.substr(0, rest.find(','));
      rest.remove_prefix(std::min(rest.size(), name.size() + 1));
      if (!name.empty()) names.emplace_back(name);
    }
  }
  return names;
}

bool is_true(const std::optional<std::string>& value) {
  return value && (*value == "true" || *value == "1");
}

}  // namespace

Result<RunOptions> parse_run_options(const ParsedCommand& command, const Environment& environment) {
  RunOptions options;
  options.path = command.arguments().front();
  options.name = command.value("--name").value_or("");
  options.stop_after = TRY(duration_of(command, "--stop-after"));
  if (const auto grace = TRY(duration_of(command, "--grace-duration")))
    options.grace = duration_cast<milliseconds>(*grace);
  options.log_filter = TRY(parse_log_filter(command.value("--log-level").value_or("stdout"),
                                            command.value("--log-filter").value_or("")));
  const bool as_json = command.command().name == "run" && command.has("--json");
  options.log_format =
      TRY(parse_log_format(as_json ? "json" : command.value("--log-format").value_or("pretty")));
  options.hides_logs = environment("DORA_QUIET").value_or("false") != "false" &&
                       environment("DORA_QUIET").value_or("0") != "0";
  options.muted = names_of(command, "--mute");
  options.shown = names_of(command, "--only");
  options.exit_code_from = command.value("--exit-code-from").value_or("");
  const auto variables = command.values("--env");
  options.environment = TRY(parse_env_options(variables));
  options.exit_when_nodes_finish = TRY(switch_of(command, "--exit-when-nodes-finish"));
  options.watches = command.has("--watch");
  options.hot_reload = command.has("--hot-reload") || options.watches;
  options.allows_shell_nodes =
      command.has("--allow-shell-nodes") || is_true(environment("DORA_ALLOW_SHELL_NODES"));
  options.ignores_deploy = command.has("--ignore-deploy");
  options.is_verbose = command.has("--verbose");
  options.skips_build = command.has("--no-build");
  options.builds_all = command.has("--build");
  options.uses_uv = command.has("--uv");
  options.sources = TRY(parse_source_flags(command));
  if (command.command().name == "run" && command.has("--coordinator-addr"))
    options.notices.emplace_back("--coordinator-addr: `dora run` needs no coordinator");
  return options;
}

Result<> check_node_names(RunOptions& options, const dataflow::Dataflow& dataflow) {
  std::vector<std::string> known;
  for (const dataflow::Node& node : dataflow.nodes)
    known.push_back(node.id.text());
  const auto mistake = [&](std::string_view flag, const std::string& name) -> std::string {
    if (std::ranges::find(known, name) != known.end()) return "";
    const auto near = closest_match(name, known);
    return fmt::format("`{} {}`: the dataflow has no such node{}", flag, name,
                       near ? fmt::format(", did you mean `{}`?", *near)
                            : fmt::format("; it has: {}", fmt::join(known, ", ")));
  };
  const auto check = [&](std::string_view flag, const std::string& name) -> Result<> {
    std::string wrong = mistake(flag, name);
    return wrong.empty() ? Result<>() : fail(ErrorKind::NotFound, std::move(wrong));
  };
  for (const std::string& name : options.muted)
    TRY(check("--mute", name));
  for (const std::string& name : options.shown)
    TRY(check("--only", name));
  if (!options.exit_code_from.empty()) TRY(check("--exit-code-from", options.exit_code_from));
  // No error: DORA_LOG_FILTER may be set for several dataflows.
  for (const auto& [name, level] : options.log_filter.nodes)
    if (std::string wrong = mistake("--log-filter", name); !wrong.empty())
      options.notices.push_back(std::move(wrong));
  return {};
}

Result<std::filesystem::path> find_dataflow_file(const std::string& typed) {
  if (is_url(typed)) {
    return fail(
        ErrorKind::InvalidInput,
        fmt::format("{}: only `dora run` downloads a dataflow: fetch the file first", typed));
  }
  if (typed.find('\0') != std::string::npos || typed.empty())
    return fail(ErrorKind::InvalidInput, "PATH is empty");
  std::error_code error;
  if (!std::filesystem::is_directory(typed, error)) {
    for (const char* ending : {".py", ".c", ".cc", ".cpp", ".rs", ".sh"})
      if (typed.ends_with(ending))
        return fail(ErrorKind::NotFound,
                    fmt::format("{} is the name of a program, not of a dataflow: name the YAML "
                                "file that has it as a node's `path`; `dora new` makes an example",
                                typed));
    return std::filesystem::path(typed);
  }
  for (const char* name : {"dataflow.yml", "dataflow.yaml"}) {
    std::filesystem::path file = std::filesystem::path(typed) / name;
    if (std::filesystem::exists(file, error)) return file;
  }
  return fail(ErrorKind::NotFound,
              fmt::format("the folder {} holds no dataflow.yml: name the YAML file", typed));
}

}  // namespace dora::cli

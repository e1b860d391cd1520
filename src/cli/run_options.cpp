// SPDX-License-Identifier: Apache-2.0
#include "cli/run_options.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "cli/dataflow_file.hpp"
#include "cli/duration.hpp"
#include "cli/env_option.hpp"

namespace dora::cli {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr std::array<std::pair<std::string_view, std::string_view>, 1> not_yet{{
    {"--coordinator-addr", "`dora run` needs no coordinator"},
}};

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
  const auto variables = command.values("--env");
  options.environment = TRY(parse_env_options(variables));
  options.exit_when_nodes_finish = TRY(switch_of(command, "--exit-when-nodes-finish"));
  options.hot_reload = command.has("--hot-reload");
  options.allows_shell_nodes =
      command.has("--allow-shell-nodes") || is_true(environment("DORA_ALLOW_SHELL_NODES"));
  options.ignores_deploy = command.has("--ignore-deploy");
  options.is_verbose = command.has("--verbose");
  options.skips_build = command.has("--no-build");
  options.builds_all = command.has("--build");
  options.uses_uv = command.has("--uv");
  options.sources = TRY(parse_source_flags(command));
  for (const auto& [flag, what] : not_yet)
    if (command.has(flag)) options.notices.push_back(fmt::format("{}: {}", flag, what));
  return options;
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
  if (!std::filesystem::is_directory(typed, error)) return std::filesystem::path(typed);
  for (const char* name : {"dataflow.yml", "dataflow.yaml"}) {
    std::filesystem::path file = std::filesystem::path(typed) / name;
    if (std::filesystem::exists(file, error)) return file;
  }
  return fail(ErrorKind::NotFound,
              fmt::format("the folder {} holds no dataflow.yml: name the YAML file", typed));
}

}  // namespace dora::cli

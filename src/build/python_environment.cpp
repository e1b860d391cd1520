// SPDX-License-Identifier: Apache-2.0
#include "build/python_environment.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <utility>

#include <fmt/format.h>

#include "base/version.hpp"

namespace dora::build {
namespace {

namespace fs = std::filesystem;

constexpr const char* stamp_name = "dora-stamp";

// Requirements of packaged nodes on dora-rs are met by what stands for it, whatever they say.
constexpr const char* overrides = "dora-rs\n";
constexpr const char* overrides_name = "dora-overrides.txt";

}  // namespace

std::string value_of(const Variables& variables, std::string_view name) {
  const auto found = variables.find(std::string(name));
  return found == variables.end() ? std::string() : found->second;
}

PythonEnvironment::PythonEnvironment(fs::path folder, const PythonTools& tools,
                                     const OnLine& on_line, const StopSignal& stop)
    : folder_(std::move(folder)), tools_(tools), on_line_(on_line), stop_(stop) {}

Result<> PythonEnvironment::create(const std::string& python, const fs::path& working_directory,
                                   const Variables& variables) {
  std::error_code error;
  fs::create_directories(folder_.parent_path(), error);
  if (error)
    return fail(ErrorKind::Failed, fmt::format("{}: {}", folder_.string(), error.message()));
  Command command{.words = {tools_.uv.string(), "venv", "--quiet", "--clear", "--no-project"},
                  .working_directory = working_directory,
                  .environment = variables};
  if (!python.empty()) command.words.insert(command.words.end(), {"--python", python});
  command.words.push_back(folder_.string());
  TRY(run_command(command, on_line_, stop_).while_doing("making the environment with `uv venv`"));
  std::ofstream file(folder_ / overrides_name);
  file << overrides;
  file.close();
  if (!file) return fail(ErrorKind::Failed, fmt::format("writing into {}", folder_.string()));
  return {};
}

Result<> PythonEnvironment::add_dora(const Variables& variables) {
  const std::string attempt = "putting dora into the environment";
  // The user's own folder of sources goes before what is installed here.
  if (const std::string source = value_of(variables, "DORA_PYTHON_RUNTIME_SOURCE");
      !source.empty()) {
    return run_command({.words = {tools_.uv.string(), "pip", "install", "--quiet", source, "pip"},
                        .working_directory = folder_,
                        .environment = entered(variables, folder_)},
                       on_line_, stop_)
        .while_doing(attempt);
  }
  const std::string missing =
      TRY(ask_command(
              {.words = {tools_.own_python.string(), "-m", "dora._environment", folder_.string()},
               .working_directory = folder_,
               .environment = variables},
              stop_)
              .while_doing(attempt));
  if (missing.empty()) return {};
  Command command{.words = {tools_.uv.string(), "pip", "install", "--quiet"},
                  .working_directory = folder_,
                  .environment = entered(variables, folder_)};
  std::istringstream lines(missing);
  for (std::string requirement; std::getline(lines, requirement);)
    command.words.push_back(requirement);
  return run_command(command, on_line_, stop_).while_doing(attempt);
}

Result<> PythonEnvironment::check(const Variables& variables) {
  const std::string attempt = "`import dora` in the environment";
  const std::string answer =
      TRY(ask_command({.words = {python().string(), "-c",
                                 "import dora; print(dora.__file__, dora.__version__, sep='\\n')"},
                       .working_directory = folder_,
                       .environment = entered(variables, folder_)},
                      stop_)
              .while_doing(attempt));
  const std::string file = answer.substr(0, answer.find('\n'));
  const bool is_ours =
      answer.ends_with("\n" + std::string(version())) &&
      (file.starts_with(folder_.string()) || variables.contains("DORA_PYTHON_RUNTIME_SOURCE"));
  if (is_ours) return {};
  return fail(ErrorKind::Failed, fmt::format("{} finds another dora: {}", attempt, file));
}

std::string environment_stamp(const fs::path& folder) {
  std::error_code error;
  if (!fs::exists(folder / "bin/python", error)) return {};
  std::ostringstream text;
  text << std::ifstream(folder / stamp_name).rdbuf();
  return text.str();
}

std::string PythonEnvironment::stamp() const {
  return environment_stamp(folder_);
}

void PythonEnvironment::remove_stamp() {
  std::error_code error;
  fs::remove(folder_ / stamp_name, error);
}

Result<> PythonEnvironment::set_stamp(const std::string& stamp) {
  const fs::path partial = folder_ / fmt::format("{}.partial", stamp_name);
  std::ofstream file(partial);
  file << stamp;
  file.close();
  std::error_code error;
  if (file) fs::rename(partial, folder_ / stamp_name, error);
  if (!file || error) return fail(ErrorKind::Failed, fmt::format("writing {}", partial.string()));
  return {};
}

Variables PythonEnvironment::entered(Variables variables, const fs::path& folder) {
  for (const char* name : {"PYTHONHOME", "PYTHONPATH", "CONDA_PREFIX", "UV_PYTHON",
                           "UV_PROJECT_ENVIRONMENT", "UV_SYSTEM_PYTHON"})
    variables.erase(name);
  variables["VIRTUAL_ENV"] = folder.string();
  std::string& path = variables["PATH"];
  path = (folder / "bin").string() + (path.empty() ? "" : ":" + path);
  std::string& list = variables["UV_OVERRIDE"];
  list = (list.empty() ? "" : list + " ") + (folder / overrides_name).string();
  add_pip_settings(variables);
  return variables;
}

}  // namespace dora::build

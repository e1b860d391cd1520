// SPDX-License-Identifier: Apache-2.0
#include "build/node_task.hpp"

#include <algorithm>
#include <string_view>

#include "base/spelling.hpp"
#include "build/script_block.hpp"
#include "daemon/program_lookup.hpp"

namespace dora::build {
namespace {

void add_lines(std::string_view text, std::vector<std::string>& lines) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::size_t begin = line.find_first_not_of(" \t\r");
    if (begin == std::string_view::npos) continue;
    lines.emplace_back(line.substr(begin, line.find_last_not_of(" \t\r") + 1 - begin));
  }
}

std::string_view first_word(std::string_view line) {
  return line.substr(0, line.find_first_of(" \t"));
}

bool is_script(const dataflow::Node& node) {
  return node.kind == dataflow::NodeKind::Program && node.path.ends_with(".py");
}

bool has_python_operator(const dataflow::Node& node) {
  return std::ranges::any_of(node.operators, [](const dataflow::Operator& part) {
    return part.language == dataflow::OperatorLanguage::Python && !part.conda_env;
  });
}

/// What the package of a node asks for. A program that is downloaded is ready to run.
void add_package(const dataflow::HubPackage& package, NodeTask& task) {
  task.subfolder = package.subfolder;
  if (!package.url.empty()) {
    task.download = {.url = package.url, .sha256 = package.sha256};
    return;
  }
  add_lines(package.build, task.lines);
  // `pip install .` writes into its folder, which another node may share.
  task.only_installs = false;
  task.entrypoint = package.entrypoint;
  task.has_environment = package.is_python;
  if (!package.repository.empty()) {
    task.git = dataflow::GitSource{
        .url = package.repository, .branch = {}, .tag = {}, .rev = package.commit};
  }
  if (!package.folder.empty()) task.working_directory = package.folder;
}

}  // namespace

bool is_pip(std::string_view word) {
  return word == "pip" || word == "pip3";
}

NodeTask placed(NodeTask task, const std::filesystem::path& working_directory) {
  task.working_directory = working_directory;
  if (task.script_in_clone.empty()) return task;
  std::filesystem::path script = working_directory / task.script_in_clone;
  if (!read_script_block(script)) return task;
  task.script = std::move(script);
  task.has_environment = true;
  return task;
}

std::vector<NodeTask> plan_tasks(const dataflow::Dataflow& dataflow, Managed managed) {
  const bool uses_uv = managed == Managed::All;
  std::vector<NodeTask> tasks;
  for (const dataflow::Node& node : dataflow.nodes) {
    NodeTask task;
    task.node = node.id.text();
    add_lines(node.build.value_or(""), task.lines);
    for (const dataflow::Operator& part : node.operators)
      add_lines(part.build.value_or(""), task.lines);
    if (managed != Managed::None && is_script(node) && node.git) task.script_in_clone = node.path;
    if (managed != Managed::None && is_script(node) && !node.git &&
        read_script_block(dataflow.base_directory / node.path))
      task.script = dataflow.base_directory / node.path;
    const auto installs = [](const std::string& line) { return is_pip(first_word(line)); };
    task.only_installs = std::ranges::all_of(task.lines, installs);
    // A program that pip installs, such as `path: dora-echo`, is a Python node, too.
    task.has_environment =
        !task.script.empty() ||
        (uses_uv &&
         (has_python_operator(node) || (is_script(node) && !task.lines.empty()) ||
          (node.kind == dataflow::NodeKind::Program && std::ranges::any_of(task.lines, installs))));
    task.git = node.git;
    task.working_directory = dataflow.base_directory;
    if (node.package) add_package(*node.package, task);
    if (node.kind == dataflow::NodeKind::Download)
      task.download = {.url = node.path, .sha256 = to_lower(node.path_sha256.value_or(""))};
    if (task.lines.empty() && !task.has_environment && !task.git && !task.download &&
        task.entrypoint.empty())
      continue;
    task.variables = dataflow::merged_environment(dataflow, node);
    std::erase_if(task.variables,
                  [](const auto& each) { return daemon::is_reserved_variable(each.first); });
    tasks.push_back(std::move(task));
  }
  std::ranges::sort(tasks, {}, &NodeTask::node);
  return tasks;
}

}  // namespace dora::build

// SPDX-License-Identifier: Apache-2.0
// What a run shows to people: the terminals of its nodes, and what surrounds them.
#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/spelling.hpp"
#include "daemon/run.hpp"
#include "message/node_config.hpp"

namespace dora::daemon {

Result<NodeIndex> Run::find(std::string_view node) const {
  std::vector<std::string> names;
  for (NodeIndex index = 0; index < plan_.nodes.size(); ++index) {
    names.push_back(plan_.nodes[index].id.text());
    if (names.back() == node) return index;
  }
  const auto near = closest_match(node, names);
  return fail(
      ErrorKind::NotFound,
      fmt::format("[{}] has no node `{}`{}; its nodes are: {}", plan_.name, node,
                  near ? fmt::format(", did you mean `{}`?", *near) : "", fmt::join(names, ", ")));
}

Result<std::shared_ptr<NodeTerminal>> Run::terminal_of(std::string_view node) const {
  const NodeIndex index = TRY(find(node));
  const NodePlan& plan = plan_.nodes[index];
  if (plan.is_dynamic()) {
    return fail(ErrorKind::Unsupported,
                fmt::format("`{}` is a dynamic node: its terminal is where it was started", node));
  }
  if (!plan.has_terminal) {
    return fail(ErrorKind::Unsupported,
                fmt::format("`{}` has no terminal: its dataflow says `tty: false`", node));
  }
  const auto& process = nodes_[index].process;
  if (process && process->terminal()) return process->terminal();
  return fail(ErrorKind::Busy, fmt::format("`{}` does not run now: it is {}", node,
                                           to_string(state_.status(index))));
}

Result<NodeSurroundings> Run::surroundings_of(std::string_view node) const {
  const NodeIndex index = TRY(find(node));
  const NodePlan& plan = plan_.nodes[index];
  NodeSurroundings surroundings{plan.working_directory, {}};
  for (const std::string& variable : TRY(node_environment(plan, lookup_.inherited, {}))) {
    const auto equals = variable.find('=');
    if (equals == std::string::npos) continue;
    surroundings.environment[variable.substr(0, equals)] = variable.substr(equals + 1);
  }
  // Its interpreter is `python` there, and the programs that came with it are found.
  const bool is_python = plan.program.kind == ProgramPlan::Kind::PythonScript ||
                         plan.program.kind == ProgramPlan::Kind::PythonOperators;
  if (is_python && !nodes_[index].command.program.empty()) {
    std::string& path = surroundings.environment["PATH"];
    path = nodes_[index].command.program.parent_path().string() + (path.empty() ? "" : ":") + path;
  }
  return surroundings;
}

}  // namespace dora::daemon

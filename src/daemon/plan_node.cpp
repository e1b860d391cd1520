// SPDX-License-Identifier: Apache-2.0
#include "daemon/plan_node.hpp"

#include <fmt/format.h>

#include "daemon/plan_run.hpp"
#include "daemon/program_lookup.hpp"
#include "dataflow/load_node.hpp"

namespace dora::daemon {

Result<NodePlan> plan_node(const RunPlan& run, const std::filesystem::path& file,
                           std::string_view replaced) {
  const EnvironmentMap inherited = run.inherited ? *run.inherited : inherited_environment();
  std::vector<dataflow::KnownNode> known;
  for (const NodePlan& node : run.nodes)
    if (!node.is_removed && node.id.text() != replaced) known.push_back({node.id, node.outputs});
  const dataflow::LoadResult loaded = dataflow::load_node(
      file, run.working_directory, known,
      [&](const std::string& name) -> std::optional<std::string> {
        const auto found = inherited.find(name);
        return found == inherited.end() ? std::nullopt : std::optional(found->second);
      });
  if (!loaded.dataflow)
    return fail(ErrorKind::InvalidInput, dataflow::render(loaded.diagnostics, dataflow::Color::No));
  RunPlan planned = TRY(plan_run(*loaded.dataflow, {}));
  if (planned.nodes.empty()) {
    return fail(ErrorKind::Unsupported,
                "a timer is no process that could be added: let the inputs that need it read "
                "dora/timer/…");
  }
  NodePlan node = std::move(planned.nodes.front());
  // What is said for all nodes, below what the node says itself.
  node.environment.insert(run.environment.begin(), run.environment.end());
  if (node.is_dynamic()) return node;
  const LookupContext context{.inherited = inheritable(inherited),
                              .program_directory = own_program_directory(),
                              .allow_shell_nodes = run.allow_shell_nodes};
  node.command = TRY(find_command(node, context));
  return node;
}

}  // namespace dora::daemon

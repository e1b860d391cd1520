#pragma once
// SPDX-License-Identifier: Apache-2.0
// Which program is executed for a node, and with which environment.

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "daemon/run_plan.hpp"

namespace dora::daemon {

using EnvironmentMap = std::map<std::string, std::string>;

struct LookupContext {
  /// What nodes inherit, see inherited_environment().
  EnvironmentMap inherited;
  /// Where the program `dora` stands.
  std::filesystem::path program_directory;
  bool allow_shell_nodes = false;
};

/// The environment of this process without what nodes must not see: tokens, and whatever would be
/// loaded into every program.
EnvironmentMap inherited_environment();
/// The same of an environment that somebody sent.
EnvironmentMap inheritable(EnvironmentMap variables);

/// Whether a dataflow may not set this variable: it belongs to dora, or loads code into every
/// program, or is no name at all.
bool is_reserved_variable(std::string_view name);

/// The directory of the running program.
std::filesystem::path own_program_directory();

/// What to execute for `node`. Fails with NotFound when there is no such program, naming the place
/// where it was looked for, and with InvalidInput when it cannot be executed, saying why. May run
/// `uv` or `python --version` and wait for them, a few seconds at most.
Result<Command> find_command(const NodePlan& node, const LookupContext& context);

/// The interpreter of the Python scripts of `node`, the first of these that is there:
///   1. bin/python of the active environment (VIRTUAL_ENV, else CONDA_PREFIX)
///   2. .venv/bin/python in the working directory or above it, when uv is installed
///   3. python beside the program dora: a dora that was installed into an environment which is not
///      active finds the modules that it came with
///   4. what `uv python find` answers
///   5. python on PATH, unless it is Python 2
///   6. python3 on PATH
Result<std::filesystem::path> find_python(const NodePlan& node, const LookupContext& context);

/// What the process of `node` sees, as "NAME=value": the inherited environment, what dora sets
/// (`own`), the node's own over it. Fails with InvalidInput when the kernel would refuse it.
Result<std::vector<std::string>> node_environment(const NodePlan& node,
                                                  const EnvironmentMap& inherited,
                                                  const EnvironmentMap& own);

/// The first executable file of that name in the directories of `path` ("/a:/b").
std::filesystem::path find_on_path(std::string_view name, std::string_view path);

}  // namespace dora::daemon

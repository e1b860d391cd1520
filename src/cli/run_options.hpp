#pragma once
// SPDX-License-Identifier: Apache-2.0
// What the flags of `dora run` ask for, checked. A value.

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "cli/build_session.hpp"
#include "cli/command_line.hpp"
#include "cli/console_format.hpp"
#include "cli/log_filter.hpp"
#include "dataflow/dataflow.hpp"

namespace dora::cli {

struct RunOptions {
  /// As it was typed.
  std::string path;
  std::string name;
  std::optional<std::chrono::nanoseconds> stop_after;
  std::chrono::milliseconds grace{10'000};
  LogFilter log_filter;
  LogFormat log_format = LogFormat::Pretty;
  /// DORA_QUIET: nodes' lines go to their files only.
  bool hides_logs = false;
  /// Nodes whose lines are not shown, and the only ones whose lines are; empty: all.
  std::vector<std::string> muted;
  std::vector<std::string> shown;
  /// The node whose exit code is ours, and whose end is the end of the run.
  std::string exit_code_from;
  std::map<std::string, std::string> environment;
  std::optional<bool> exit_when_nodes_finish;
  bool hot_reload = false;
  /// Nodes are restarted when their programs are saved.
  bool watches = false;
  bool allows_shell_nodes = false;
  bool ignores_deploy = false;
  /// Tells at a terminal, too, that nodes start and end.
  bool is_verbose = false;
  bool skips_build = false;
  /// Runs `build:` commands that have succeeded before, too.
  bool builds_all = false;
  /// Managed Python environments.
  bool uses_uv = false;
  SourceWishes sources;

  build::BuildOptions::When when_to_build() const {
    using When = build::BuildOptions::When;
    return skips_build ? When::Never : builds_all ? When::Always : When::Changed;
  }

  /// Flags that were given and do nothing yet: what to tell the user about them.
  std::vector<std::string> notices;
};

/// Fails with InvalidInput, naming the flag.
Result<RunOptions> parse_run_options(const ParsedCommand& command, const Environment& environment);

/// Fails with NotFound when a flag names a node that `dataflow` has not.
Result<> check_node_names(RunOptions& options, const dataflow::Dataflow& dataflow);

/// The YAML file that `typed` means: itself, or dataflow.yml or dataflow.yaml in the folder it is.
/// A path that does not exist is returned as it is: reading it will tell.
///
/// Fails with NotFound for a folder that holds neither, InvalidInput for a URL.
Result<std::filesystem::path> find_dataflow_file(const std::string& typed);

}  // namespace dora::cli

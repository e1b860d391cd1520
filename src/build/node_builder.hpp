#pragma once
// SPDX-License-Identifier: Apache-2.0
// Builds one node. Lives in the thread that builds it, for as long as that takes.

#include <functional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "build/command.hpp"
#include "build/node_task.hpp"
#include "build/python_environment.hpp"
#include "build/session.hpp"
#include "build/stop_signal.hpp"
#include "daemon/program_lookup.hpp"

namespace dora::build {

class NodeBuilder {
 public:
  /// `owner` is the name of the dataflow's file.
  NodeBuilder(const NodeTask& task, const daemon::LookupContext& lookup, const PythonTools& tools,
              std::string owner);

  /// What a success now would leave. Reads the files that the commands name.
  NodeRecord record() const;

  /// Whether what `record` stands for is still there.
  bool is_there(const NodeRecord& record) const;

  /// What a package starts: in its environment or its folder, and nowhere else. Fails with
  /// NotFound.
  Result<std::filesystem::path> find_entrypoint() const;

  /// Makes the environment if it is to have one, and runs the commands. Blocks. The error names the
  /// command and holds its last lines.
  Result<> run(const OnLine& on_line, const StopSignal& stop) const;

 private:
  Result<> run_in_environment(const OnLine& on_line, const StopSignal& stop) const;
  /// What the script's `requires-python` asks for; empty: `python_` will do.
  Result<std::string> wanted_python(const StopSignal& stop) const;
  Result<> run_lines(const OnLine& on_line, const StopSignal& stop) const;
  /// What commands inherit, without an environment.
  Variables variables() const;
  Variables environment() const;
  std::filesystem::path environment_folder() const;
  std::string stamp(const NodeRecord& record) const;
  Result<> run_line(const std::string& line, const OnLine& on_line, const StopSignal& stop) const;
  Result<> run_words(std::vector<std::string> words, const std::string& attempt,
                     const OnLine& on_line, const StopSignal& stop) const;
  /// Lets packages that require `dora-rs` be content with the dora of `python_`. Whether it is
  /// ours.
  bool stands_for_dora_rs(const StopSignal& stop) const;
  /// The words of a `pip` command, for the environment in which the node runs.
  Result<std::vector<std::string>> with_right_pip(std::vector<std::string> words) const;
  /// The virtual environment that `python_` belongs to, or nothing.
  std::filesystem::path virtual_environment() const;

  const NodeTask& task_;
  const daemon::LookupContext& lookup_;
  const PythonTools& tools_;
  std::string owner_;
  /// Which runs the node if it is a Python one; empty: there is none.
  std::filesystem::path python_;
};

}  // namespace dora::build

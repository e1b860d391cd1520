#pragma once
// SPDX-License-Identifier: Apache-2.0
// Whether what a dataflow starts is there. Looks at the disk through a seam; starts nothing.

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dataflow/dataflow.hpp"
#include "dataflow/diagnostic.hpp"
#include "dataflow/load.hpp"

namespace dora::dataflow {

/// What is asked about the disk.
class ProgramFinder {
 public:
  enum class Found { Nothing, Directory, File, Executable };

  virtual ~ProgramFinder() = default;
  /// What is at `path`, symbolic links followed.
  virtual Found look(const std::filesystem::path& path) = 0;
  /// The file that the command `name` runs.
  virtual std::optional<std::filesystem::path> find_command(const std::string& name) = 0;
  /// The names of the files in `directory`, at most some hundreds, for suggestions.
  virtual std::vector<std::string> list(const std::filesystem::path& directory) = 0;
};

/// Looks at the disk, and for commands at the directories of PATH.
class DiskProgramFinder : public ProgramFinder {
 public:
  explicit DiskProgramFinder(std::string search_path) : search_path_(std::move(search_path)) {}
  Found look(const std::filesystem::path& path) override;
  std::optional<std::filesystem::path> find_command(const std::string& name) override;
  std::vector<std::string> list(const std::filesystem::path& directory) override;

 private:
  std::string search_path_;
};

/// Where the program of `node` is: beside the dataflow, else a command. Nothing when it is neither.
/// Symbolic links stay as they are: a virtual environment's `bin/python` must not be resolved.
std::optional<std::filesystem::path> resolve_program(const Dataflow& dataflow, const Node& node,
                                                     ProgramFinder& finder,
                                                     const EnvironmentLookup& environment);

/// The file of an operator as the dataflow names it, variables included. Nothing for URLs, modules
/// and what is never run.
std::optional<std::string> operator_file(const Operator& each);

/// The programs and operators of `dataflow` that are not there or cannot be executed. What `build`,
/// git, a hub or a download will bring is not judged.
std::vector<Diagnostic> check_programs(const Dataflow& dataflow, ProgramFinder& finder,
                                       const EnvironmentLookup& environment);

}  // namespace dora::dataflow

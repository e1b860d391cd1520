#pragma once
// SPDX-License-Identifier: Apache-2.0
// Reads the dataflow that a command was given, and tells all that is wrong with it.

#include <filesystem>
#include <optional>
#include <string>

#include "cli/terminal.hpp"
#include "dataflow/load.hpp"
#include "dataflow/type_check.hpp"

namespace dora::cli {

struct DataflowFile {
  /// As the user would write it.
  std::filesystem::path path;
  dataflow::LoadResult loaded;
};

/// Finds and reads the file alone. Nothing when there is none to read: the reason has been printed,
/// and `exit_code` says how to end.
std::optional<DataflowFile> load_dataflow_file(const std::string& typed, const Terminal& terminal,
                                               int& exit_code);

/// Finds and reads the file, and looks whether its programs are there. Nothing when there is none
/// to read: the reason has been printed, and `exit_code` says how to end.
std::optional<DataflowFile> read_dataflow_file(const std::string& typed, const Terminal& terminal,
                                               const Environment& environment, int& exit_code);

/// Looks whether its programs are there. With one missing, there is no dataflow any more.
void check_programs(dataflow::LoadResult& loaded, const Environment& environment);

/// Compares the type annotations of its edges, with the types that its folder brings along.
dataflow::TypeReport check_types_of(const dataflow::Dataflow& dataflow, bool is_strict);

/// Whether `typed` is an address of the web, not a path.
bool is_url(std::string_view typed);

/// Downloads a dataflow into the current directory and returns its name there. Blocks.
///
/// Fails with NotFound when it cannot be had, Busy when another file has its name.
Result<std::string> download_dataflow(const std::string& url);

/// Prints the diagnostics to stderr, with a last line that counts them when there are errors:
/// "2 errors, nothing was started".
void print_diagnostics(const dataflow::LoadResult& loaded, const Terminal& terminal,
                       std::string_view consequence);

}  // namespace dora::cli

#pragma once
// SPDX-License-Identifier: Apache-2.0
// From YAML text to a checked Dataflow. Everything wrong is reported at once, in the order of the
// file. No input can make these functions fail in another way than by a diagnostic.

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dataflow/dataflow.hpp"
#include "dataflow/diagnostic.hpp"
#include "dataflow/file_source.hpp"

namespace dora::dataflow {

/// The value of an environment variable, or nothing when it is not set.
using EnvironmentLookup = std::function<std::optional<std::string>(const std::string& name)>;

/// Asks the environment of this process.
EnvironmentLookup process_environment();

struct ParseOptions {
  /// The name to show in diagnostics.
  std::string file_name = "dataflow.yml";
  /// Absolute; every relative path starts here.
  std::filesystem::path base_directory = {};
  /// For `$NAME` in values of `env`. Without it no variable is set.
  EnvironmentLookup environment = {};
  /// Where module files are read. Without it no module can be read.
  FileSource* files = nullptr;
};

struct LoadResult {
  /// Nothing when there is an error.
  std::optional<Dataflow> dataflow;
  /// What can be drawn nevertheless: the dataflow whose only errors are inputs that read what is
  /// not there. Never to be started.
  std::optional<Dataflow> sketch = {};
  /// Errors and warnings in the order of the file.
  std::vector<Diagnostic> diagnostics;
  /// How many more there were; at most 100 are kept.
  std::size_t omitted = 0;
};

/// Checks `text`, which touches neither disk nor process except through `options`.
LoadResult parse(std::string_view text, const ParseOptions& options = {});

/// Reads and checks the file at `path`. Never blocks on what is not a regular file.
LoadResult load(const std::filesystem::path& path,
                const EnvironmentLookup& environment = process_environment());

/// Checks the module file at `path` by itself: a dataflow that uses it, every port bound to a
/// clock.
LoadResult load_module(const std::filesystem::path& path,
                       const EnvironmentLookup& environment = process_environment());

}  // namespace dora::dataflow

#pragma once
// SPDX-License-Identifier: Apache-2.0
// Finds the packages that the nodes of a dataflow name by `hub`, and checks that the nodes are
// wired as their manifests say. Blocks while an index is fetched.

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "build/lock_file.hpp"
#include "dataflow/dataflow.hpp"
#include "dataflow/diagnostic.hpp"
#include "hub/index_fetcher.hpp"

namespace dora::hub {

struct ResolveOptions {
  /// The environment of this program.
  std::map<std::string, std::string> variables{};
  IndexFetcher::Ask ask = IndexFetcher::Ask::Always;
  /// Folders that take the place of packages, by `<namespace>/<name>`.
  std::map<std::string, std::filesystem::path> overrides{};
  /// What was built before; nothing: the highest versions that fit.
  const build::LockFile* lock = nullptr;
  /// Whether every package must be in it.
  bool is_locked = false;
  /// Whether an index that cannot be read is only worth a warning.
  bool tolerates_unreachable = false;
};

struct Resolution {
  std::vector<dataflow::Diagnostic> diagnostics;
  /// "node `x`: acme/lidar 1.2.0 at 0123456789ab", one for each package.
  std::vector<std::string> notes;
};

/// Sets `package` of every Hub node for which there is one.
Resolution resolve_packages(dataflow::Dataflow& dataflow, const ResolveOptions& options);

/// Whether there is anything to do.
bool has_packages(const dataflow::Dataflow& dataflow);

}  // namespace dora::hub

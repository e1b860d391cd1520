#pragma once
// SPDX-License-Identifier: Apache-2.0
// Builds a dataflow for `dora build` and `dora run`: shows what its commands print, and ends early
// on a signal. Lives in the process behind the front.

#include <filesystem>

#include "build/builder.hpp"
#include "cli/front_process.hpp"
#include "cli/terminal.hpp"
#include "dataflow/dataflow.hpp"

namespace dora::cli {

struct BuildRequest {
  /// Of the dataflow, as the user would write it.
  std::filesystem::path file;
  build::BuildOptions::When when = build::BuildOptions::When::Changed;
  bool uses_uv = false;
  bool is_parallel = false;
  /// Where lines of commands go: the standard output or the errors.
  bool prints_to_stdout = false;
};

enum class BuildEnd { Built, Failed, Interrupted };

/// What commands inherit, and where programs are.
daemon::LookupContext lookup_context();

/// Builds, and tells all that the user should know. `places` becomes what the build found out about
/// where nodes run. Blocks.
BuildEnd build_dataflow(const dataflow::Dataflow& dataflow, const BuildRequest& request,
                        const Terminal& terminal, const FrontLink& front,
                        build::NodePlaces& places);

}  // namespace dora::cli

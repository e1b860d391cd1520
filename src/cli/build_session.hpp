#pragma once
// SPDX-License-Identifier: Apache-2.0
// Builds a dataflow for `dora build` and `dora run`: shows what its commands print, and ends early
// on a signal. Lives in the process behind the front.

#include <array>
#include <filesystem>
#include <map>
#include <string>

#include "build/builder.hpp"
#include "cli/command_line.hpp"
#include "cli/command_table.hpp"
#include "cli/front_process.hpp"
#include "cli/terminal.hpp"
#include "daemon/node_places.hpp"
#include "dataflow/load.hpp"

namespace dora::cli {

/// Of commands that build: where sources that are elsewhere come from.
inline constexpr std::array<Flag, 5> source_flags{{
    {.name = "--locked", .help = "Build what the lock file says; fail when it does not fit"},
    {.name = "--write-lockfile",
     .help = "Write which commits were built into the lock file",
     .conflicts = "--locked"},
    {.name = "--lockfile",
     .value = "PATH",
     .help = "The lock file [<name>.dora-lock.yaml beside the dataflow]",
     .takes = Flag::Takes::Value,
     .complete = Complete::Files},
    {.name = "--offline", .help = "Fetch nothing: use what was fetched before"},
    {.name = "--hub-override",
     .value = "NS/NAME=PATH",
     .help = "A folder that takes the place of a package; may be repeated",
     .takes = Flag::Takes::Values,
     .conflicts = "--write-lockfile",
     .complete = Complete::Packages},
}};

/// What they ask for.
struct SourceWishes {
  build::BuildOptions::Lock lock = build::BuildOptions::Lock::None;
  std::filesystem::path lock_file;
  bool is_offline = false;
  /// By `<namespace>/<name>`.
  std::map<std::string, std::filesystem::path> hub_overrides{};
};

/// Fails with InvalidInput, naming the flag.
Result<SourceWishes> parse_source_flags(const ParsedCommand& command);

struct BuildRequest {
  /// Of the dataflow, as the user would write it.
  std::filesystem::path file;
  build::BuildOptions::When when = build::BuildOptions::When::Changed;
  bool uses_uv = false;
  bool is_parallel = false;
  SourceWishes sources{};
  /// Where lines of commands go: the standard output or the errors.
  bool prints_to_stdout = false;
};

enum class BuildEnd { Built, Failed, Interrupted };
/// Of a command that does nothing when the build did not end well.
int exit_code_of(BuildEnd end);

/// What commands inherit, and where programs are.
daemon::LookupContext lookup_context();

/// Whether there is something that may have to be built, or a lock file to be looked at: then
/// programs are looked for afterwards.
bool builds_first(const dataflow::LoadResult& loaded, bool uses_uv, const SourceWishes& sources);

/// Builds, and tells all that the user should know. `places` becomes what the build found out about
/// where nodes run. Blocks.
BuildEnd build_dataflow(const dataflow::Dataflow& dataflow, const BuildRequest& request,
                        const Terminal& terminal, const FrontLink& front,
                        daemon::NodePlaces& places);

/// What build_dataflow() has found out, in another process or earlier. Blocks.
///
/// Fails with NotFound when something has not been built that must be.
Result<daemon::NodePlaces> find_places(const dataflow::Dataflow& dataflow,
                                       const BuildRequest& request);

}  // namespace dora::cli

#pragma once
// SPDX-License-Identifier: Apache-2.0
// The engine side of `dora daemon`: runs whatever it is asked to, until it is asked to end.
//
//   Serving ─SIGTERM, SIGINT─► Stopping ─last dataflow ended, or a second signal─► exit
//      └──────────────────────dora down──────────────────────────────────────────► exit

#include <filesystem>
#include <string>

#include "base/file_descriptor.hpp"
#include "cli/front_process.hpp"
#include "cli/terminal.hpp"

namespace dora::cli {

struct DaemonOptions {
  std::string instance;
  /// Where what happens is written down; empty: in memory only.
  std::filesystem::path store{};
  bool allows_shell_nodes = false;
  /// Told in one line that the daemon is there, then closed; or none.
  FileDescriptor ready;
};

/// Serves and returns the exit code of the program. Blocks.
int run_daemon_session(DaemonOptions options, const Terminal& terminal, FrontLink front);

}  // namespace dora::cli

#pragma once
// SPDX-License-Identifier: Apache-2.0
// The engine side of `dora run`: one dataflow in the foreground, from its start to its exit code.
// Owns the event loop and everything on it; lives in the process behind the front.
//
//   Running ─Ctrl-C, SIGTERM, SIGHUP, --stop-after, dora stop─► Stopping ─second Ctrl-C─► Killing
//      └───────────────────────────────last node ended──────────────────────────────────────► exit

#include "cli/front_process.hpp"
#include "cli/run_options.hpp"
#include "cli/terminal.hpp"
#include "daemon/run_plan.hpp"

namespace dora::cli {

/// Runs the dataflow and returns the exit code of the program. Blocks.
int run_session(const RunOptions& options, const Terminal& terminal, daemon::RunPlan plan,
                FrontLink front);

}  // namespace dora::cli

#pragma once
// SPDX-License-Identifier: Apache-2.0
// What `dora start` does once a dataflow is to be started in another dora: asks for it, and shows
// what happens, until its processes have been made (detached) or until its end (attached).
//
//   connecting ─► asking ─► watching ─┬─ finished ──────────────► its result
//                                     ├─ Ctrl-C: asks for a stop, twice: kills, thrice: leaves
//                                     └─ connection lost ───────► says so; the dataflow is on its
//                                     own
//
// It only looks: whatever ends this process but Ctrl-C, the dataflow goes on.

#include <string>
#include <vector>

#include "base/result.hpp"
#include "cli/control_client.hpp"
#include "cli/log_console.hpp"
#include "cli/terminal.hpp"

namespace dora::cli {

struct StartWish {
  Instance instance;
  daemon::StartRequest request;
  bool is_attached = false;
  bool as_json = false;
  LogConsole::Options console{};
  /// The status line and its keys.
  bool has_screen = false;
};

/// Returns the exit code. Blocks.
Result<int> start_and_watch(StartWish wish, const Terminal& terminal);

}  // namespace dora::cli

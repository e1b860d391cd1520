#pragma once
// SPDX-License-Identifier: Apache-2.0
// `dora run` is four processes, so that the death of any three of them, at whatever moment, leaves
// nothing behind:
//
//   shell ── front ──fork──► watcher ──fork──► engine ──► nodes
//              └─────fork──► guard
//
// The front has the terminal and only waits: it passes signals on and gives back the exit code. The
// engine does the work. The watcher is small and does nothing, so that hardly anything can kill it.
// Each of them is a subreaper and watches its neighbours by pidfd: whoever is left finds every
// process of the dataflow below itself, however it hid (fork twice, setsid, nohup), and kills it.
// The guard waits until none of the three is left (see guard_process.hpp).
// Watcher and engine have process groups of their own: Ctrl-C in a terminal reaches the front
// alone.

#include <functional>

#include <sys/types.h>

#include "base/file_descriptor.hpp"
#include "base/result.hpp"

namespace dora::cli {

/// What the engine knows of the processes above it.
struct FrontLink {
  /// Whose signals are the user's: the next process above.
  pid_t front = -1;
  /// Readable when that has died.
  FileDescriptor front_death;
  /// A signalfd with SIGINT, SIGTERM and, unless it was ignored (nohup), SIGHUP. All are blocked.
  FileDescriptor signals;
  /// What is typed at the front's terminal, key by key; none unless FrontKeys::Forwarded and there
  /// is such a terminal.
  FileDescriptor keys{};
};

enum class FrontKeys { Untouched, Forwarded };

enum class EngineEnd { Exited, Killed };

/// Runs `engine` in a process of its own, which ends with the exit code that it returns. Returns
/// that exit code, or 1 when the engine or the watcher was killed.
///
/// `clean_up` is called in the front and in the watcher when the process below is gone, and in the
/// watcher when the front is: it kills every process below the caller. To be called while the
/// program has one thread only. Blocks. Fails when there can be no other process.
Result<int> run_behind_front(const std::function<int(FrontLink)>& engine,
                             const std::function<void(EngineEnd)>& clean_up,
                             FrontKeys forwarding = FrontKeys::Untouched);

}  // namespace dora::cli

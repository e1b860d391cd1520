#pragma once
// SPDX-License-Identifier: Apache-2.0
// `dora run` is two processes, so that the death of either leaves nothing behind:
//
//   shell ── front ──fork──► engine ──► nodes
//
// The front only waits. It passes signals on to the engine once, gives back its exit code, and
// adopts and kills every process of the dataflow when the engine dies of something. The engine
// watches the front the same way. The engine has a process group of its own: Ctrl-C in a terminal
// reaches the front alone.

#include <functional>

#include <sys/types.h>

#include "base/file_descriptor.hpp"
#include "base/result.hpp"

namespace dora::cli {

/// What the engine knows of its front.
struct FrontLink {
  pid_t front = -1;
  /// Readable when the front has died.
  FileDescriptor front_death;
  /// A signalfd with SIGINT, SIGTERM and, unless it was ignored (nohup), SIGHUP. All are blocked.
  FileDescriptor signals;
};

enum class EngineEnd { Exited, Killed };

/// Forks, runs `engine` in the child and ends the child with the exit code that it returns. In the
/// parent, waits for it and returns its exit code, or 1 when it was killed.
///
/// `clean_up` is called in the parent when the engine is gone, and kills every process below the
/// caller. To be called while the program has one thread only. Blocks. Fails when there can be no
/// second process.
Result<int> run_behind_front(const std::function<int(FrontLink)>& engine,
                             const std::function<void(EngineEnd)>& clean_up);

}  // namespace dora::cli

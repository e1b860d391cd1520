#pragma once
// SPDX-License-Identifier: Apache-2.0
// The process that is left when front, watcher and engine (see front_process.hpp) are killed at one
// instant. Nobody above the nodes lives then, so they are not found by descent but by their mark
// (daemon/node_life.hpp), which only processes that wiped their environment do not carry.
//
//   prepare() ──► start() ──► waits ──end of all others──► kills what is left, and ends
//                               └───────── end() ─────────► killed: it was not needed
//
// It has a session and a name of its own and holds nothing open.

#include <optional>

#include <sys/types.h>

#include "base/file_descriptor.hpp"

namespace dora::cli {

class GuardProcess {
 public:
  /// To be called before those are forked whose end it is to wait for. Nothing when there can be
  /// none.
  static std::optional<GuardProcess> prepare();
  /// Forks it. To be called while the program has one thread only.
  void start();
  /// Ends and reaps it.
  void end();

 private:
  GuardProcess(FileDescriptor reader, FileDescriptor life)
      : reader_(std::move(reader)), life_(std::move(life)) {}

  FileDescriptor reader_;
  /// Every process that was forked since has it: its last copy goes with the last of them.
  FileDescriptor life_;
  pid_t pid_ = -1;
  FileDescriptor pidfd_;
};

}  // namespace dora::cli

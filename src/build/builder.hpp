#pragma once
// SPDX-License-Identifier: Apache-2.0
// Builds the nodes of a dataflow: fetches those that are elsewhere, runs their `build:` commands
// and remembers on disk what succeeded, so that it is done once. Whatever ends a build early,
// Ctrl-C or kill -9, a node whose commands did not all succeed is not built, and is built again.
//
// Nodes are built one after the other in the order of their ids, as their commands may use the same
// Python environment or folder; with `is_parallel` beside each other, unless they have a command in
// common, and always those that only install packages into an environment of their own.

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "daemon/node_places.hpp"
#include "daemon/program_lookup.hpp"
#include "dataflow/dataflow.hpp"

namespace dora::build {

struct BuildOptions {
  /// Of the dataflow; absolute.
  std::filesystem::path file;
  /// What commands inherit, and where programs are.
  daemon::LookupContext lookup;
  enum class When {
    Changed,  ///< runs commands that did not succeed before, or would do something else now
    Always,   ///< runs all commands
    Never,    ///< only finds what was built
  };
  When when = When::Changed;
  /// `--uv`: Python nodes that have something to build get environments of their own.
  bool uses_uv = false;
  bool is_parallel = false;
  /// Nobody is asked: sources are those that were fetched before.
  bool is_offline = false;
  enum class Lock {
    None,
    Check,  ///< sources are those of the lock file, which must have been written for this dataflow
    Write,  ///< what was built is written into the lock file
  };
  Lock lock = Lock::None;
  /// Empty: the usual one.
  std::filesystem::path lock_file;
};

/// Told what happens, from one thread at a time, not always the same one. All are optional.
struct BuildListener {
  std::function<void(const std::string& node)> on_started;
  std::function<void(const std::string& node, const std::string& line)> on_line;
  std::function<void(const std::string& node, std::chrono::nanoseconds duration)> on_built;
  /// Another process builds in the same folder; this one waits for its end.
  std::function<void()> on_waiting;
};

struct BuildResult {
  std::size_t built = 0;
  std::size_t up_to_date = 0;
  /// By node.
  daemon::NodePlaces places;
};

class Builder {
 public:
  Builder(BuildOptions options, BuildListener listener);
  ~Builder();

  /// Builds what is not built. Blocks. To be called once.
  ///
  /// Fails when a command does, naming the node and the command, with its last lines; then nothing
  /// else is begun, and what runs is stopped.
  Result<BuildResult> build(const dataflow::Dataflow& dataflow);

  /// Ends build() early; it fails. From any thread.
  void stop();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Whether there is anything for a Builder to do.
bool has_builds(const dataflow::Dataflow& dataflow, const daemon::LookupContext& lookup,
                bool uses_uv);

}  // namespace dora::build

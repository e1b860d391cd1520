#pragma once
// SPDX-License-Identifier: Apache-2.0
// Fetches what a node is made from when that is elsewhere: a git repository or a URL.

#include <filesystem>
#include <string>

#include "base/result.hpp"
#include "build/command.hpp"
#include "build/node_task.hpp"
#include "build/python_environment.hpp"
#include "build/session.hpp"
#include "build/stop_signal.hpp"

namespace dora::build {

struct FetchRequest {
  /// Of the dataflow.
  std::filesystem::path folder;
  /// What git and Python inherit.
  Variables variables;
  /// Downloads; empty: there is none, and nothing can be downloaded.
  std::filesystem::path python;
  /// What was fetched last time.
  SourceRecord known;
  /// The commit that is wanted, whatever the dataflow names; empty: that of the dataflow.
  std::string locked_commit;
  /// Whether what was fetched last time is good enough, if it is still there.
  bool may_reuse = false;
  /// Nobody may be asked: only what is here can be used.
  bool is_offline = false;
};

struct FetchedSource {
  SourceRecord record;
  /// Where the node's commands run and its path begins.
  std::filesystem::path working_directory;
  /// A downloaded program; empty: it is the node's `path`.
  std::filesystem::path program;
  /// It was not here before.
  bool is_new = false;
};

/// Fetches what `task` needs. Blocks. For a task that needs nothing: where its commands run.
Result<FetchedSource> fetch_source(const NodeTask& task, const FetchRequest& request,
                                   const OnLine& on_line, const StopSignal& stop);

/// What `task` wants, without the commit or checksum that only fetching tells.
SourceRecord wanted_source(const NodeTask& task);

/// The same that was fetched before, as `record` tells, without asking anybody.
///
/// Fails with NotFound when it is not there.
Result<FetchedSource> find_source(const NodeTask& task, const std::filesystem::path& folder,
                                  const SourceRecord& record);

}  // namespace dora::build

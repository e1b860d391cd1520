#pragma once
// SPDX-License-Identifier: Apache-2.0
// The dataflows of this user, whichever dora runs them, through each one's control socket. For
// commands: everything here blocks, but never past a deadline.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace dora::cli {

using Deadline = std::chrono::steady_clock::time_point;

/// A running dora, found by its instance directory.
struct Instance {
  std::filesystem::path socket;
  /// For messages: "dora run (pid 4711)".
  std::string description;
};

/// As the control interface tells it; see docs/control-api.md.
struct RunningDataflow {
  Instance instance;
  std::string uuid;
  std::string name;
  std::string status;
  std::string file;
  std::vector<std::string> log_folders;
  std::uint32_t nodes = 0;
  std::vector<std::string> running_nodes;
  std::int64_t started_ns = 0;
  std::uint64_t messages = 0;
  double cpu_percent = 0;
  std::uint64_t memory_bytes = 0;
};

/// The dataflows of one instance. Fails with Unsupported when it speaks another protocol, naming
/// both versions.
Result<std::vector<RunningDataflow>> ask_dataflows(const Instance& instance, Deadline deadline);

struct StopResult {
  bool is_failure = false;
  std::string summary;
};

/// Stops a dataflow and waits for its end.
Result<StopResult> ask_to_stop(const RunningDataflow& dataflow,
                               std::optional<std::chrono::nanoseconds> grace, bool force,
                               Deadline deadline);

/// What all instances run, and what went wrong with some of them.
struct Survey {
  std::vector<RunningDataflow> dataflows;
  std::vector<Error> errors;
};

/// Asks every live instance of this user.
Result<Survey> survey_dataflows(Deadline deadline);

/// The dataflow that was named: by UUID or by name. Without a word, the only one.
///
/// Fails with NotFound, listing what runs, or with InvalidInput when the choice is not clear.
Result<RunningDataflow> choose_dataflow(const std::vector<RunningDataflow>& dataflows,
                                        const std::optional<std::string>& wanted);

}  // namespace dora::cli

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
#include "daemon/control_target.hpp"
#include "daemon/instance_directory.hpp"

namespace dora::cli {

using Deadline = std::chrono::steady_clock::time_point;

/// A running dora, found by its instance directory.
struct Instance {
  std::filesystem::path socket;
  /// For messages: "dora run (pid 4711)".
  std::string description;
  /// "run" or "daemon".
  std::string kind{};
};

Instance to_instance(const daemon::Instance& found);

/// A node of a dataflow, in short.
struct NodeLine {
  std::string id;
  std::string status;
  std::int32_t pid = 0;  ///< 0: it has no process
  std::uint32_t restarts = 0;
  double cpu_percent = 0;
  std::uint64_t memory_bytes = 0;
  std::string cause{};  ///< of its last failure
};

/// As the control interface tells it; see docs/control-api.md.
struct RunningDataflow {
  Instance instance;
  std::string uuid;
  std::string name{};
  std::string status{};
  std::string file{};
  std::vector<std::string> log_folders{};
  std::uint32_t nodes = 0;
  std::vector<std::string> running_nodes{};
  /// Nodes whose process has not been made yet.
  std::vector<std::string> waiting_nodes{};
  std::vector<NodeLine> node_details{};
  /// In more detail than `status`: "starting", "stopping", ...
  std::string state{};
  std::vector<daemon::EdgeTotals> edges{};
  std::int64_t started_ns = 0;
  std::uint64_t messages = 0;
  double cpu_percent = 0;
  std::uint64_t memory_bytes = 0;
  /// What failed, once it is over.
  std::string summary{};
  /// The dora that ran it died.
  bool is_lost = false;

  bool is_running() const { return status == "Running"; }
};

/// Fails with Unsupported when the instance speaks another protocol, naming both versions.
Result<> check_protocol(const Instance& instance, Deadline deadline);

/// The dataflows of one instance. Fails with Unsupported when it speaks another protocol, naming
/// both versions.
Result<std::vector<RunningDataflow>> ask_dataflows(const Instance& instance, Deadline deadline,
                                                   daemon::Usage usage = daemon::Usage::Unmeasured);

struct StopResult {
  bool is_failure = false;
  std::string summary;
};

/// How long nodes may take to end: after the grace period (10 s unless given), half of it passes
/// between SIGTERM and SIGKILL.
std::chrono::nanoseconds patience_for_end(std::optional<std::chrono::nanoseconds> grace,
                                          bool force);

/// Stops a dataflow and waits for its end.
Result<StopResult> ask_to_stop(const RunningDataflow& dataflow,
                               std::optional<std::chrono::nanoseconds> grace, bool force,
                               Deadline deadline);

/// Starts a dataflow; what is wrong with it comes as InvalidInput.
Result<daemon::StartedRun> ask_to_start(const Instance& instance,
                                        const daemon::StartRequest& request, Deadline deadline);

/// The dataflow `uuid`, running or over.
Result<RunningDataflow> ask_dataflow(const Instance& instance, const std::string& uuid,
                                     Deadline deadline,
                                     daemon::Usage usage = daemon::Usage::Unmeasured);

/// Stops a dataflow, starts it again and tells what it is called then.
Result<daemon::StartedRun> ask_to_restart(const RunningDataflow& dataflow,
                                          std::optional<std::chrono::nanoseconds> grace, bool force,
                                          Deadline deadline);

/// Where and with which variables a node runs.
Result<daemon::NodeSurroundings> ask_surroundings(const RunningDataflow& dataflow,
                                                  const std::string& node, Deadline deadline);

/// The target of the WebSocket at which a node's terminal is.
std::string terminal_path(const std::string& uuid, const std::string& node);

/// Makes the instance forget a dataflow that is over.
Result<> ask_to_forget(const RunningDataflow& dataflow, Deadline deadline);

/// Ends the instance. Fails with Busy while it runs dataflows, unless `force` ends them.
Result<> ask_to_shut_down(const Instance& instance, bool force, Deadline deadline);

/// What all instances run, and what went wrong with some of them.
struct Survey {
  std::vector<RunningDataflow> dataflows;
  std::vector<Error> errors;
};

/// Asks every live instance of this user, or only the one named `only`.
Result<Survey> survey_dataflows(Deadline deadline, const std::optional<std::string>& only = {},
                                daemon::Usage usage = daemon::Usage::Unmeasured);

/// The dataflow that was named: by UUID or by name. Without a word, the only one.
///
/// Fails with NotFound, listing what runs, or with InvalidInput when the choice is not clear.
Result<RunningDataflow> choose_dataflow(const std::vector<RunningDataflow>& dataflows,
                                        const std::optional<std::string>& wanted);

/// The running dataflow that was named; without a word, the only one, or the only one that has a
/// node of that name. Fails like choose_dataflow. Blocks for a few seconds at most.
Result<RunningDataflow> find_dataflow_of_node(const std::string& node,
                                              const std::optional<std::string>& wanted,
                                              const std::optional<std::string>& only);

}  // namespace dora::cli

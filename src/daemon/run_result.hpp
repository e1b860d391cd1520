#pragma once
// SPDX-License-Identifier: Apache-2.0
// What is known of a run of a dataflow while it goes on, and when it is over. Values.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace dora::daemon {

/// How the life of a node ended.
enum class Outcome {
  Succeeded,      ///< exit code 0, or ended by a stop
  Failed,         ///< a root of the failure
  Consequential,  ///< failed only because another node did
};

struct NodeResult {
  std::string node;
  Outcome outcome = Outcome::Succeeded;
  /// What happened, e.g. "exited with code 1"; empty when it succeeded.
  std::string cause;
  /// The last lines of its standard error, chosen to show the reason; empty when there are none.
  std::string stderr_excerpt;
  /// The error that ended it and its place, as the node itself told: "KeyError: 'x' (node.py:3)".
  std::string reason;
  /// failure_card(); empty when no process of it failed.
  std::string card;
  /// The node this failure follows from.
  std::string caused_by;
  /// Of its last process; 128 and its number for a signal. -1: it had none.
  int exit_code = -1;
  /// How often it was restarted.
  std::uint32_t restarts = 0;
  /// CLOCK_MONOTONIC; failures are told in this order.
  std::int64_t ended_ns = 0;
};

/// The messages of one connection over the whole run, all incarnations together.
struct EdgeTotals {
  struct Drop {
    std::string reason;  ///< words to be put after the number: "queue full"
    std::uint64_t count = 0;
  };
  std::string producer;
  std::string output;
  std::string consumer;
  std::string input;
  std::uint64_t sent = 0;
  std::uint64_t delivered = 0;
  std::uint64_t bytes = 0;
  std::uint64_t in_flight = 0;
  /// Reasons with a count only.
  std::vector<Drop> drops;

  /// For whatever reason.
  std::uint64_t dropped() const;
  /// Of these, what was still waiting when its reader ended, as happens to whoever is stopped.
  std::uint64_t unread() const;
};

struct RunResult {
  std::string id;
  std::string name;
  bool succeeded = true;
  /// Somebody asked it to stop.
  bool stopped = false;
  /// Ordered by id.
  std::vector<NodeResult> nodes;
  std::vector<EdgeTotals> edges;
  std::int64_t duration_ns = 0;
  /// The folder of its logs.
  std::string log_folder;
};

/// The failures as text for people: roots in the order of time, how many followed, where the logs
/// are. To be printed after "Dataflow failed:". Empty when nothing failed.
std::string failure_summary(const RunResult& result);

enum class NodeStatus { Waiting, Starting, Running, Restarting, Degraded, Stopped, Failed };
/// "running", "restarting", ...
const char* to_string(NodeStatus status);

struct NodeInfo {
  std::string node;
  NodeStatus status = NodeStatus::Waiting;
  std::int32_t pid = -1;
  std::uint32_t restarts = 0;
  std::string cause;            ///< of the last failure
  std::int64_t spawned_ns = 0;  ///< monotonic; of its current life
  double cpu_percent = 0;       ///< of one core, of all its processes, since then
  std::uint64_t memory_bytes = 0;
  /// Inputs whose circuit breaker is open.
  std::vector<std::string> broken_inputs{};
  /// Inputs ("node/input") for room in which its senders wait.
  std::vector<std::string> blocked_on{};
};

enum class RunStatus { Starting, Running, Stopping, Finished, Failed };
const char* to_string(RunStatus status);

struct RunInfo {
  std::string id;
  std::string name;
  RunStatus status = RunStatus::Starting;
  std::string file;                ///< the YAML it came from
  std::int64_t started_at_ns = 0;  ///< since the Unix epoch
  /// Where its nodes' log files are; usually one folder.
  std::vector<std::string> log_folders;
  std::vector<NodeInfo> nodes;
  std::vector<EdgeTotals> edges;
};

}  // namespace dora::daemon

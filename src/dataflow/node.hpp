#pragma once
// SPDX-License-Identifier: Apache-2.0
// One node of a dataflow, after modules were expanded and all sources were checked.

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.hpp"
#include "dataflow/hub_package.hpp"
#include "dataflow/input.hpp"
#include "dataflow/operator.hpp"
#include "dataflow/ros2_bridge.hpp"
#include "dataflow/source_text.hpp"

namespace dora::dataflow {

enum class NodeKind {
  Program,    ///< `path`: a script, a file or a command
  Download,   ///< `path` is a URL
  Dynamic,    ///< `path: dynamic`: somebody else starts the process
  Shell,      ///< `path: shell`: `args` is for `sh -c`
  Timer,      ///< `path: dora/timer/...`: no process, consumers tick by themselves
  Operators,  ///< `operator` or `operators`
  Ros2,       ///< `ros2`
  Hub,        ///< `hub`: a package, see Node::package
};

/// A value of `env`, with what it was in YAML.
struct EnvironmentValue {
  enum class Kind { String, Bool, Integer, Float };
  /// As the process sees it.
  std::string text;
  Kind kind = Kind::String;
  bool operator==(const EnvironmentValue&) const = default;
};
using Environment = std::map<std::string, EnvironmentValue>;

/// A repository to clone; at most one of branch, tag and rev is set.
struct GitSource {
  std::string url;
  std::optional<std::string> branch;
  std::optional<std::string> tag;
  std::optional<std::string> rev;
  bool operator==(const GitSource&) const = default;
};

/// A package of the hub: `[<namespace>/]<name>[@<requirement>]`.
struct HubSource {
  std::string name_space = "dora-rs";
  std::string name;
  std::optional<std::string> requirement;
  bool operator==(const HubSource&) const = default;
};

enum class Distribute { Local, Scp, Http };

struct Deploy {
  std::optional<std::string> machine;
  std::optional<std::string> working_dir;
  std::map<std::string, std::string> labels;
  Distribute distribute = Distribute::Local;
  /// Of the key `deploy`.
  Location location;
};

/// `latency: busy` spins for the shortest way from sender to receiver.
enum class Latency { Normal, Busy };

struct Node {
  NodeId id;
  NodeKind kind = NodeKind::Program;
  std::optional<std::string> name;
  std::optional<std::string> description;

  /// As written; inside a module, relative to the dataflow.
  std::string path;
  std::optional<std::string> path_sha256;
  /// Split by split_words(); for Shell the command itself.
  std::optional<std::string> args;
  /// One command per line.
  std::optional<std::string> build;
  std::optional<GitSource> git;
  std::optional<HubSource> hub;
  /// Of a Hub node, once somebody has looked for it.
  std::optional<HubPackage> package;
  /// Of a Timer node.
  std::chrono::nanoseconds timer_interval{0};
  /// Of an Operators node, at least one.
  std::vector<Operator> operators;
  /// Whether it was written as `operator:` (one, addressed without its id).
  bool is_single_operator = false;
  std::optional<Ros2Bridge> ros2;

  /// What the process reads and sends. For operators: all of theirs, as `<operator>/<port>`.
  Ports ports;

  /// The node's own; see Dataflow::env.
  Environment env;
  LogSettings log;
  RestartSettings restart;
  /// Nothing: off.
  std::optional<std::chrono::nanoseconds> health_check_timeout;
  /// Nothing: 120 s, or what DORA_FINISH_DRAIN_GRACE_SECS says.
  std::optional<std::chrono::nanoseconds> finish_grace;
  std::optional<Deploy> deploy;
  std::vector<std::uint32_t> cpu_affinity;
  /// In bytes.
  std::optional<std::uint64_t> shared_memory_pool_size;
  Latency latency = Latency::Normal;
  /// Whether the process gets a terminal.
  bool tty = true;

  /// Of the id, and of what is started.
  Location location;
  Location path_location;

  /// Whether a process belongs to it that dora starts.
  bool is_spawned() const { return kind != NodeKind::Dynamic && kind != NodeKind::Timer; }
  /// Whether some input comes from another node (a clock or the log does not count).
  bool has_node_inputs() const;
};

std::string_view to_text(NodeKind kind);
std::string_view to_text(RestartPolicy policy);
std::string_view to_text(Distribute distribute);

}  // namespace dora::dataflow

#pragma once
// SPDX-License-Identifier: Apache-2.0
// Everything the engine needs to know to run a dataflow: a checked dataflow together with the
// options of this run, in the terms of processes and edges. A value.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "daemon/log_entry.hpp"
#include "daemon/program_checksum.hpp"

namespace dora::daemon {

/// What is executed for a node.
struct ProgramPlan {
  enum class Kind {
    Executable,       ///< `path`, looked up
    PythonScript,     ///< `path` run by a Python interpreter
    Shell,            ///< `sh -c arguments`
    PythonOperators,  ///< the operator runtime of the dora package
    NativeOperators,  ///< `dora runtime`
    Dynamic,          ///< nothing: somebody starts it by hand
  };
  Kind kind = Kind::Executable;
  /// As written in the dataflow.
  std::string path;
  /// As written: split by the rules of a POSIX shell, or given to the shell.
  std::string arguments;
  /// Of PythonOperators: the conda environment whose Python runs them, or empty.
  std::string conda_environment;
  bool operator==(const ProgramPlan&) const = default;
};

/// A program as it is executed.
struct Command {
  std::filesystem::path program;       ///< absolute
  std::vector<std::string> arguments;  ///< the first is the name of the program
  bool operator==(const Command&) const = default;
};

struct RestartPlan {
  enum class Policy { Never, OnFailure, Always };
  Policy policy = Policy::Never;
  /// 0 = no limit.
  std::uint32_t max_restarts = 0;
  std::optional<std::chrono::nanoseconds> delay;
  std::optional<std::chrono::nanoseconds> max_delay;
  std::optional<std::chrono::nanoseconds> window;
  bool operator==(const RestartPlan&) const = default;
};
/// "on-failure", as it is written in a dataflow.
const char* to_string(RestartPlan::Policy policy);

struct InputPlan {
  enum class Queue { Burst, DropOldest, Backpressure };
  DataId id;
  NodeId producer;
  DataId output;
  Queue queue = Queue::Burst;
  std::uint32_t queue_size = 10;
  std::optional<std::chrono::nanoseconds> timeout;
  /// Somebody may have cut it off while it ran.
  bool is_connected = true;
  bool operator==(const InputPlan&) const = default;
};

struct TimerPlan {
  DataId id;
  std::chrono::nanoseconds interval{0};
  std::uint32_t queue_size = 10;
  bool carries_count = false;
  bool operator==(const TimerPlan&) const = default;
};

/// An input that receives the log messages of other nodes.
struct LogInputPlan {
  DataId id;
  LogLevel minimum = LogLevel::Stdout;
  /// Empty: of every other node.
  std::string node;
  InputPlan::Queue queue = InputPlan::Queue::Burst;
  std::uint32_t queue_size = 10;
  bool operator==(const LogInputPlan&) const = default;
};

struct LogPlan {
  std::optional<LogLevel> minimum;
  std::optional<std::uint64_t> max_bytes;
  std::uint32_t max_rotated_files = 5;
  std::optional<DataId> stdout_as;
  std::optional<DataId> logs_as;
  bool operator==(const LogPlan&) const = default;
};

struct NodePlan {
  NodeId id;
  std::optional<std::string> name;  ///< for people
  std::optional<std::string> description;
  ProgramPlan program;
  /// What find_command() answered, for whoever asked already; else the engine asks.
  std::optional<Command> command;
  /// Of the file `program.path`, which was downloaded.
  ProgramChecksum checksum;
  std::filesystem::path working_directory;
  /// The node's own over --env over the dataflow's; reserved names are gone already.
  std::map<std::string, std::string> environment;
  std::vector<DataId> outputs;
  std::vector<InputPlan> inputs;
  std::vector<TimerPlan> timers;
  std::vector<LogInputPlan> log_inputs;
  RestartPlan restart;
  LogPlan log;
  /// Nothing: never killed for being slow to end.
  std::optional<std::chrono::nanoseconds> finish_grace = std::chrono::seconds(120);
  std::optional<std::chrono::nanoseconds> health_check_timeout;
  std::vector<std::uint32_t> cpu_affinity;
  /// Pseudo-terminals for input, output and errors; without: pipes and /dev/null.
  bool has_terminal = true;
  /// It was taken out of the running dataflow. It keeps its place, as others are known by theirs.
  bool is_removed = false;
  bool busy = false;
  /// JSON text for node_config() and the operator runtime.
  std::string config = "{}";
  /// JSON text by key: what somebody set while it ran.
  std::map<std::string, std::string> parameters;
  bool operator==(const NodePlan&) const = default;

  /// Whether it is to send or receive anything.
  bool has_ports() const {
    return !inputs.empty() || !outputs.empty() || !timers.empty() || !log_inputs.empty();
  }
  bool is_dynamic() const { return program.kind == ProgramPlan::Kind::Dynamic; }
};

struct RunPlan {
  /// A new UUID unless given.
  std::string id;
  std::string name;
  /// The YAML, for display.
  std::filesystem::path file;
  /// Of the dataflow: the directory of the YAML.
  std::filesystem::path working_directory;
  /// Of every node that does not say otherwise: --env over what the dataflow says.
  std::map<std::string, std::string> environment;
  /// Ordered by id; those that were added while it ran come last.
  std::vector<NodePlan> nodes;
  /// What nodes inherit; nothing: the environment of the engine.
  std::optional<std::map<std::string, std::string>> inherited;
  /// Whether `path: shell` is allowed, also where the engine does not allow it to everybody.
  bool allow_shell_nodes = false;
  bool exit_when_nodes_finish = false;
  std::chrono::nanoseconds health_check_interval = std::chrono::seconds(5);
  /// How long all nodes together may take to make their Nodes; nothing: for ever.
  std::optional<std::chrono::nanoseconds> start_timeout = std::chrono::minutes(10);
  /// The whole dataflow as JSON text, for dataflow_descriptor().
  std::string descriptor = "{}";
  /// What the user should read before anything starts, e.g. an environment variable that is
  /// ignored.
  std::vector<std::string> warnings;
};

/// The place of the node that is called `id` now; nothing when there is none.
std::optional<std::size_t> find_node(const RunPlan& plan, std::string_view id);

/// What `run` and `start` may set for one run.
struct RunOptions {
  std::string name;
  /// --env KEY=VALUE: below the environment of a node, above that of the dataflow.
  std::vector<std::pair<std::string, std::string>> environment;
  /// Instead of what the YAML says.
  std::optional<bool> exit_when_nodes_finish;
  /// Python operators follow their files.
  bool hot_reload = false;
  /// Operators that are named by URL are those that were downloaded before.
  bool is_offline = false;
};

}  // namespace dora::daemon

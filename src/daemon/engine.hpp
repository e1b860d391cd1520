#pragma once
// SPDX-License-Identifier: Apache-2.0
// Runs dataflows: starts their processes, connects them by shared memory, watches them, ends them.
// Owned by whoever owns the event loop (`dora run`, the background daemon); one thread, nothing
// blocks. Payloads never pass through here.
//
//   start() ─► Starting ─everybody attached─► Running ─last node ended─► Finished | Failed
//                  └──────────stop()──────────► Stopping ────┘

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "daemon/log_entry.hpp"
#include "daemon/run_plan.hpp"
#include "daemon/run_result.hpp"

namespace boost::asio {
class io_context;
}

namespace dora::daemon {

class NodeTerminal;

/// What a node finds around it.
struct NodeSurroundings {
  std::filesystem::path working_directory;
  /// What only its own process can use is left out.
  std::map<std::string, std::string> environment;
};

/// How a run is to be stopped: STOP to all nodes, after `grace` SIGTERM to what is left, after half
/// of it more SIGKILL. `force`: SIGKILL at once.
struct StopOptions {
  std::chrono::milliseconds grace{10'000};
  bool force = false;
};

class Run;

class Engine {
 public:
  struct Options {
    /// Every line of every node, and of the daemon about them. Must not block: a node would wait
    /// for it.
    std::function<void(const LogEntry&)> on_log;
    /// The status of the run or of one of its nodes changed; ask list() when interested.
    std::function<void(const std::string& run)> on_changed;
    /// The last thing that is said of a run. Called once for each run, never from inside start().
    std::function<void(const RunResult&)> on_finished;
    /// The directory of the program `dora`; a `python` beside it is preferred when no environment
    /// is active. Empty: found by /proc/self/exe.
    std::string program_directory;
    /// Whether `path: shell` is allowed.
    bool allow_shell_nodes = false;
  };

  Engine(boost::asio::io_context& loop, Options options);
  /// Kills what still runs, without waiting for it and without telling anybody.
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  /// Starts a run and returns its id. What goes wrong from here on, a missing program included, is
  /// a failure of the run and told by on_finished. When one node cannot be prepared, none is
  /// started.
  std::string start(RunPlan plan);

  /// Lets dynamic nodes attach through a socket at `path` (Instance::node_socket), which the caller
  /// removes.
  Result<> listen_for_nodes(const std::filesystem::path& path);

  /// Asks a run to stop. Asking again can only make it faster. Fails with NotFound when there is no
  /// such run now.
  Result<> stop(std::string_view run, const StopOptions& options);
  void stop_all(const StopOptions& options);

  /// The run with this id that is not over yet, or null. Valid until the loop goes on.
  Run* find(std::string_view run) const;
  /// See Run. Fail with NotFound also when there is no such run now.
  Result<std::shared_ptr<NodeTerminal>> terminal_of(std::string_view run,
                                                    std::string_view node) const;
  Result<NodeSurroundings> surroundings_of(std::string_view run, std::string_view node) const;

  /// The runs that are not over yet, in the order of their start.
  std::vector<RunInfo> list() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace dora::daemon

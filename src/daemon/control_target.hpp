#pragma once
// SPDX-License-Identifier: Apache-2.0
// What the control interface needs from the dora that it speaks for. Everything answers on the
// event loop, at once or later; nothing blocks.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "daemon/engine.hpp"
#include "daemon/node_description.hpp"
#include "daemon/run_result.hpp"
#include "daemon/start_request.hpp"

namespace dora::daemon {

/// One dataflow as `dora list` shows it.
struct DataflowStatus {
  RunInfo run{};
  double cpu_percent = 0;  ///< of one core, of all processes, since the start
  std::uint64_t memory_bytes = 0;
  /// When it was over, since the Unix epoch; 0: it is not.
  std::int64_t ended_at_ns = 0;
  /// What failed, when something did.
  std::string summary{};
  /// The dora that ran it died; found by the one that answers when it came up.
  bool is_lost = false;

  bool is_over() const {
    return run.status == RunStatus::Finished || run.status == RunStatus::Failed;
  }
};

/// Whether what processes take of the machine is to be told, too: all of them are looked at for it.
enum class Usage { Measured, Unmeasured };

/// A dataflow that was started.
struct StartedRun {
  std::string uuid;
  std::string name;
};

/// Somebody who wants to know what happens to a dataflow, for as long as the object lives.
struct Watcher {
  /// Every line of its nodes, and of the daemon about them. Must not block.
  std::function<void(const LogEntry&)> on_log;
  std::function<void(RunStatus)> on_status;
  /// The end; `next` is the UUID under which it starts again, or empty. After that, what the next
  /// one does is told.
  std::function<void(const RunResult&, const std::string& next)> on_finished;
};

class ControlTarget {
 public:
  virtual ~ControlTarget() = default;

  /// Those that run, and those that are over and were not forgotten.
  virtual std::vector<DataflowStatus> dataflows(Usage usage) const = 0;

  /// Fails with InvalidInput, telling every mistake, when the dataflow is wrong, and with Busy when
  /// one of that name runs.
  virtual void start(StartRequest request, std::function<void(Result<StartedRun>)> on_started) = 0;

  /// Stops the dataflow `run`; `on_ended` is called once it has ended, perhaps at once.
  virtual void stop(std::string_view run, const StopOptions& options,
                    std::function<void(Result<RunResult>)> on_ended) = 0;

  /// Stops the dataflow `run` and starts the same one again under a new UUID.
  virtual void restart(std::string_view run, const StopOptions& options,
                       std::function<void(Result<StartedRun>)> on_started) = 0;

  /// Tells `watcher` what happens to the dataflow `run` from now on. With `before_start` it may be
  /// one that is not known yet. Fails with NotFound.
  virtual Result<> watch(std::string_view run, bool before_start,
                         const std::shared_ptr<Watcher>& watcher) = 0;

  /// The terminal of a node, to sit at. Fails with NotFound, with Unsupported when the node has
  /// none, with Busy when it does not run just now.
  virtual Result<std::shared_ptr<NodeTerminal>> terminal_of(std::string_view run,
                                                            std::string_view node) = 0;

  /// Where and with which variables a node runs. Fails with NotFound.
  virtual Result<NodeSurroundings> surroundings_of(std::string_view run, std::string_view node) = 0;

  /// Forgets a dataflow that is over. Fails with NotFound, or with Busy when it runs.
  virtual void forget(std::string_view run, std::function<void(Result<>)> on_forgotten) = 0;

  // One node of a dataflow that runs. Each fails with NotFound when there is no such thing.

  virtual Result<NodeDescription> describe_node(std::string_view run,
                                                std::string_view node) const = 0;
  /// `on_ended` is called once the node has ended, perhaps at once.
  virtual void stop_node(std::string_view run, std::string_view node, const StopOptions& options,
                         std::function<void(Result<>)> on_ended) = 0;
  /// Ends the node's life and begins another one. Fails with Busy when it may not be restarted.
  virtual Result<> restart_node(std::string_view run, std::string_view node,
                                const StopOptions& options) = 0;
  /// JSON text by key.
  virtual Result<std::map<std::string, std::string>> parameters(std::string_view run,
                                                                std::string_view node) const = 0;
  /// With nothing as its value, removes the parameter. `on_set` is called once that would survive
  /// this dora, if anything does.
  virtual void set_parameter(std::string_view run, std::string_view node, const std::string& key,
                             std::optional<std::string> value,
                             std::function<void(Result<>)> on_set) = 0;

  // Changes of a dataflow that runs.

  /// Adds the node that `file` defines, and tells its id.
  virtual void add_node(std::string_view run, const std::filesystem::path& file,
                        std::function<void(Result<std::string>)> on_added) = 0;
  virtual void remove_node(std::string_view run, std::string_view node, const StopOptions& options,
                           std::function<void(Result<>)> on_removed) = 0;
  /// From its next life on, which begins now, the node is what `file` says.
  virtual void replace_node(std::string_view run, std::string_view node,
                            const std::filesystem::path& file, const StopOptions& options,
                            std::function<void(Result<>)> on_replaced) = 0;
  /// Both are written "node/port".
  virtual Result<> connect(std::string_view run, std::string_view output,
                           std::string_view input) = 0;
  virtual Result<> disconnect(std::string_view run, std::string_view output,
                              std::string_view input) = 0;

  /// Ends this dora. Fails with Busy while dataflows run, unless `force` ends them, too.
  virtual void shut_down(bool force, std::function<void(Result<>)> on_ended) = 0;
};

}  // namespace dora::daemon

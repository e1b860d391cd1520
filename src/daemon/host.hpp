#pragma once
// SPDX-License-Identifier: Apache-2.0
// A dora that runs and can be found: its engine, its directory, its control socket, and what it
// remembers of its dataflows. `dora run` is one in the foreground, `dora up` leaves one in the
// background. Lives on its owner's event loop; one more thread reads dataflows, as that may wait
// for programs.
//
//   open() ─► serving ─close()─► closed: the directory is gone, dataflows are killed with the
//   object
//
// While it serves, a directory that somebody removes is made anew.

#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>

#include "daemon/control_api.hpp"
#include "daemon/control_target.hpp"
#include "daemon/directory_watch.hpp"
#include "daemon/engine.hpp"
#include "daemon/history.hpp"
#include "daemon/instance_directory.hpp"
#include "daemon/process_usage.hpp"
#include "daemon/run_state.hpp"
#include "daemon/watchers.hpp"
#include "transport/http_server.hpp"

namespace dora::daemon {

class Host : public ControlTarget {
 public:
  struct Options {
    /// "run", which ends with its dataflow, or "daemon".
    std::string kind;
    /// Of the instance; empty: a new one.
    std::string name{};
    std::string project{};
    std::string file{};
    bool allow_shell_nodes = false;
    /// Where what happens is written down; empty: in memory only. Nothing: not at all.
    std::optional<std::filesystem::path> store{};
  };

  struct Listener {
    std::function<void(const LogEntry&)> on_log;
    /// The status of a run or of one of its nodes changed.
    std::function<void(const std::string& run)> on_changed;
    /// Somebody else asked for the end of a run.
    std::function<void(const std::string& run)> on_stop_asked;
    /// A run is over; everybody who waits for that is told right after. `next` is the UUID under
    /// which it starts again, or empty.
    std::function<void(const RunResult&, const std::string& next)> on_finished;
    /// Somebody asked this dora to end, and nothing runs any more.
    std::function<void()> on_shut_down;
  };

  Host(boost::asio::io_context& loop, Options options, Listener listener);
  ~Host() override;
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  /// Makes the directory and listens. Fails with Busy when a living instance has that name.
  Result<> open();
  /// Answers nobody any more and removes the directory.
  void close();

  const Instance& instance() const { return directory_->instance(); }
  Engine& engine() { return engine_; }
  /// Whether a dataflow runs, what it left behind is being looked for, or its end written down.
  bool is_busy() const { return !known_.empty(); }

  /// Starts a dataflow at once. Fails with Busy when one of that name runs.
  Result<StartedRun> start(RunPlan plan);
  /// Stops every dataflow for good.
  void stop_all(const StopOptions& options);

  std::vector<DataflowStatus> dataflows(Usage usage) const override;
  void start(StartRequest request, std::function<void(Result<StartedRun>)> on_started) override;
  void stop(std::string_view run, const StopOptions& options,
            std::function<void(Result<RunResult>)> on_ended) override;
  void restart(std::string_view run, const StopOptions& options,
               std::function<void(Result<StartedRun>)> on_started) override;
  Result<> watch(std::string_view run, bool before_start,
                 const std::shared_ptr<Watcher>& watcher) override;
  Result<std::shared_ptr<NodeTerminal>> terminal_of(std::string_view run,
                                                    std::string_view node) override {
    return engine_.terminal_of(run, node);
  }
  Result<NodeSurroundings> surroundings_of(std::string_view run, std::string_view node) override {
    return engine_.surroundings_of(run, node);
  }
  void forget(std::string_view run, std::function<void(Result<>)> on_forgotten) override;
  Result<NodeDescription> describe_node(std::string_view run, std::string_view node) const override;
  void stop_node(std::string_view run, std::string_view node, const StopOptions& options,
                 std::function<void(Result<>)> on_ended) override;
  Result<> restart_node(std::string_view run, std::string_view node,
                        const StopOptions& options) override;
  Result<std::map<std::string, std::string>> parameters(std::string_view run,
                                                        std::string_view node) const override;
  void set_parameter(std::string_view run, std::string_view node, const std::string& key,
                     std::optional<std::string> value,
                     std::function<void(Result<>)> on_set) override;
  void add_node(std::string_view run, const std::filesystem::path& file,
                std::function<void(Result<std::string>)> on_added) override;
  void remove_node(std::string_view run, std::string_view node, const StopOptions& options,
                   std::function<void(Result<>)> on_removed) override;
  void replace_node(std::string_view run, std::string_view node, const std::filesystem::path& file,
                    const StopOptions& options, std::function<void(Result<>)> on_replaced) override;
  Result<> connect(std::string_view run, std::string_view output, std::string_view input) override;
  Result<> disconnect(std::string_view run, std::string_view output,
                      std::string_view input) override;
  void shut_down(bool force, std::function<void(Result<>)> on_ended) override;

 private:
  using OnEnded = std::function<void(Result<RunResult>)>;

  struct Known {
    RunPlan plan;
    std::int64_t started_at_ns = 0;  ///< since the Unix epoch
    std::int64_t started_ns = 0;     ///< monotonic
    std::vector<OnEnded> waiting;
    /// It is to be started again under this UUID.
    std::string next;
    std::vector<std::function<void(Result<StartedRun>)>> waiting_for_next;
  };

  /// A node of a dataflow that runs.
  struct FoundNode {
    Run* run;
    NodeIndex index;
  };
  Result<FoundNode> find_node(std::string_view run, std::string_view node) const;
  Result<Run*> find_run(std::string_view run) const;
  /// Reads the definition of a node, off the loop, and then does `what` with it if the dataflow
  /// still runs.
  void with_definition(std::string_view run, const std::filesystem::path& file,
                       std::string_view replaced,
                       std::function<void(Result<std::pair<Run*, NodePlan>>)> what);
  Result<> set_parameter_now(std::string_view run, std::string_view node, const std::string& key,
                             std::optional<std::string> value);
  /// What is changed while it runs is there after a restart, too.
  void remember_changes(std::string_view run);
  /// At the sockets in the directory.
  Result<> listen();
  /// Makes the directory anew if somebody has taken it away.
  void look_after_directory();
  void look_later();
  void on_log(const LogEntry& entry);
  void on_changed(const std::string& run);
  void on_finished(const RunResult& result);
  static DataflowStatus status_at_end(const Known& known, const RunResult& result);
  /// Once its end is written down, everybody hears of it.
  void finish(const RunResult& result, DataflowStatus over);
  /// Starts what ended anew. Returns its UUID, nothing when it could not be started.
  std::string start_next(Known& ended);
  void say(LogLevel level, std::string text) const;
  /// Writes down that `plan` begins, and then starts it.
  void start_recorded(RunPlan plan, std::function<void(Result<StartedRun>)> on_started);
  /// Fails with Busy when a dataflow of that name runs.
  Result<> check_name(const RunPlan& plan) const;

  boost::asio::io_context& loop_;
  Options options_;
  Listener listener_;
  std::map<std::string, Known, std::less<>> known_;  ///< those that run
  std::deque<DataflowStatus> over_;                  ///< the oldest first
  std::unique_ptr<History> history_;
  Watchers watchers_;
  mutable UsageMeter usage_;
  std::optional<InstanceDirectory> directory_;
  ControlApi control_{*this};
  std::optional<transport::HttpServer> server_;
  /// At sockets that were taken away.
  std::vector<transport::HttpServer> earlier_servers_;
  std::optional<DirectoryWatch> watch_;
  boost::asio::steady_timer renewal_;
  bool is_missing_told_ = false;
  std::function<void(Result<>)> on_shut_down_;
  /// Lives on in what was posted to the loop, which looks whether this object still does.
  std::shared_ptr<Host*> self_;
  Engine engine_;
  /// Last: waits for its thread before anything else goes.
  boost::asio::thread_pool planner_{1};
};

}  // namespace dora::daemon

// SPDX-License-Identifier: Apache-2.0
#include "daemon/host.hpp"

#include <algorithm>
#include <utility>

#include <boost/asio/post.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "daemon/process_usage.hpp"
#include "transport/unix_socket.hpp"

namespace dora::daemon {
namespace {

/// Of dataflows that are over, so many are remembered.
constexpr std::size_t most_remembered = 200;

std::vector<pid_t> processes_of(const RunInfo& run) {
  std::vector<pid_t> pids;
  for (const NodeInfo& node : run.nodes)
    if (node.pid > 0) pids.push_back(node.pid);
  return pids;
}

std::unexpected<Error> no_such_run(std::string_view run) {
  return fail(ErrorKind::NotFound, fmt::format("no dataflow `{}` runs here", run));
}

}  // namespace

Host::Host(boost::asio::io_context& loop, Options options, Listener listener)
    : loop_(loop),
      options_(std::move(options)),
      listener_(std::move(listener)),
      self_(std::make_shared<Host*>(this)),
      engine_(loop, {.on_log = listener_.on_log,
                     .on_changed = listener_.on_changed,
                     .on_finished = [this](const RunResult& result) { on_finished(result); },
                     .program_directory = {},
                     .allow_shell_nodes = options_.allow_shell_nodes}) {}

Host::~Host() {
  *self_ = nullptr;
  close();
}

Result<> Host::open() {
  auto directory =
      TRY(InstanceDirectory::create(options_.name, options_.kind, options_.project, options_.file));
  TRY(engine_.listen_for_nodes(directory.instance().node_socket())
          .while_doing("listening for dynamic nodes"));
  auto listener = TRY(transport::listen_on_unix_socket(directory.control_socket()));
  directory_.emplace(std::move(directory));
  server_.emplace(
      loop_, std::move(listener),
      [this](const transport::HttpRequest& request, transport::HttpServer::Reply reply) {
        control_.answer(request, std::move(reply));
      },
      transport::HttpServer::Options{});
  return {};
}

void Host::close() {
  server_.reset();
  directory_.reset();
}

Result<StartedRun> Host::start(RunPlan plan) {
  if (plan.id.empty()) plan.id = new_uuid();
  for (const auto& [id, known] : known_) {
    // Asked for twice, started once.
    if (id == plan.id) return StartedRun{id, known.plan.name};
    if (!plan.name.empty() && known.plan.name == plan.name) {
      return fail(ErrorKind::Busy,
                  fmt::format("a dataflow named `{}` is running already ({}): stop it, or give "
                              "this one another name",
                              plan.name, id));
    }
  }
  StartedRun started{plan.id, plan.name};
  Known& known = known_[plan.id];
  known.plan = plan;
  known.started_at_ns = realtime_ns();
  known.started_ns = monotonic_ns();
  engine_.start(std::move(plan));
  return started;
}

void Host::start(StartRequest request, std::function<void(Result<StartedRun>)> on_started) {
  if (on_shut_down_)
    return on_started(fail(ErrorKind::Busy, "this dora is about to end: start another one"));
  if (options_.kind == "run") {
    return on_started(
        fail(ErrorKind::Unsupported,
             "this is a `dora run`, which runs its own dataflow only: start others with `dora up` "
             "and `dora start`"));
  }
  boost::asio::post(planner_, [this, self = self_, request = std::move(request),
                               on_started = std::move(on_started)]() mutable {
    auto plan = plan_request(request);
    boost::asio::post(loop_,
                      [self, plan = std::move(plan), on_started = std::move(on_started)]() mutable {
                        if (*self == nullptr) return;
                        if (!plan) return on_started(std::unexpected(plan.error()));
                        on_started((*self)->start(*std::move(plan)));
                      });
  });
}

void Host::stop(std::string_view run, const StopOptions& options, OnEnded on_ended) {
  const auto known = known_.find(run);
  if (known == known_.end()) return on_ended(no_such_run(run));
  // It may be over, and its remains be looked for: then its end is near.
  (void)engine_.stop(run, options);
  known->second.next.clear();
  known->second.waiting.push_back(std::move(on_ended));
  if (listener_.on_stop_asked) listener_.on_stop_asked(known->first);
}

void Host::restart(std::string_view run, const StopOptions& options,
                   std::function<void(Result<StartedRun>)> on_started) {
  const auto known = known_.find(run);
  if (known == known_.end()) return on_started(no_such_run(run));
  if (known->second.next.empty()) known->second.next = new_uuid();
  known->second.waiting_for_next.push_back(std::move(on_started));
  (void)engine_.stop(run, options);
}

Result<> Host::forget(std::string_view run) {
  if (known_.contains(run)) {
    return fail(ErrorKind::Busy,
                fmt::format("the dataflow {} is running: stop it before it is forgotten", run));
  }
  const auto removed =
      std::erase_if(over_, [&](const DataflowStatus& each) { return each.run.id == run; });
  if (removed == 0)
    return fail(ErrorKind::NotFound, fmt::format("no dataflow `{}` is known here", run));
  return {};
}

void Host::shut_down(bool force, std::function<void(Result<>)> on_ended) {
  if (options_.kind == "run") {
    return on_ended(fail(ErrorKind::Unsupported,
                         "this is a `dora run`: it ends with its dataflow, so stop that"));
  }
  if (!known_.empty() && !force) {
    std::vector<std::string> names;
    for (const auto& [id, known] : known_)
      names.push_back(fmt::format("[{}] {}", known.plan.name, id));
    return on_ended(
        fail(ErrorKind::Busy, fmt::format("dataflows are running: {}", fmt::join(names, ", "))));
  }
  on_shut_down_ = [earlier = std::move(on_shut_down_),
                   on_ended = std::move(on_ended)](const Result<>& ended) {
    if (earlier) earlier(ended);
    on_ended(ended);
  };
  if (known_.empty()) {
    on_shut_down_({});
    return listener_.on_shut_down();
  }
  stop_all({.grace = {}, .force = true});
}

void Host::stop_all(const StopOptions& options) {
  for (auto& [id, known] : known_)
    known.next.clear();
  engine_.stop_all(options);
}

void Host::on_finished(const RunResult& result) {
  auto node = known_.extract(result.id);
  if (node.empty()) return;
  Known& known = node.mapped();
  remember(known, result);
  std::optional<Result<StartedRun>> next;
  if (!known.next.empty()) {
    RunPlan plan = known.plan;
    plan.id = known.next;
    next = start(std::move(plan));
  }
  listener_.on_finished(result, next && *next ? known.next : std::string());
  for (const OnEnded& on_ended : known.waiting)
    on_ended(result);
  const Result<StartedRun> stopped =
      fail(ErrorKind::Failed, "it was stopped for good before it was started again");
  for (const auto& on_started : known.waiting_for_next)
    on_started(next ? *next : stopped);
  if (on_shut_down_ && known_.empty()) {
    on_shut_down_({});
    listener_.on_shut_down();
  }
}

void Host::remember(const Known& known, const RunResult& result) {
  DataflowStatus status;
  status.run.id = result.id;
  status.run.name = result.name;
  status.run.status = result.succeeded ? RunStatus::Finished : RunStatus::Failed;
  status.run.file = known.plan.file.string();
  status.run.started_at_ns = known.started_at_ns;
  for (const NodePlan& node : known.plan.nodes) {
    std::string folder = (node.working_directory / "out" / result.id).string();
    if (std::ranges::find(status.run.log_folders, folder) == status.run.log_folders.end())
      status.run.log_folders.push_back(std::move(folder));
  }
  for (const NodeResult& node : result.nodes) {
    status.run.nodes.push_back(
        {.node = node.node,
         .status = node.outcome == Outcome::Succeeded ? NodeStatus::Stopped : NodeStatus::Failed,
         .restarts = node.restarts,
         .cause = node.cause,
         .blocked_on = {}});
  }
  status.run.edges = result.edges;
  status.ended_at_ns = realtime_ns();
  status.summary = failure_summary(result);
  over_.push_back(std::move(status));
  if (over_.size() > most_remembered) over_.pop_front();
}

std::vector<DataflowStatus> Host::dataflows() const {
  const std::vector<ProcessEntry> processes = list_processes();
  std::vector<RunInfo> running = engine_.list();
  std::vector<DataflowStatus> all;
  for (const auto& [id, known] : known_) {
    const auto found = std::ranges::find(running, id, &RunInfo::id);
    if (found == running.end()) {
      // Its nodes have ended; what they left behind is being looked for.
      DataflowStatus& ending = all.emplace_back();
      ending.run = {.id = id,
                    .name = known.plan.name,
                    .status = RunStatus::Stopping,
                    .file = known.plan.file.string(),
                    .started_at_ns = known.started_at_ns,
                    .nodes = {},
                    .edges = {}};
      continue;
    }
    const ProcessUsage usage = usage_of(processes_of(*found), processes);
    const double elapsed = static_cast<double>(monotonic_ns() - known.started_ns) / 1e9;
    all.push_back({.run = std::move(*found),
                   .cpu_percent = elapsed > 0 ? 100 * usage.cpu_seconds / elapsed : 0,
                   .memory_bytes = usage.memory_bytes});
  }
  std::ranges::copy(over_, std::back_inserter(all));
  return all;
}

}  // namespace dora::daemon

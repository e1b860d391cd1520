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

namespace dora::daemon {
namespace {

/// Of a dataflow that is about to start.
DataflowStatus status_of(const RunPlan& plan) {
  DataflowStatus status;
  status.run.id = plan.id;
  status.run.name = plan.name;
  status.run.file = plan.file.string();
  status.run.started_at_ns = realtime_ns();
  for (const NodePlan& node : plan.nodes) {
    status.run.nodes.emplace_back().node = node.id.text();
    std::string folder = (node.working_directory / "out" / plan.id).string();
    if (std::ranges::find(status.run.log_folders, folder) == status.run.log_folders.end())
      status.run.log_folders.push_back(std::move(folder));
  }
  return status;
}

std::unexpected<Error> no_such_run(std::string_view run) {
  return fail(ErrorKind::NotFound, fmt::format("no dataflow `{}` runs here", run));
}

}  // namespace

Host::Host(boost::asio::io_context& loop, Options options, Listener listener)
    : loop_(loop),
      options_(std::move(options)),
      listener_(std::move(listener)),
      renewal_(loop),
      self_(std::make_shared<Host*>(this)),
      engine_(loop, {.on_log = [this](const LogEntry& entry) { on_log(entry); },
                     .on_changed = [this](const std::string& run) { on_changed(run); },
                     .on_finished = [this](const RunResult& result) { on_finished(result); },
                     .program_directory = {},
                     .allow_shell_nodes = options_.allow_shell_nodes}) {}

Host::~Host() {
  *self_ = nullptr;
  close();
}

Result<> Host::check_name(const RunPlan& plan) const {
  for (const auto& [id, known] : known_) {
    if (!plan.name.empty() && known.plan.name == plan.name) {
      return fail(ErrorKind::Busy,
                  fmt::format("a dataflow named `{}` is running already ({}): stop it, or give "
                              "this one another name",
                              plan.name, id));
    }
  }
  return {};
}

void Host::say(LogLevel level, std::string text) const {
  LogEntry entry;
  entry.level = level;
  entry.time_ns = realtime_ns();
  entry.message = std::move(text);
  listener_.on_log(entry);
}

Result<StartedRun> Host::start(RunPlan plan) {
  if (plan.id.empty()) plan.id = new_uuid();
  // Asked for twice, started once.
  if (const auto known = known_.find(plan.id); known != known_.end())
    return StartedRun{known->first, known->second.plan.name};
  TRY(check_name(plan));
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
                        (*self)->start_recorded(*std::move(plan), std::move(on_started));
                      });
  });
}

void Host::start_recorded(RunPlan plan, std::function<void(Result<StartedRun>)> on_started) {
  if (!history_ || known_.contains(plan.id)) return on_started(start(std::move(plan)));
  if (const auto checked = check_name(plan); !checked)
    return on_started(std::unexpected(checked.error()));
  const DataflowStatus beginning = status_of(plan);
  history_->begin(beginning, [this, plan = std::move(plan),
                              on_started = std::move(on_started)](const Result<>& written) mutable {
    // What is not on the disk is not acknowledged.
    if (!written) {
      return on_started(fail(ErrorKind::Failed,
                             "it was not started, as it cannot be written down in the store: " +
                                 written.error().message));
    }
    const std::string id = plan.id;
    auto started = start(std::move(plan));
    if (!started) history_->forget(id);
    on_started(std::move(started));
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

Result<> Host::watch(std::string_view run, bool before_start,
                     const std::shared_ptr<Watcher>& watcher) {
  if (!before_start && !known_.contains(run)) return no_such_run(run);
  watchers_.add(run, watcher);
  return {};
}

void Host::on_log(const LogEntry& entry) {
  listener_.on_log(entry);
  watchers_.tell_log(entry);
}

void Host::on_changed(const std::string& run) {
  listener_.on_changed(run);
  if (!watchers_.has_any(run)) return;
  for (const RunInfo& info : engine_.list())
    if (info.id == run) watchers_.tell_status(run, info.status);
}

void Host::forget(std::string_view run, std::function<void(Result<>)> on_forgotten) {
  if (known_.contains(run)) {
    return on_forgotten(
        fail(ErrorKind::Busy,
             fmt::format("the dataflow {} is running: stop it before it is forgotten", run)));
  }
  if (std::ranges::none_of(over_, [&](const auto& each) { return each.run.id == run; })) {
    return on_forgotten(
        fail(ErrorKind::NotFound, fmt::format("no dataflow `{}` is known here", run)));
  }
  auto forget = [this, run = std::string(run),
                 on_forgotten = std::move(on_forgotten)](const Result<>& written) {
    if (written) std::erase_if(over_, [&](const auto& each) { return each.run.id == run; });
    on_forgotten(written);
  };
  history_ ? history_->forget(std::string(run), std::move(forget)) : forget({});
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
  const auto known = known_.find(result.id);
  if (known == known_.end()) return;
  DataflowStatus over = status_at_end(known->second, result);
  if (!history_) return finish(result, std::move(over));
  // What is not on the disk is not told: whoever was told looks, and finds it.
  const DataflowStatus written = over;
  history_->end(written, [this, result, over = std::move(over)](const Result<>&) mutable {
    finish(result, std::move(over));
  });
}

void Host::finish(const RunResult& result, DataflowStatus over) {
  auto node = known_.extract(result.id);
  if (node.empty()) return;
  Known& known = node.mapped();
  over_.push_back(std::move(over));
  if (over_.size() > most_remembered) over_.pop_front();
  const std::string next_run = known.next.empty() ? std::string() : start_next(known);
  listener_.on_finished(result, next_run);
  watchers_.tell_finished(result, next_run);
  for (const OnEnded& on_ended : known.waiting)
    on_ended(result);
  if (next_run.empty()) {
    for (const auto& on_started : known.waiting_for_next)
      on_started(fail(ErrorKind::Failed, "it was stopped for good before it was started again"));
  }
  if (on_shut_down_ && known_.empty()) {
    on_shut_down_({});
    listener_.on_shut_down();
  }
}

std::string Host::start_next(Known& ended) {
  RunPlan plan = ended.plan;
  plan.id = ended.next;
  DataflowStatus beginning = status_of(plan);
  const auto started = start(std::move(plan));
  auto tell = [started, waiting = std::move(ended.waiting_for_next)] {
    for (const auto& on_started : waiting)
      on_started(started);
  };
  ended.waiting_for_next.clear();
  if (!started || !history_) {
    tell();
    return started ? started->uuid : std::string();
  }
  history_->begin(beginning, [this, tell](const Result<>& written) {
    if (!written) say(LogLevel::Warn, "the store: " + written.error().message);
    tell();
  });
  return started->uuid;
}

DataflowStatus Host::status_at_end(const Known& known, const RunResult& result) {
  DataflowStatus status = status_of(known.plan);
  status.run.status = result.succeeded ? RunStatus::Finished : RunStatus::Failed;
  status.run.started_at_ns = known.started_at_ns;
  status.run.nodes.clear();
  for (const NodeResult& node : result.nodes) {
    status.run.nodes.push_back(
        {.node = node.node,
         .status = node.outcome == Outcome::Succeeded ? NodeStatus::Stopped : NodeStatus::Failed,
         .restarts = node.restarts,
         .cause = node.reason.empty() ? node.cause : node.cause + ": " + node.reason});
  }
  status.run.edges = result.edges;
  status.ended_at_ns = realtime_ns();
  status.summary = failure_summary(result);
  return status;
}

std::vector<DataflowStatus> Host::dataflows(Usage usage) const {
  if (usage == Usage::Measured) usage_.look_again();
  std::vector<RunInfo> running = engine_.list();
  std::vector<DataflowStatus> all;
  for (const auto& [id, known] : known_) {
    const auto found = std::ranges::find(running, id, &RunInfo::id);
    if (found == running.end()) {
      // Its nodes have ended; what they left behind is being looked for, or its end written down.
      DataflowStatus& ending = all.emplace_back(status_of(known.plan));
      ending.run.status = RunStatus::Stopping;
      ending.run.started_at_ns = known.started_at_ns;
      for (NodeInfo& node : ending.run.nodes)
        node.status = NodeStatus::Stopped;
      continue;
    }
    ProcessUsage taken;
    if (usage == Usage::Measured) {
      for (NodeInfo& node : found->nodes) {
        const ProcessUsage part = usage_.tell(node);
        taken.cpu_seconds += part.cpu_seconds;
        taken.memory_bytes += part.memory_bytes;
      }
    }
    all.push_back({.run = std::move(*found),
                   .cpu_percent = percent_of_a_core(taken.cpu_seconds, known.started_ns),
                   .memory_bytes = taken.memory_bytes});
  }
  std::ranges::copy(over_, std::back_inserter(all));
  return all;
}

}  // namespace dora::daemon

// SPDX-License-Identifier: Apache-2.0
#include "daemon/engine.hpp"

#include <algorithm>
#include <csignal>
#include <deque>
#include <set>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.hpp"
#include "base/crash_point.hpp"
#include "base/random.hpp"
#include "daemon/launcher.hpp"
#include "daemon/node_life.hpp"
#include "daemon/node_listener.hpp"
#include "daemon/process_tree.hpp"
#include "daemon/run.hpp"
#include "transport/unix_socket.hpp"

namespace dora::daemon {
namespace {

using namespace std::chrono_literals;

/// Many nodes that end at once are looked after at once.
constexpr auto after_an_end = 20ms;
/// And then once more, as a quick look may miss one.
constexpr auto after_the_last_end = 200ms;
/// How soon after a killing the sweep looks whether more came to light.
constexpr auto soon = 5ms;
/// How long the end of a run is held back for what it left behind.
constexpr std::int64_t clean_up_patience = 3'000'000'000;
/// How often ended orphans are reaped while their nodes live.
constexpr auto between_sweeps = 5s;

void kill_tree(pid_t root, const std::vector<ProcessEntry>& all) {
  for (const auto& entry : descendants_of(root, all))
    ::kill(entry.pid, SIGKILL);
  ::kill(root, SIGKILL);
}

std::vector<ProcessEntry> entries_of(const std::vector<pid_t>& pids) {
  std::vector<ProcessEntry> entries;
  for (const pid_t pid : pids)
    if (const auto entry = find_process(pid)) entries.push_back(*entry);
  return entries;
}

}  // namespace

struct Engine::State : std::enable_shared_from_this<Engine::State> {
  State(boost::asio::io_context& event_loop, Options engine_options)
      : loop(event_loop), options(std::move(engine_options)), sweeper(event_loop) {}

  /// Kills what ended nodes left behind: processes that became our children because their parent
  /// died, and whose node does not live any more.
  void sweep();
  void sweep_after(std::chrono::milliseconds delay);
  Run* find(std::string_view id) const;

  boost::asio::io_context& loop;
  Options options;
  LookupContext lookup;
  std::vector<std::shared_ptr<Run>> runs;
  /// Runs that are over, but whose end is not told before nothing is left of them, or until a
  /// moment (monotonic).
  std::deque<std::pair<RunResult, std::int64_t>> finished;
  boost::asio::steady_timer sweeper;
  std::optional<std::chrono::steady_clock::time_point> sweep_at;
  bool has_end = false;  ///< of a process, since the last sweep
  std::optional<NodeListener> listener;
};

Engine::Engine(boost::asio::io_context& loop, Options options)
    : state_(std::make_shared<State>(loop, std::move(options))) {
  // A node's standard streams must not land on 0, 1 or 2 of ours.
  while (true) {
    const int fd = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    if (fd < 0 || fd > STDERR_FILENO) {
      if (fd >= 0) ::close(fd);
      break;
    }
    ::fcntl(fd, F_SETFD, 0);
  }
  raise_file_limit();
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  auto& lookup = state_->lookup;
  lookup.inherited = inherited_environment();
  lookup.program_directory = state_->options.program_directory;
  if (lookup.program_directory.empty()) lookup.program_directory = own_program_directory();
  lookup.allow_shell_nodes = state_->options.allow_shell_nodes;
}

Engine::~Engine() {
  for (const auto& run : state_->runs)
    run->abandon();
}

std::string Engine::start(RunPlan plan) {
  if (plan.id.empty()) plan.id = new_uuid();
  const std::string id = plan.id;
  const std::weak_ptr<State> weak = state_;
  LookupContext lookup = state_->lookup;
  if (plan.inherited) lookup.inherited = inheritable(*plan.inherited);
  lookup.allow_shell_nodes = lookup.allow_shell_nodes || plan.allow_shell_nodes;
  auto run = std::make_shared<Run>(
      state_->loop, std::move(plan), std::move(lookup),
      Run::Listener{.on_log =
                        [weak](const LogEntry& entry) {
                          const auto state = weak.lock();
                          if (state && state->options.on_log) state->options.on_log(entry);
                        },
                    .on_changed =
                        [weak, id] {
                          const auto state = weak.lock();
                          if (state && state->options.on_changed) state->options.on_changed(id);
                        },
                    .on_process_ended =
                        [weak] {
                          const auto state = weak.lock();
                          if (!state) return;
                          state->has_end = true;
                          state->sweep_after(after_an_end);
                        },
                    .on_finished =
                        [weak, id](const RunResult& result) {
                          const auto state = weak.lock();
                          if (!state) return;
                          crash_point("daemon.finished");
                          std::erase_if(state->runs,
                                        [&](const auto& item) { return item->id() == id; });
                          state->finished.push_back({result, monotonic_ns() + clean_up_patience});
                          state->sweep_after(0ms);
                        }});
  state_->runs.push_back(run);
  boost::asio::post(state_->loop, [weak_run = std::weak_ptr(run)] {
    if (const auto begun = weak_run.lock()) begun->begin();
  });
  state_->sweep_after(between_sweeps);
  return id;
}

Result<> Engine::listen_for_nodes(const std::filesystem::path& path) {
  auto socket = TRY(transport::listen_on_unix_socket(path, transport::SocketKind::Datagrams));
  State* state = state_.get();
  state->listener.emplace(
      state->loop, std::move(socket),
      NodeListener::Target{
          .places =
              [state] {
                std::vector<message::Place> places;
                for (const auto& run : state->runs)
                  std::ranges::move(run->places(), std::back_inserter(places));
                return places;
              },
          .attach =
              [state](const message::AttachDynamic& request, std::shared_ptr<NodeLink> link,
                      pid_t pid) {
                if (Run* run = state->find(request.dataflow_id))
                  return run->attach(request, std::move(link), pid);
                link->send({message::AttachRefused{"the dataflow has ended meanwhile"}, {}});
              }});
  return {};
}

Result<> Engine::stop(std::string_view run, const StopOptions& options) {
  Run* found = state_->find(run);
  if (found == nullptr) {
    return fail(ErrorKind::NotFound, fmt::format("no dataflow with id {} is running", run));
  }
  found->stop(options);
  return {};
}

Result<std::shared_ptr<NodeTerminal>> Engine::terminal_of(std::string_view run,
                                                          std::string_view node) const {
  if (const Run* found = state_->find(run)) return found->terminal_of(node);
  return fail(ErrorKind::NotFound, fmt::format("no dataflow with id {} is running", run));
}

Result<NodeSurroundings> Engine::surroundings_of(std::string_view run,
                                                 std::string_view node) const {
  if (const Run* found = state_->find(run)) return found->surroundings_of(node);
  return fail(ErrorKind::NotFound, fmt::format("no dataflow with id {} is running", run));
}

void Engine::stop_all(const StopOptions& options) {
  // A copy: a run that ends leaves the list.
  for (const auto& run : std::vector(state_->runs))
    run->stop(options);
}

Run* Engine::find(std::string_view run) const {
  return state_->find(run);
}

std::vector<RunInfo> Engine::list() const {
  std::vector<RunInfo> infos;
  for (const auto& run : state_->runs)
    infos.push_back(run->info());
  return infos;
}

Run* Engine::State::find(std::string_view id) const {
  const auto found = std::ranges::find(runs, id, [](const auto& run) { return run->id(); });
  return found == runs.end() ? nullptr : found->get();
}

void Engine::State::sweep_after(std::chrono::milliseconds delay) {
  const auto time = std::chrono::steady_clock::now() + delay;
  if (sweep_at && *sweep_at <= time) return;
  sweep_at = time;
  sweeper.expires_at(time);
  sweeper.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    const auto self = weak.lock();
    if (self && !error) self->sweep();
  });
}

void Engine::State::sweep() {
  sweep_at.reset();
  std::set<pid_t> main_processes;
  std::set<std::string> lives;
  for (const auto& run : runs) {
    for (const auto& [pid, life] : run->processes()) {
      main_processes.insert(pid);
      lives.insert(life);
    }
  }
  // While nodes end one after the other a quick look does, as a thorough one follows; before a run
  // is told to be over nothing may be missed.
  const bool is_quick = std::exchange(has_end, false) && finished.empty();
  const auto children = is_quick ? probable_children() : std::nullopt;
  std::vector<ProcessEntry> all;
  if (!children) all = list_processes();
  bool found = false;
  for (const ProcessEntry& entry : children ? entries_of(*children) : all) {
    if (entry.parent != ::getpid() || main_processes.contains(entry.pid)) continue;
    if (entry.is_ending) {
      if (::waitpid(entry.pid, nullptr, WNOHANG) == 0) found = true;
      continue;
    }
    const std::string life = inherited_life(entry.pid);
    // It says where it belongs, or sits in the session of a node, or, when it hides both, belongs
    // to any node that lives.
    const bool belongs_to_living =
        life.empty() ? main_processes.contains(entry.session) || !main_processes.empty()
                     : lives.contains(life);
    if (belongs_to_living) continue;
    found = true;
    if (all.empty()) all = list_processes();
    kill_tree(entry.pid, all);
  }
  while (!finished.empty() && (!found || monotonic_ns() > finished.front().second)) {
    const RunResult result = std::move(finished.front().first);
    finished.pop_front();
    if (options.on_finished) options.on_finished(result);
  }
  if (found) {
    sweep_after(soon);
  } else if (children) {
    sweep_after(after_the_last_end);
  } else if (!runs.empty()) {
    sweep_after(between_sweeps);
  }
}

}  // namespace dora::daemon

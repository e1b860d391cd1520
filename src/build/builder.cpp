// SPDX-License-Identifier: Apache-2.0
#include "build/builder.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/file.h>

#include "base/clock.hpp"
#include "base/file_descriptor.hpp"
#include "base/random.hpp"
#include "build/git_repository.hpp"
#include "build/lock_file.hpp"
#include "build/node_builder.hpp"
#include "build/node_source.hpp"
#include "build/session.hpp"

namespace dora::build {
namespace {

namespace fs = std::filesystem;

// Between two looks whether another build has ended.
constexpr int lock_interval_ms = 100;
// Installing waits for the network and the disk more than for a core.
constexpr std::size_t most_workers = 4;

/// Tasks that are done one after the other.
using Group = std::vector<const NodeTask*>;

fs::path find_uv(const daemon::LookupContext& lookup) {
  const auto path = lookup.inherited.find("PATH");
  return path == lookup.inherited.end() ? fs::path() : daemon::find_on_path("uv", path->second);
}

/// What might use the same files stays in one group, in its order.
std::vector<Group> to_groups(const std::vector<NodeTask>& tasks, bool is_parallel) {
  std::vector<Group> groups(1);
  for (const NodeTask& task : tasks) {
    if (task.has_environment && task.only_installs) {
      groups.push_back({&task});
      continue;
    }
    if (!is_parallel) {
      groups.front().push_back(&task);
      continue;
    }
    // Whoever says `cmake -S . -B build`, too, writes into the same folder.
    const auto shares = [&](const NodeTask* other) {
      return !(other->has_environment && other->only_installs) &&
             other->working_directory == task.working_directory &&
             std::ranges::find_first_of(other->lines, task.lines) != other->lines.end();
    };
    const auto group = std::ranges::find_if(
        groups, [&](const Group& each) { return std::ranges::any_of(each, shares); });
    if (group == groups.end()) {
      groups.push_back({&task});
    } else {
      group->push_back(&task);
    }
  }
  return groups;
}

Managed managed_nodes(const daemon::LookupContext& lookup, bool uses_uv) {
  if (uses_uv) return Managed::All;
  return find_uv(lookup).empty() ? Managed::None : Managed::Scripts;
}

}  // namespace

struct Builder::State {
  State(BuildOptions build_options, BuildListener build_listener)
      : options(std::move(build_options)),
        listener(std::move(build_listener)),
        path(session_file(options.file)) {}

  /// Held until the result is closed. Builds in one folder would disturb each other.
  Result<FileDescriptor> lock();
  Result<FetchedSource> fetch(const NodeTask& task);
  Result<> build_node(const NodeTask& planned);
  void build_group(const Group& group);
  void build_groups(const std::vector<Group>& groups);
  Result<> build_tasks(const std::vector<NodeTask>& tasks);
  Result<> find_built(const std::vector<NodeTask>& tasks);
  Result<> find_tools(const std::vector<NodeTask>& tasks);
  Result<> find_own_python();
  Result<> read_lock(const dataflow::Dataflow& dataflow);
  Result<> write_lock(const dataflow::Dataflow& dataflow) const;
  fs::path lock_path() const {
    return options.lock_file.empty() ? default_lock_file(options.file) : options.lock_file;
  }
  void find_uv_environment(const dataflow::Dataflow& dataflow);
  NodeBuilder builder_of(const NodeTask& task) const {
    return {task, options.lookup, tools, options.file.filename().string()};
  }
  Result<> save_success(const std::string& node, NodeRecord record);
  template <typename... Arguments>
  void tell(const std::function<void(Arguments...)>& listen, const auto&... what) {
    const std::scoped_lock guard(mutex);
    if (listen) listen(what...);
  }

  const BuildOptions options;
  const BuildListener listener;
  const fs::path path;
  PythonTools tools;
  LockFile locked;
  /// Raised by stop() and by the first failure.
  StopSignal stop;
  std::atomic<bool> was_stopped = false;

  std::mutex mutex;  // for what follows, and for the listener
  Session session;
  BuildResult result;
  std::optional<Error> failure;
};

Result<FileDescriptor> Builder::State::lock() {
  const fs::path folder = path.parent_path();
  std::error_code error;
  fs::create_directories(folder, error);
  if (error)
    return fail(ErrorKind::Failed, fmt::format("making {}, which remembers what was built: {}",
                                               folder.string(), error.message()));
  FileDescriptor directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory) return fail_errno("opening " + folder.string());
  for (bool has_told = false; ::flock(directory.get(), LOCK_EX | LOCK_NB) != 0;) {
    if (errno != EWOULDBLOCK) return fail_errno("locking " + folder.string());
    if (!std::exchange(has_told, true)) tell(listener.on_waiting);
    pollfd watched{stop.fd(), POLLIN, 0};
    if (::poll(&watched, 1, lock_interval_ms) > 0) return fail(ErrorKind::Failed, "it was stopped");
  }
  return directory;
}

Result<> Builder::State::save_success(const std::string& node, NodeRecord record) {
  const std::scoped_lock guard(mutex);
  session.build_id = new_uuid();
  session.nodes[node] = std::move(record);
  ++result.built;
  return write_session(path, session);
}

Result<FetchedSource> Builder::State::fetch(const NodeTask& task) {
  FetchRequest request{.folder = options.file.parent_path(),
                       .variables = options.lookup.inherited,
                       .python = tools.own_python,
                       .known = {},
                       .locked_commit = {},
                       .may_reuse = options.when == BuildOptions::When::Changed,
                       .is_offline = options.is_offline};
  for (const auto& [name, value] : task.variables)
    request.variables[name] = value;
  {
    const std::scoped_lock guard(mutex);
    if (const auto known = session.nodes.find(task.node); known != session.nodes.end())
      request.known = known->second.source;
  }
  if (const auto found = locked.git_sources.find(task.node);
      task.git && found != locked.git_sources.end())
    request.locked_commit = found->second.commit_hash;
  return fetch_source(
      task, request, [&](const std::string& line) { tell(listener.on_line, task.node, line); },
      stop);
}

Result<> Builder::State::build_node(const NodeTask& planned) {
  const FetchedSource source = TRY(fetch(planned));
  const NodeTask task = placed(planned, source.working_directory);
  const NodeBuilder builder = builder_of(task);
  const auto record = [&] {
    NodeRecord made = builder.record();
    made.source = source.record;
    return made;
  };
  const NodeRecord before = record();
  {
    const std::scoped_lock guard(mutex);
    result.places[task.node] = {.working_directory = before.working_directory,
                                .python_environment = before.python_environment,
                                .program = source.program};
    const auto known = session.nodes.find(task.node);
    const bool is_built = !source.is_new && known != session.nodes.end() &&
                          known->second == before && builder.is_there(before) &&
                          (task.entrypoint.empty() || builder.find_entrypoint().has_value());
    if (is_built && options.when == BuildOptions::When::Changed) {
      ++result.up_to_date;
      if (!task.entrypoint.empty()) result.places[task.node].program = *builder.find_entrypoint();
      return {};
    }
    // From here on it is not built, whatever happens.
    if (known != session.nodes.end()) {
      session.nodes.erase(known);
      TRY(write_session(path, session));
    }
  }
  tell(listener.on_started, task.node);
  const std::int64_t began_ns = monotonic_ns();
  TRY(builder.run([&](const std::string& line) { tell(listener.on_line, task.node, line); }, stop));
  if (!task.entrypoint.empty()) {
    fs::path program = TRY(builder.find_entrypoint());
    const std::scoped_lock guard(mutex);
    result.places[task.node].program = std::move(program);
  }
  // The commands may have written files that they name.
  TRY(save_success(task.node, record()));
  tell(listener.on_built, task.node, std::chrono::nanoseconds(monotonic_ns() - began_ns));
  return {};
}

void Builder::State::build_group(const Group& group) {
  for (const NodeTask* task : group) {
    if (stop.is_raised()) return;
    auto built = build_node(*task);
    if (built) continue;
    const std::scoped_lock guard(mutex);
    // What fails afterwards was only stopped.
    if (!stop.is_raised()) {
      failure = std::move(built.error()).while_doing(fmt::format("building node `{}`", task->node));
    }
    stop.raise();
  }
}

void Builder::State::build_groups(const std::vector<Group>& groups) {
  std::atomic<std::size_t> next = 0;
  std::vector<std::jthread> workers;
  for (std::size_t i = 0; i < std::min(groups.size(), most_workers); ++i) {
    workers.emplace_back([&] {
      for (std::size_t own = next++; own < groups.size(); own = next++)
        build_group(groups[own]);
    });
  }
}

Result<> Builder::State::find_built(const std::vector<NodeTask>& tasks) {
  const auto refuse = [&](const NodeTask& task, std::string_view what, std::string_view flag) {
    return fail(ErrorKind::NotFound, fmt::format("node `{}` {}: run `dora build{} {}`", task.node,
                                                 what, flag, options.file.filename().string()));
  };
  for (const NodeTask& planned : tasks) {
    const auto found = session.nodes.find(planned.node);
    const NodeRecord known = found == session.nodes.end() ? NodeRecord() : found->second;
    const auto source = find_source(planned, options.file.parent_path(), known.source);
    if (!source) {
      return refuse(planned,
                    planned.git ? "comes from a git repository that has not been cloned"
                                : "has not been downloaded",
                    "");
    }
    const NodeTask task = placed(planned, source->working_directory);
    if (task.has_environment &&
        (known.python_environment.empty() || !builder_of(task).is_there(known)))
      return refuse(task, "has no Python environment yet", task.entrypoint.empty() ? " --uv" : "");
    if (!task.has_environment && !task.git && !task.download && task.entrypoint.empty()) continue;
    fs::path program = source->program;
    if (!task.entrypoint.empty()) {
      auto entrypoint = builder_of(task).find_entrypoint();
      if (!entrypoint) return refuse(task, "comes from a package that has not been built", "");
      program = *std::move(entrypoint);
    }
    result.places[task.node] = {
        .working_directory = source->working_directory,
        .python_environment = task.has_environment ? known.python_environment : fs::path(),
        .program = std::move(program)};
  }
  return {};
}

Result<> Builder::State::find_tools(const std::vector<NodeTask>& tasks) {
  tools.uv = find_uv(options.lookup);
  const bool needs_uv = options.uses_uv || std::ranges::any_of(tasks, &NodeTask::has_environment);
  const bool fetches = std::ranges::any_of(
      tasks, [](const NodeTask& task) { return task.download || !task.script_in_clone.empty(); });
  if (needs_uv || fetches) TRY(find_own_python());
  if (!needs_uv) return {};
  if (tools.uv.empty()) {
    return fail(
        ErrorKind::NotFound,
        fmt::format("{} the program `uv`, which is not on PATH\n  = help: install it, for "
                    "example with `pip install uv`; `dora doctor` tells whether it is found",
                    options.uses_uv ? "`--uv` needs" : "a Python package needs"));
  }
  return {};
}

Result<> Builder::State::find_own_python() {
  // The one that came with this program, else the one that nodes would run with.
  const fs::path beside = options.lookup.program_directory / "python";
  std::error_code error;
  tools.own_python = beside;
  if (!fs::exists(beside, error)) {
    daemon::NodePlan plan;
    plan.working_directory = options.file.parent_path();
    tools.own_python = TRY(daemon::find_python(plan, options.lookup));
  }
  return {};
}

void Builder::State::find_uv_environment(const dataflow::Dataflow& dataflow) {
  std::vector<std::string> nodes;
  for (const dataflow::Node& node : dataflow.nodes) {
    const bool runs_a_program = node.kind == dataflow::NodeKind::Program;
    if (runs_a_program && !result.places.contains(node.id.text())) nodes.push_back(node.id.text());
  }
  if (nodes.empty()) return;
  // What `uv run` would run them in, without staying between them and us.
  const auto answer = ask_command(
      {.words = {tools.uv.string(), "run", "--quiet", "python", "-c",
                 "import sys; print(sys.prefix if sys.prefix != sys.base_prefix else '')"},
       .working_directory = options.file.parent_path(),
       .environment = options.lookup.inherited},
      stop);
  if (!answer || answer->empty()) return;
  for (const std::string& node : nodes)
    result.places[node].python_environment = *answer;
}

Builder::Builder(BuildOptions options, BuildListener listener)
    : state_(std::make_unique<State>(std::move(options), std::move(listener))) {}

Builder::~Builder() = default;

void Builder::stop() {
  state_->was_stopped = true;
  state_->stop.raise();
}

Result<BuildResult> Builder::build(const dataflow::Dataflow& dataflow) {
  State& state = *state_;
  const std::vector<NodeTask> tasks =
      plan_tasks(dataflow, managed_nodes(state.options.lookup, state.options.uses_uv));
  TRY(state.find_tools(tasks));
  if (state.options.lock == BuildOptions::Lock::Check) TRY(state.read_lock(dataflow));
  if (!tasks.empty()) TRY(state.build_tasks(tasks));
  if (state.options.lock == BuildOptions::Lock::Write) TRY(state.write_lock(dataflow));
  if (state.options.uses_uv) state.find_uv_environment(dataflow);
  return state.result;
}

Result<> Builder::State::read_lock(const dataflow::Dataflow& dataflow) {
  locked = TRY(read_lock_file(lock_path()));
  return check_lock(locked, dataflow)
      .while_doing(fmt::format("{} does not fit {}", lock_path().string(),
                               options.file.filename().string()));
}

Result<> Builder::State::write_lock(const dataflow::Dataflow& dataflow) const {
  LockFile lock{.descriptor_fingerprint = descriptor_fingerprint(dataflow)};
  lock_packages(dataflow, lock);
  for (const dataflow::Node& node : dataflow.nodes) {
    const auto built = session.nodes.find(node.id.text());
    if (!node.git || built == session.nodes.end()) continue;
    lock.git_sources[node.id.text()] = {.repo = built->second.source.address,
                                        .commit_hash = built->second.source.commit};
  }
  return write_lock_file(lock_path(), lock);
}

Result<> Builder::State::build_tasks(const std::vector<NodeTask>& tasks) {
  if (options.when == BuildOptions::When::Never) {
    session = read_session(path);
    return find_built(tasks);
  }
  const FileDescriptor held = TRY(lock());
  session = read_session(path);
  if (session.session_id.empty()) session.session_id = new_uuid();
  // Nodes that the dataflow does not have any more.
  std::erase_if(session.nodes, [&](const auto& known) {
    return std::ranges::find(tasks, known.first, &NodeTask::node) == tasks.end();
  });
  build_groups(to_groups(tasks, options.is_parallel));
  if (failure) return std::unexpected(*failure);
  if (was_stopped) return fail(ErrorKind::Failed, "it was stopped");
  return {};
}

bool has_builds(const dataflow::Dataflow& dataflow, const daemon::LookupContext& lookup,
                bool uses_uv) {
  // What a package needs is only known once it has been found.
  const bool has_package = std::ranges::any_of(dataflow.nodes, [](const dataflow::Node& node) {
    return node.kind == dataflow::NodeKind::Hub;
  });
  return uses_uv || has_package || !plan_tasks(dataflow, managed_nodes(lookup, uses_uv)).empty();
}

}  // namespace dora::build

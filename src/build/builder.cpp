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
#include "build/node_builder.hpp"
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
  Result<> build_node(const NodeTask& task, const NodeBuilder& builder);
  void build_group(const Group& group);
  void build_groups(const std::vector<Group>& groups);
  Result<> build_tasks(const std::vector<NodeTask>& tasks);
  Result<> find_built(const std::vector<NodeTask>& tasks);
  Result<> find_tools(const std::vector<NodeTask>& tasks);
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
    return fail(ErrorKind::Failed, fmt::format("{}: {}", folder.string(), error.message()));
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

Result<> Builder::State::build_node(const NodeTask& task, const NodeBuilder& builder) {
  const NodeRecord before = builder.record();
  {
    const std::scoped_lock guard(mutex);
    result.places[task.node] = {.working_directory = before.working_directory,
                                .python_environment = before.python_environment};
    const auto known = session.nodes.find(task.node);
    const bool is_built =
        known != session.nodes.end() && known->second == before && builder.is_there(before);
    if (is_built && options.when == BuildOptions::When::Changed) {
      ++result.up_to_date;
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
  // The commands may have written files that they name.
  TRY(save_success(task.node, builder.record()));
  tell(listener.on_built, task.node, std::chrono::nanoseconds(monotonic_ns() - began_ns));
  return {};
}

void Builder::State::build_group(const Group& group) {
  for (const NodeTask* task : group) {
    if (stop.is_raised()) return;
    auto built = build_node(*task, builder_of(*task));
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
  for (const NodeTask& task : tasks) {
    if (!task.has_environment) continue;
    const auto known = session.nodes.find(task.node);
    const NodeBuilder builder = builder_of(task);
    if (known == session.nodes.end() || known->second.python_environment.empty() ||
        !builder.is_there(known->second)) {
      return fail(ErrorKind::NotFound,
                  fmt::format("node `{}` has no Python environment yet: run `dora build --uv {}`",
                              task.node, options.file.filename().string()));
    }
    result.places[task.node] = {.working_directory = known->second.working_directory,
                                .python_environment = known->second.python_environment};
  }
  return {};
}

Result<> Builder::State::find_tools(const std::vector<NodeTask>& tasks) {
  tools.uv = find_uv(options.lookup);
  const bool needs_uv = options.uses_uv || std::ranges::any_of(tasks, &NodeTask::has_environment);
  if (!needs_uv) return {};
  if (tools.uv.empty()) {
    return fail(ErrorKind::NotFound,
                "`--uv` needs the program `uv`, which is not on PATH\n  = help: install it, for "
                "example with `pip install uv`; `dora doctor` tells whether it is found");
  }
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
  if (!tasks.empty()) TRY(state.build_tasks(tasks));
  if (state.options.uses_uv) state.find_uv_environment(dataflow);
  return state.result;
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

void use_places(const NodePlaces& places, const daemon::LookupContext& lookup,
                daemon::RunPlan& plan) {
  for (daemon::NodePlan& node : plan.nodes) {
    const auto place = places.find(node.id.text());
    if (place == places.end()) continue;
    if (!place->second.working_directory.empty())
      node.working_directory = place->second.working_directory;
    const fs::path& folder = place->second.python_environment;
    if (folder.empty()) continue;
    const auto inherited = lookup.inherited.find("PATH");
    std::string& path =
        node.environment
            .try_emplace("PATH", inherited == lookup.inherited.end() ? "" : inherited->second)
            .first->second;
    path = fmt::format("{}{}{}", (folder / "bin").string(), path.empty() ? "" : ":", path);
    node.environment["VIRTUAL_ENV"] = folder.string();
    // What is inherited must not lead Python out of it again; empty is the same as not set.
    for (const char* name : {"PYTHONHOME", "PYTHONPATH"})
      if (lookup.inherited.contains(name)) node.environment.try_emplace(name, "");
  }
}

bool has_builds(const dataflow::Dataflow& dataflow, const daemon::LookupContext& lookup,
                bool uses_uv) {
  return uses_uv || !plan_tasks(dataflow, managed_nodes(lookup, uses_uv)).empty();
}

}  // namespace dora::build

// SPDX-License-Identifier: Apache-2.0
// How Run carries out what RunState decided.
#include <algorithm>
#include <csignal>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>

#include "base/clock.hpp"
#include "base/version.hpp"
#include "daemon/process_tree.hpp"
#include "daemon/run.hpp"

namespace dora::daemon {

void Run::act(const SpawnNode& action) {
  const NodeIndex index = action.node;
  Node& node = nodes_[index];
  const NodePlan& plan = plan_.nodes[index];
  if (auto verified = verify(plan.program.path, plan_.nodes[index].checksum); !verified)
    return perform(state_.on_spawn_failed(index, verified.error().message, monotonic_ns()));
  auto environment = node_environment(plan, lookup_.inherited, own_environment(index));
  Launch launch{.command = node.command,
                .environment = environment ? *std::move(environment) : std::vector<std::string>(),
                .working_directory = plan.working_directory,
                .cpu_affinity = plan.cpu_affinity,
                .has_terminal = plan.has_terminal,
                .control_socket = -1};
  say(LogLevel::Info, index, "spawning");
  node.output->begin();
  const auto weak = weak_from_this();
  auto process = NodeProcess::start(
      loop_, std::move(launch),
      {.on_output =
           [weak, index](LogEntry::Stream stream, std::string_view bytes) {
             if (const auto self = weak.lock())
               self->nodes_[index].output->feed(stream, bytes, realtime_ns());
           },
       .on_question =
           [weak, index] {
             const auto self = weak.lock();
             if (!self) return;
             const std::string& id = self->plan_.nodes[index].id.text();
             self->say(LogLevel::Warn, index,
                       fmt::format("a debugger waits for input: `dora attach {}`", id));
           },
       .on_message =
           [weak, index](message::NodeToDaemon message) {
             if (const auto self = weak.lock()) self->on_message(index, std::move(message));
           },
       .on_nonsense =
           [weak, index](const Error& error) {
             if (const auto self = weak.lock()) self->on_nonsense(index, error);
           },
       .on_spawn_failed =
           [weak, index](const std::string& problem) {
             const auto self = weak.lock();
             if (!self) return;
             self->on_gone(index, {});
             self->perform(self->state_.on_spawn_failed(index, problem, monotonic_ns()));
           },
       .on_exited =
           [weak, index](const ExitStatus& status) {
             const auto self = weak.lock();
             if (!self) return;
             self->on_gone(index, status);
             self->perform(self->state_.on_exited(index, status, monotonic_ns()));
           }});
  if (!process) {
    perform(state_.on_spawn_failed(index, process.error().message, monotonic_ns()));
    return;
  }
  node.process = *std::move(process);
}

void Run::act(const SetUpNode& action) {
  if (!memory_.has_memory(action.node)) return;  // and its end is on the way
  const NodePlan& plan = plan_.nodes[action.node];
  message::Setup setup;
  setup.version = version();
  setup.dataflow_id = plan_.id;
  setup.node = plan.id;
  setup.outputs = plan.outputs;
  for (const InputPlan& input : plan.inputs) {
    // Once, though it may have several sources.
    if (std::ranges::find(setup.inputs, input.id, &message::DataInput::input) != setup.inputs.end())
      continue;
    setup.inputs.push_back(
        {.input = input.id, .timeout_ns = input.timeout ? input.timeout->count() : 0});
  }
  for (const LogInputPlan& input : plan.log_inputs)
    setup.inputs.push_back({.input = input.id, .is_log = true});
  for (const TimerPlan& timer : plan.timers) {
    setup.timers.push_back(
        {timer.id, timer.interval.count(), timer.queue_size, timer.carries_count});
  }
  setup.exit_when_nodes_finish = plan_.exit_when_nodes_finish;
  setup.busy = plan.busy;
  setup.watched = plan.health_check_timeout.has_value();
  setup.restart_count = state_.restarts(action.node);
  setup.config = plan.config;

  std::vector<int> fds = memory_.setup_fds(action.node);
  // Opened anew: descriptors that are only duplicated share one position in the file.
  const FileDescriptor descriptor(
      ::open(fmt::format("/proc/self/fd/{}", descriptor_.get()).c_str(), O_RDONLY | O_CLOEXEC));
  fds.push_back(descriptor ? descriptor.get() : descriptor_.get());
  send(action.node, {std::move(setup), std::move(fds)});
  for (const ControlMessage& message : memory_.connections_of(action.node))
    send(action.node, message);
  for (const ControlMessage& message : feeds_.connections_of(action.node))
    send(action.node, message);
  send(action.node, {message::SetupDone{}, {}});
}

void Run::act(const RefuseNode& action) {
  send(action.node, {message::AttachRefused{action.reason}, {}});
}

void Run::act(const StartNodes& action) {
  if (epoch_ns_ == 0) epoch_ns_ = monotonic_ns();
  for (NodeIndex node : action.nodes) {
    send(node, {message::Start{epoch_ns_}, {}});
    // A new life knows nothing of what the last one was told.
    for (const auto& [key, value] : plan_.nodes[node].parameters)
      send(node, {message::ParameterChanged{key, value}, {}});
  }
}

void Run::act(const SendStop& action) {
  send(action.node, {message::Stop{}, {}});
}

void Run::act(const TellNodeFailed& action) {
  send(action.node,
       {message::NodeFailed{plan_.nodes[action.failed].id, action.error, action.inputs}, {}});
}

void Run::act(const TellNodeRestarted& action) {
  send(action.node, {message::NodeRestarted{plan_.nodes[action.restarted].id}, {}});
}

void Run::act(const CloseInput& action) {
  for (const ControlMessage& message : feeds_.close_input(action.node, action.input))
    send(action.node, message);
  send(action.node, memory_.close_input(action.node, action.input));
}

void Run::act(const RetireConsumer& action) {
  for (const auto& notice : memory_.retire(action.node))
    send(notice.to, notice.message);
  feeds_.retire(action.node, memory_.visit_of(action.node));
}

void Run::act(const DisconnectConsumer& action) {
  // The dataflow ends without it; its process goes on, and reads what it has.
  if (nodes_[action.node].visitor) return act(RetireConsumer{action.node});
  for (const auto& notice : memory_.disconnect(action.node))
    send(notice.to, notice.message);
  feeds_.disconnect(action.node);
}

void Run::act(const RenewNode& action) {
  if (auto provided = provide(action.node); !provided) {
    const std::string& problem = provided.error().message;
    if (!nodes_[action.node].visitor)
      return perform(state_.on_spawn_failed(action.node, problem, monotonic_ns()));
    send(action.node, {message::AttachRefused{problem}, {}});
    return perform(state_.on_left(action.node, monotonic_ns()));
  }
  for (const auto& notice : memory_.renewal_notices(action.node))
    send(notice.to, notice.message);
}

void Run::act(const TerminateNode& action) {
  if (const auto& process = nodes_[action.node].process) process->signal(SIGTERM);
}

void Run::act(const KillNode& action) {
  const auto& process = nodes_[action.node].process;
  if (!process) return;
  // Those that left its group first: once it is dead, they are harder to find.
  for (const auto& entry : descendants_of(process->pid(), list_processes()))
    ::kill(entry.pid, SIGKILL);
  process->signal(SIGKILL);
}

void Run::act(const Say& action) {
  // Why a node failed is told with it: the summary may come hours later.
  const bool is_end =
      action.level == LogLevel::Error && action.node && action.text == state_.cause(*action.node);
  say(action.level, action.node, is_end ? failure_sentence(*action.node) : action.text);
}

void Run::act(const FinishRun&) {
  deadline_.cancel();
  edge_watch_.cancel();
  health_watch_.cancel();
  warn_of_drops();
  listener_.on_finished(result());
}

}  // namespace dora::daemon

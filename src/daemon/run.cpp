// SPDX-License-Identifier: Apache-2.0
#include "daemon/run.hpp"

#include <algorithm>
#include <csignal>
#include <utility>

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.hpp"
#include "base/version.hpp"
#include "daemon/edge_totals.hpp"
#include "message/node_config.hpp"

namespace dora::daemon {
namespace {

using namespace std::chrono_literals;

/// At most one warning about drops per edge in this time.
constexpr auto between_edge_looks = 5s;

}  // namespace

Run::Run(boost::asio::io_context& loop, RunPlan plan, LookupContext lookup, Listener listener)
    : loop_(loop),
      plan_(std::move(plan)),
      lookup_(std::move(lookup)),
      listener_(std::move(listener)),
      state_(plan_),
      memory_(plan_),
      feeds_(plan_),
      left_(loop),
      nodes_(plan_.nodes.size()),
      deadline_(loop),
      edge_watch_(loop),
      health_watch_(loop) {
  left_.on_ended = [this](const Visit& visit) { on_left_process_ended(visit); };
}

void Run::begin() {
  started_ns_ = monotonic_ns();
  started_at_ns_ = realtime_ns();
  for (const std::string& warning : plan_.warnings)
    say(LogLevel::Warn, std::nullopt, warning);
  descriptor_ = FileDescriptor(::memfd_create("dora-dataflow", MFD_CLOEXEC));
  if (descriptor_) (void)write_all(descriptor_.get(), plan_.descriptor);

  std::vector<std::pair<NodeIndex, std::string>> problems;
  for (NodeIndex node = 0; node < nodes_.size(); ++node) {
    if (auto problem = prepare(node)) problems.emplace_back(node, *std::move(problem));
  }
  const std::int64_t now_ns = monotonic_ns();
  perform(problems.empty() ? state_.begin(now_ns) : state_.refuse_to_begin(problems, now_ns));
  watch_edges();
  watch_health();
}

std::optional<std::string> Run::prepare(NodeIndex index) {
  const NodePlan& plan = plan_.nodes[index];
  Node& node = nodes_[index];
  if (plan.is_dynamic()) return std::nullopt;
  auto command = plan.command ? Result<Command>(*plan.command) : find_command(plan, lookup_);
  if (!command) return command.error().message;
  node.command = *std::move(command);
  if (auto verified = verify(plan.program.path, plan_.nodes[index].checksum); !verified)
    return verified.error().message;
  auto environment = node_environment(plan, lookup_.inherited, own_environment(index));
  if (!environment) return environment.error().message;
  if (auto provided = provide(index); !provided) return provided.error().message;
  node.output = std::make_unique<NodeOutput>(NodeOutput::Options{
      .dataflow_id = plan_.id,
      .node = plan.id.text(),
      .folder = log_folder_of(plan),
      .log = plan.log,
      .on_line = plan.log.stdout_as
                     ? [this, index](std::string_view line) { feeds_.send_line(index, line); }
                     : std::function<void(std::string_view)>(),
      .on_entry = [this, index](const LogEntry& entry) { on_entry(index, entry); },
      .on_trouble = [this, index](const std::string& text) { say(LogLevel::Warn, index, text); }});
  return std::nullopt;
}

Result<> Run::provide(NodeIndex node) {
  TRY(memory_.provide(node));
  return feeds_.provide(node, memory_.bell_of(node));
}

void Run::on_entry(NodeIndex node, const LogEntry& entry) {
  feeds_.send_entry(node, entry);
  listener_.on_log(entry);
}

std::filesystem::path Run::log_folder_of(const NodePlan& node) const {
  return node.working_directory / "out" / plan_.id;
}

std::string Run::life_of(NodeIndex node) const {
  return fmt::format("{}/{}/{}/{}", life_prefix_, plan_.id, plan_.nodes[node].id.text(),
                     state_.restarts(node));
}

EnvironmentMap Run::own_environment(NodeIndex node) const {
  message::NodeConfig config;
  config.version = version();
  config.dataflow_id = plan_.id;
  config.node = plan_.nodes[node].id;
  config.socket_fd = node_socket_fd;
  return {{message::node_config_variable, message::encode(config)},
          {node_life_variable, life_of(node)}};
}

void Run::stop(const StopOptions& options) {
  perform(
      state_.on_stop(std::chrono::duration_cast<std::chrono::nanoseconds>(options.grace).count(),
                     options.force, monotonic_ns()));
}

void Run::abandon() {
  deadline_.cancel();
  edge_watch_.cancel();
  health_watch_.cancel();
  for (Node& node : nodes_) {
    if (!node.process) continue;
    node.process->forget();
    node.process->signal(SIGKILL);
  }
}

std::vector<std::pair<pid_t, std::string>> Run::processes() const {
  std::vector<std::pair<pid_t, std::string>> living;
  for (NodeIndex node = 0; node < nodes_.size(); ++node) {
    if (nodes_[node].process) living.emplace_back(nodes_[node].process->pid(), life_of(node));
  }
  return living;
}

void Run::perform(Actions actions) {
  const RunStatus before = state_.status();
  std::ranges::move(actions, std::back_inserter(pending_));
  // What is done may at once lead to more (a process that cannot be made): in the order decided.
  if (std::exchange(is_performing_, true)) return;
  const auto self = shared_from_this();  // the last action may let go of us
  const bool changed = !pending_.empty() || before != state_.status();
  while (!pending_.empty()) {
    const Action action = std::move(pending_.front());
    pending_.pop_front();
    std::visit([this](const auto& what) { act(what); }, action);
  }
  is_performing_ = false;
  answer_waiting();
  arm_timer();
  if (changed && !state_.is_finished()) listener_.on_changed();
}

void Run::arm_timer() {
  const auto next = state_.next_deadline();
  if (next == armed_for_) return;
  armed_for_ = next;
  deadline_.cancel();
  if (!next) return;
  deadline_.expires_at(std::chrono::steady_clock::time_point(std::chrono::nanoseconds(*next)));
  deadline_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    const auto self = weak.lock();
    if (!self || error) return;
    self->armed_for_.reset();
    self->perform(self->state_.on_time(monotonic_ns()));
  });
}

void Run::watch_edges() {
  if (state_.is_finished()) return;
  edge_watch_.expires_after(between_edge_looks);
  edge_watch_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    const auto self = weak.lock();
    if (!self || error) return;
    self->warn_of_drops();
    self->feeds_.shrink();
    self->watch_edges();
  });
}

void Run::warn_of_drops() {
  for (std::string& warning : memory_.new_drop_warnings())
    say(LogLevel::Warn, std::nullopt, std::move(warning));
  for (std::string& warning : feeds_.new_drop_warnings())
    say(LogLevel::Warn, std::nullopt, std::move(warning));
}

std::vector<EdgeTotals> Run::edge_totals() const {
  std::vector<EdgeTotals> totals = memory_.totals();
  append(totals, feeds_.totals());
  return totals;
}

void Run::send(NodeIndex node, const ControlMessage& message) {
  if (const auto& process = nodes_[node].process) {
    process->send(message);
  } else if (const auto& visitor = nodes_[node].visitor) {
    visitor->send(message);
  } else {
    return;
  }
  memory_.ring(node);
}

void Run::say(LogLevel level, std::optional<NodeIndex> node, std::string text) {
  LogEntry entry;
  entry.dataflow_id = plan_.id;
  if (node) entry.node = plan_.nodes[*node].id.text();
  entry.level = level;
  entry.time_ns = realtime_ns();
  entry.message = std::move(text);
  listener_.on_log(entry);
}

void Run::on_message(NodeIndex node, message::NodeToDaemon received) {
  const std::int64_t now_ns = monotonic_ns();
  if (const auto* attach = std::get_if<message::Attach>(&received)) {
    if (auto problem = version_problem(attach->protocol, attach->version))
      return send(node, {message::AttachRefused{*problem}, {}});
    perform(state_.on_attached(node, now_ns));
  } else if (std::holds_alternative<message::Ready>(received)) {
    perform(state_.on_ready(node, now_ns));
  } else if (const auto* close = std::get_if<message::CloseOutputs>(&received)) {
    perform(state_.on_outputs_closed(node, close->outputs, now_ns));
  } else if (std::holds_alternative<message::Detach>(received)) {
    if (nodes_[node].visitor) return on_visitor_gone(node, true);
    perform(state_.on_detached(node, now_ns));
  } else if (const auto* request = std::get_if<message::ExtensionRequest>(&received)) {
    send(node, {extensions_.answer(node, *request), {}});
  } else if (const auto* report = std::get_if<message::Report>(&received)) {
    say(find_log_level(report->level).value_or(LogLevel::Info), node, report->text);
  } else if (const auto* timeout = std::get_if<message::InputTimeout>(&received)) {
    perform(state_.on_input_timeout(node, timeout->input, timeout->broken, now_ns));
  } else if (const auto* blocked = std::get_if<message::Blocked>(&received)) {
    for (auto& told : memory_.on_blocked(blocked->edge, now_ns))
      say(told.level, told.node, std::move(told.text));
  } else if (std::holds_alternative<message::StopDataflow>(received)) {
    stop({});
  }
}

void Run::on_nonsense(NodeIndex node, const Error& error) {
  say(LogLevel::Warn, node, "sent what is no message of a node: " + error.message);
}

/// What follows the end of a process in any case.
void Run::on_gone(NodeIndex index, const ExitStatus& status) {
  Node& node = nodes_[index];
  node.output->finish(realtime_ns());
  node.excerpt = stderr_excerpt(node.output->last_stderr_lines());
  note_failure(index, status, node.process->pid());
  node.process.reset();
  memory_.on_death(index);
  extensions_.on_end(index);
  feeds_.disconnect(index);
  feeds_.release(index, memory_.visit_of(index));
  listener_.on_process_ended();
}

RunInfo Run::info() const {
  RunInfo info;
  info.id = plan_.id;
  info.name = plan_.name;
  info.status = state_.status();
  info.file = plan_.file.string();
  info.started_at_ns = started_at_ns_;
  for (const NodePlan& node : plan_.nodes) {
    std::string folder = log_folder_of(node).string();
    if (std::ranges::find(info.log_folders, folder) == info.log_folders.end())
      info.log_folders.push_back(std::move(folder));
  }
  for (NodeIndex node = 0; node < nodes_.size(); ++node) {
    if (plan_.nodes[node].is_removed) continue;
    const auto& [process, visitor] = std::tie(nodes_[node].process, nodes_[node].visitor);
    info.nodes.push_back({.node = plan_.nodes[node].id.text(),
                          .status = state_.status(node),
                          .pid = process   ? process->pid()
                                 : visitor ? visitor->pid()
                                           : -1,
                          .restarts = state_.restarts(node),
                          .cause = cause_with_reason(node),
                          .spawned_ns = state_.spawned_ns(node)});
    for (const DataId& input : state_.broken_inputs(node))
      info.nodes.back().broken_inputs.push_back(input.text());
  }
  for (const BlockedSender& sender : memory_.blocked_senders()) {
    const auto node = std::ranges::find(info.nodes, sender.node, &NodeInfo::node);
    if (node != info.nodes.end()) node->blocked_on.push_back(sender.place());
  }
  info.edges = edge_totals();
  return info;
}

RunResult Run::result() const {
  RunResult result;
  result.id = plan_.id;
  result.name = plan_.name;
  result.succeeded = state_.status() == RunStatus::Finished;
  result.stopped = state_.is_stopping();
  result.nodes = state_.results();
  for (NodeResult& node : result.nodes) {
    if (node.outcome == Outcome::Succeeded) continue;
    for (NodeIndex index = 0; index < nodes_.size(); ++index) {
      if (plan_.nodes[index].id.text() == node.node && !plan_.nodes[index].is_removed)
        tell_failure(index, node);
    }
  }
  result.edges = edge_totals();
  result.duration_ns = monotonic_ns() - started_ns_;
  result.log_folder = (plan_.working_directory / "out" / plan_.id).string();
  return result;
}

}  // namespace dora::daemon

// SPDX-License-Identifier: Apache-2.0
// Changes of a dataflow while it runs: nodes that come, go or become others, and connections.
#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/clock.hpp"
#include "base/spelling.hpp"
#include "daemon/run.hpp"

namespace dora::daemon {
namespace {

/// "input <- node/output" of every connection to another node.
std::set<std::string> sources_of(const NodePlan& node) {
  std::set<std::string> sources;
  for (const InputPlan& input : node.inputs) {
    if (!input.is_connected) continue;
    sources.insert(
        fmt::format("{} <- {}/{}", input.id.text(), input.producer.text(), input.output.text()));
  }
  return sources;
}

bool is_custom(const NodePlan& node) {
  return node.program.kind == ProgramPlan::Kind::Executable ||
         node.program.kind == ProgramPlan::Kind::PythonScript ||
         node.program.kind == ProgramPlan::Kind::Shell;
}

bool has_input(const NodePlan& node, const DataId& input) {
  return std::ranges::find(node.timers, input, &TimerPlan::id) != node.timers.end() ||
         std::ranges::find(node.log_inputs, input, &LogInputPlan::id) != node.log_inputs.end();
}

std::unexpected<Error> refuse_change(ErrorKind kind, const NodePlan& node, std::string_view why) {
  return fail(kind, fmt::format("node `{}` {}", node.id.text(), why));
}

}  // namespace

// ---- Nodes ----

Result<> Run::add_node(NodePlan node) {
  if (daemon::find_node(plan_, node.id.text())) {
    return refuse_change(ErrorKind::Busy, node,
                         "is there already: `dora node replace` gives it another program");
  }
  if (state_.is_finished() || state_.is_stopping())
    return fail(ErrorKind::Busy, "the dataflow ends: nothing can be added to it");
  const NodeIndex index = plan_.nodes.size();
  plan_.nodes.push_back(std::move(node));
  nodes_.emplace_back();
  memory_.add_node();
  feeds_.add_node();
  if (auto problem = prepare(index)) {
    // It keeps its place, as one that is gone.
    const Actions none = state_.on_node_added(monotonic_ns());
    (void)none;
    forget_node(index);
    return fail(ErrorKind::Failed, *std::move(problem));
  }
  for (const auto& notice : memory_.renewal_notices(index))
    send(notice.to, notice.message);
  perform(state_.on_node_added(monotonic_ns()));
  feed_listeners(index);
  watch_health();
  return {};
}

// Those who listen to what a node prints, and listened to one that had its name before.
void Run::feed_listeners(NodeIndex source) {
  for (NodeIndex consumer = 0; consumer < source; ++consumer) {
    const auto& inputs = plan_.nodes[consumer].inputs;
    for (std::size_t input = 0; input < inputs.size(); ++input) {
      const InputPlan& wish = inputs[input];
      if (plan_.nodes[consumer].is_removed || !wish.is_connected ||
          wish.producer != plan_.nodes[source].id || !feeds_.is_fed(source, wish.output) ||
          state_.connect_obstacle(source, wish.output, consumer))
        continue;
      if (const auto fed = feed_input(consumer, input); !fed)
        say(LogLevel::Warn, consumer, "does not get what it listens to: " + fed.error().message);
    }
  }
}

void Run::forget_node(NodeIndex node) {
  state_.on_node_removed(node);
  plan_.nodes[node].is_removed = true;
  memory_.remove_node(node);
  feeds_.disconnect(node);
  nodes_[node].output.reset();
}

void Run::remove_node(NodeIndex node, const StopOptions& options, OnNodeEnded on_removed) {
  const auto weak = weak_from_this();
  stop_node(node, options, [weak, node, on_removed = std::move(on_removed)](const Result<>&) {
    // How it ended no longer matters to anybody.
    const auto self = weak.lock();
    if (self && !self->plan_.nodes[node].is_removed) self->forget_node(node);
    on_removed({});
  });
}

void Run::replace_node(NodeIndex node, NodePlan plan, const StopOptions& options,
                       OnNodeEnded on_replaced) {
  NodePlan& old = plan_.nodes[node];
  const auto no = [&](ErrorKind kind, std::string_view why) {
    on_replaced(refuse_change(kind, old, why));
  };
  if (plan.id != old.id) {
    return no(
        ErrorKind::InvalidInput,
        fmt::format("cannot become `{}`: the definition must have the same id", plan.id.text()));
  }
  if (!is_custom(old) || !is_custom(plan)) {
    return no(ErrorKind::Unsupported,
              "cannot be replaced: only programs that the dataflow starts can, not operators and "
              "dynamic nodes");
  }
  if (state_.status(node) == NodeStatus::Starting)
    return no(ErrorKind::Busy, "is being waited for: replace it once it runs");
  const auto sources = sources_of(old);
  if (!plan.inputs.empty() && sources_of(plan) != sources) {
    return no(ErrorKind::InvalidInput,
              fmt::format("must keep its inputs: {}", fmt::join(sources, ", ")));
  }
  for (const EdgeTotals& edge : memory_.totals()) {
    const auto output = DataId::parse(edge.output);
    const bool is_kept = edge.producer != old.id.text() || !output ||
                         std::ranges::find(plan.outputs, *output) != plan.outputs.end();
    if (!is_kept) {
      return no(ErrorKind::InvalidInput,
                fmt::format("must still have the output `{}`, which {}/{} reads", edge.output,
                            edge.consumer, edge.input));
    }
  }
  auto environment = node_environment(plan, lookup_.inherited, own_environment(node));
  if (!environment) return on_replaced(std::unexpected(environment.error()));
  if (auto obstacle = state_.restart_obstacle(node, monotonic_ns());
      obstacle && state_.status(node) != NodeStatus::Running)
    return on_replaced(std::unexpected(*std::move(obstacle)));
  plan.inputs = old.inputs;
  plan.log_inputs = old.log_inputs;
  plan.log = old.log;
  plan.parameters = old.parameters;
  nodes_[node].command = *plan.command;
  old = std::move(plan);
  state_.on_node_replaced(node);
  const bool is_between = state_.status(node) == NodeStatus::Restarting;
  nodes_[node].waiting_for_life.emplace_back(state_.restarts(node) + (is_between ? 0 : 1),
                                             std::move(on_replaced));
  (void)restart_node(node, options);
  answer_waiting();
}

void Run::answer_waiting_for_life(NodeIndex node) {
  const NodeStatus status = state_.status(node);
  const bool is_over = status == NodeStatus::Stopped || status == NodeStatus::Failed;
  const bool runs = status == NodeStatus::Running || status == NodeStatus::Degraded;
  if (!is_over && !runs) return;
  auto waiting = std::exchange(nodes_[node].waiting_for_life, {});
  for (auto& [life, on_there] : waiting) {
    if (runs && state_.restarts(node) < life) {
      nodes_[node].waiting_for_life.emplace_back(life, std::move(on_there));
    } else if (runs) {
      on_there({});
    } else {
      on_there(refuse_change(
          ErrorKind::Failed, plan_.nodes[node],
          status == NodeStatus::Failed ? "failed: " + state_.cause(node) : "has ended meanwhile"));
    }
  }
}

// ---- Connections ----

Result<Run::Port> Run::find_port(std::string_view text, std::string_view what) const {
  const std::size_t slash = text.find('/');
  const auto id = DataId::parse(slash == text.npos ? "" : text.substr(slash + 1));
  if (slash == text.npos || !id) {
    return fail(ErrorKind::InvalidInput,
                fmt::format("`{}` is no {}: write it as node/{}", text.substr(0, 200), what, what));
  }
  return Port{TRY(find_node(text.substr(0, slash))), *id};
}

Result<Run::Port> Run::find_output(std::string_view text) const {
  Port port = TRY(find_port(text, "output"));
  const NodePlan& node = plan_.nodes[port.node];
  if (std::ranges::find(node.outputs, port.id) != node.outputs.end()) return port;
  std::vector<std::string> names;
  for (const DataId& output : node.outputs)
    names.push_back(output.text());
  const auto near = closest_match(port.id.text(), names);
  return refuse_change(
      ErrorKind::NotFound, node,
      fmt::format("has no output `{}`{}", port.id.text(),
                  near            ? fmt::format(", did you mean `{}`?", *near)
                  : names.empty() ? std::string(", nor any other")
                                  : fmt::format("; it has: {}", fmt::join(names, ", "))));
}

// An input may have several sources: each has a place of its own among the inputs of the plan.
Result<std::size_t> Run::place_for_input(const Port& input, const Port& source) {
  NodePlan& consumer = plan_.nodes[input.node];
  InputPlan added;
  added.id = input.id;
  bool is_known = false;
  std::optional<std::size_t> free;
  for (std::size_t index = 0; index < consumer.inputs.size(); ++index) {
    const InputPlan& each = consumer.inputs[index];
    if (each.id != input.id) continue;
    if (!std::exchange(is_known, true)) {
      // The settings of the input are those of its first source.
      added.queue = each.queue;
      added.queue_size = each.queue_size;
      added.timeout = each.timeout;
    }
    const bool is_same = each.producer == plan_.nodes[source.node].id && each.output == source.id;
    if (is_same && each.is_connected && !state_.is_input_closed(input.node, index)) {
      return refuse_change(ErrorKind::Busy, consumer,
                           fmt::format("reads {}/{} on `{}` already", each.producer.text(),
                                       each.output.text(), input.id.text()));
    }
    // A source that has closed keeps its place: a node of its name may come.
    if (is_same || (!each.is_connected && !free)) free = index;
  }
  if (free) return *free;
  if (!is_known && !is_custom(consumer) && !consumer.is_dynamic()) {
    return refuse_change(ErrorKind::Unsupported, consumer,
                         fmt::format("has no operator with an input `{}`", input.id.text()));
  }
  consumer.inputs.push_back(std::move(added));
  return consumer.inputs.size() - 1;
}

Result<> Run::connect(std::string_view output, std::string_view input) {
  const Port from = TRY(find_output(output));
  const Port to = TRY(find_port(input, "input"));
  const NodePlan& producer = plan_.nodes[from.node];
  NodePlan& consumer = plan_.nodes[to.node];
  if (has_input(consumer, to.id)) {
    return refuse_change(
        ErrorKind::InvalidInput, consumer,
        fmt::format("gets a timer or the log on `{}`: take another name", to.id.text()));
  }
  if (auto obstacle = state_.connect_obstacle(from.node, from.id, to.node))
    return std::unexpected(*std::move(obstacle));
  const std::size_t index = TRY(place_for_input(to, from));
  InputPlan& place = consumer.inputs[index];
  place.producer = producer.id;
  place.output = from.id;
  place.is_connected = true;
  auto notices = memory_.connect_input(to.node, index);
  if (!notices) {
    place.is_connected = false;
    return std::unexpected(notices.error());
  }
  state_.on_connected(to.node, index);
  for (const auto& notice : *notices)
    send(notice.to, notice.message);
  return feed_input(to.node, index);
}

Result<> Run::feed_input(NodeIndex consumer, std::size_t input) {
  TRY(feeds_.connect_input(consumer, input,
                           memory_.has_memory(consumer) ? memory_.bell_of(consumer) : nullptr));
  if (!memory_.is_set_up(consumer)) return {};
  for (const ControlMessage& message : feeds_.connections_of(consumer, input))
    send(consumer, message);
  return {};
}

Result<> Run::disconnect(std::string_view output, std::string_view input) {
  const Port from = TRY(find_output(output));
  const Port to = TRY(find_port(input, "input"));
  NodePlan& consumer = plan_.nodes[to.node];
  const auto place = std::ranges::find_if(consumer.inputs, [&](const InputPlan& each) {
    return each.id == to.id && each.is_connected && each.output == from.id &&
           each.producer == plan_.nodes[from.node].id;
  });
  if (place == consumer.inputs.end()) {
    const auto sources = sources_of(consumer);
    return refuse_change(
        ErrorKind::NotFound, consumer,
        fmt::format("does not read {} on `{}`; it reads: {}", output, to.id.text(),
                    sources.empty() ? "nothing" : fmt::format("{}", fmt::join(sources, ", "))));
  }
  place->is_connected = false;
  const auto index = static_cast<std::size_t>(place - consumer.inputs.begin());
  for (const auto& notice : memory_.disconnect_input(to.node, index))
    send(notice.to, notice.message);
  for (const ControlMessage& message :
       feeds_.disconnect_input(to.node, index, memory_.visit_of(to.node)))
    send(to.node, message);
  perform(state_.on_disconnected(to.node, index, monotonic_ns()));
  return {};
}

}  // namespace dora::daemon

// SPDX-License-Identifier: Apache-2.0
// Dynamic nodes of a run: how they come, and how they go.
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/clock.hpp"
#include "base/version.hpp"
#include "daemon/dynamic_node.hpp"
#include "daemon/run.hpp"

namespace dora::daemon {

/// For every consumer that still listens.
void RunState::open_outputs(NodeIndex node) {
  Node& state = nodes_[node];
  for (Output& output : state.outputs) {
    output.is_closed = false;
    for (const Consumer& consumer : output.consumers) {
      Node& other = nodes_[consumer.node];
      // Who was told that nothing comes any more has stopped listening.
      if (other.inputs_closed_at && other.phase != Phase::Waiting && consumer.node != node)
        continue;
      other.inputs_closed_at.reset();
      other.input_closed[consumer.input] = false;
      std::erase(other.held, Action(CloseInput{consumer.node, consumer.input}));
    }
  }
}

/// A dynamic node has come: its memory is made anew, and what its last visit closed is open again.
void RunState::welcome(NodeIndex node) {
  Node& state = nodes_[node];
  open_outputs(node);
  state.held.clear();
  for (std::size_t input = 0; input < state.input_closed.size(); ++input) {
    if (state.input_closed[input]) state.held.push_back(CloseInput{node, input});
  }
  out_.push_back(RenewNode{node});
}

Actions RunState::on_left(NodeIndex node, std::int64_t now_ns) {
  Node& state = nodes_[node];
  const bool was_there = state.phase == Phase::Attached || state.phase == Phase::Ready ||
                         state.phase == Phase::Running;
  if (!was_there || !plan_->nodes[node].is_dynamic()) return {};
  state.phase = Phase::Waiting;
  state.broken_inputs.clear();
  out_.push_back(Say{LogLevel::Info, node, "left the dataflow"});
  for (Output& output : state.outputs)
    close_output(node, output, now_ns);
  out_.push_back(RetireConsumer{node});
  return settle(now_ns);
}

std::vector<message::Place> Run::places() const {
  std::vector<message::Place> places;
  for (NodeIndex node = 0; node < nodes_.size(); ++node) {
    if (plan_.nodes[node].is_removed) continue;
    places.push_back({.dataflow_id = plan_.id,
                      .dataflow_name = plan_.name,
                      .file = plan_.file.string(),
                      .node = plan_.nodes[node].id,
                      .is_dynamic = plan_.nodes[node].is_dynamic(),
                      .is_taken = nodes_[node].visitor != nullptr});
  }
  return places;
}

void Run::attach(const message::AttachDynamic& request, std::shared_ptr<NodeLink> link, pid_t pid) {
  const auto refuse = [&](std::string reason) {
    link->send({message::AttachRefused{std::move(reason)}, {}});
  };
  if (auto problem = version_problem(request.protocol, request.version)) return refuse(*problem);
  const std::string& name = request.node.text();
  const auto found = daemon::find_node(plan_, name);
  if (!found) return refuse(fmt::format("the dataflow has no node '{}'", name));
  const NodeIndex index = *found;
  if (!plan_.nodes[index].is_dynamic()) {
    return refuse(fmt::format(
        "node '{}' is started by the dataflow itself; only one with `path: dynamic` can be "
        "started by hand",
        name));
  }
  // Its end may be on its way still.
  if (const auto visitor = nodes_[index].visitor) visitor->look();
  if (const auto& visitor = nodes_[index].visitor) {
    return refuse(fmt::format("somebody is attached as node '{}' already (process {})", name,
                              visitor->pid()));
  }
  const auto weak = weak_from_this();
  nodes_[index].visitor = DynamicNode::start(loop_, std::move(link), pid,
                                             {.on_message =
                                                  [weak, index](message::NodeToDaemon message) {
                                                    if (const auto self = weak.lock())
                                                      self->on_message(index, std::move(message));
                                                  },
                                              .on_nonsense =
                                                  [weak, index](const Error& error) {
                                                    if (const auto self = weak.lock())
                                                      self->on_nonsense(index, error);
                                                  },
                                              .on_gone =
                                                  [weak, index] {
                                                    if (const auto self = weak.lock())
                                                      self->on_visitor_gone(index, false);
                                                  }});
  say(LogLevel::Info, index, fmt::format("joined the dataflow (process {})", pid));
  perform(state_.on_attached(index, monotonic_ns()));
}

void Run::on_visitor_gone(NodeIndex node, bool said_goodbye) {
  const auto visitor = std::exchange(nodes_[node].visitor, nullptr);
  if (!visitor) return;
  // Where its process cannot be seen, one that takes leave is believed to live on.
  const bool lives = !visitor->has_ended().value_or(!said_goodbye);
  const Visit visit{node, memory_.visit_of(node)};
  if (lives) {
    memory_.on_leave(node);
    feeds_.retire(node, visit.number);
  } else {
    memory_.on_death(node);
    feeds_.disconnect(node);
  }
  extensions_.on_end(node);
  perform(state_.on_left(node, monotonic_ns()));
  if (!lives) return;
  left_.forget_if(
      [this](const Visit& each) { return !memory_.is_lent_to(each.node, each.number); });
  left_.add(visitor->pid(), visitor->take_pidfd(), visit);
}

void Run::on_left_process_ended(const Visit& visit) {
  for (const auto& notice : memory_.release(visit.node, visit.number))
    send(notice.to, notice.message);
  feeds_.release(visit.node, visit.number);
}

std::optional<std::string> Run::version_problem(std::uint32_t protocol,
                                                const std::string& of_node) {
  if (protocol == message::protocol_version) return std::nullopt;
  return fmt::format(
      "this node uses dora {} (protocol {}), the daemon is dora {} (protocol {}): install the same "
      "version of both",
      of_node, protocol, version(), message::protocol_version);
}

}  // namespace dora::daemon

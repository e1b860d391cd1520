// SPDX-License-Identifier: Apache-2.0
#include "daemon/memory_broker.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/crash_point.hpp"
#include "daemon/edge_totals.hpp"
#include "daemon/memory_limit.hpp"
#include "shared_memory/arena.hpp"

namespace dora::daemon {
namespace {

namespace shm = shared_memory;

/// A sender that waits again and again is told of once in this time.
constexpr std::int64_t between_blocked_reports_ns = 60'000'000'000;

shm::EdgeOptions edge_options(const InputPlan& input) {
  switch (input.queue) {
    case InputPlan::Queue::Burst:
      return {.queue = shm::EdgeOptions::Queue::Burst};
    case InputPlan::Queue::DropOldest:
      return {.queue = shm::EdgeOptions::Queue::Exact, .size = input.queue_size};
    case InputPlan::Queue::Backpressure:
      return {.queue = shm::EdgeOptions::Queue::Backpressure, .size = input.queue_size};
  }
  return {};
}

}  // namespace

MemoryBroker::MemoryBroker(const RunPlan& plan)
    : plan_(&plan),
      arena_bytes_(arena_limit(usable_memory())),
      nodes_(plan.nodes.size()),
      visits_(plan.nodes.size()) {
  for (NodeIndex consumer = 0; consumer < plan.nodes.size(); ++consumer) {
    const auto& inputs = plan.nodes[consumer].inputs;
    for (std::size_t input = 0; input < inputs.size(); ++input) {
      const auto producer = std::ranges::find(plan.nodes, inputs[input].producer, &NodePlan::id);
      if (producer == plan.nodes.end()) continue;
      add_connection(static_cast<NodeIndex>(producer - plan.nodes.begin()), consumer, input);
    }
  }
}

void MemoryBroker::add_connection(NodeIndex producer, NodeIndex consumer, std::size_t input) {
  Connection& connection = connections_.emplace_back();
  connection.producer = producer;
  connection.consumer = consumer;
  connection.input = input;
  connection.wish = plan_->nodes[consumer].inputs[input];
  connection.past.producer = plan_->nodes[producer].id.text();
  connection.past.output = connection.wish.output.text();
  connection.past.consumer = plan_->nodes[consumer].id.text();
  connection.past.input = connection.wish.id.text();
}

std::uint32_t MemoryBroker::bell_bit(const Connection& connection) const {
  // The place among the inputs as Setup lists them.
  return shm::bell_bit_of_input(static_cast<std::uint32_t>(connection.input));
}

Result<> MemoryBroker::provide(NodeIndex node) {
  nodes_[node].reset();
  ++visits_[node];
  NodeMemory memory;
  memory.arena = TRY(shm::Arena::create_file(arena_bytes_));
  memory.arena_read_only = TRY(memory.arena.reopen_read_only());
  memory.bell = TRY(shm::DoorbellPage::create_file());
  memory.event_fd = TRY(shm::DoorbellPage::create_event_fd());
  auto bell = TRY(memory.bell.duplicate());
  auto event_fd = TRY(memory.event_fd.duplicate());
  memory.page = TRY(shm::DoorbellPage::open(std::move(bell), std::move(event_fd)));
  nodes_[node] = std::move(memory);
  for (std::size_t i = 0; i < connections_.size(); ++i) {
    const Connection& connection = connections_[i];
    if (connection.producer != node && connection.consumer != node) continue;
    if (!connection.is_active) continue;
    if (!nodes_[connection.producer] || !nodes_[connection.consumer]) continue;
    if (auto connected = connect(i); !connected) {
      nodes_[node].reset();
      return connected;
    }
  }
  crash_point("daemon.provided");
  return {};
}

Result<> MemoryBroker::connect(std::size_t connection) {
  auto edge = std::make_unique<Edge>();
  edge->file = TRY(shm::EdgeMemory::create_file(edge_options(input_of(connections_[connection]))));
  auto file = TRY(edge->file.duplicate());
  edge->monitor = TRY(shm::EdgeMonitor::open(std::move(file)));
  edge->number = ++last_edge_;
  edge->connection = connection;
  edge->visit = visits_[connections_[connection].consumer];
  if (Edge* old = current_edge(connection)) old->is_current = false;
  edges_.push_back(std::move(edge));
  return {};
}

MemoryBroker::Edge* MemoryBroker::current_edge(std::size_t connection) {
  for (auto& edge : edges_) {
    if (edge->connection == connection && edge->is_current) return edge.get();
  }
  return nullptr;
}

std::vector<int> MemoryBroker::setup_fds(NodeIndex node) const {
  const NodeMemory& memory = *nodes_[node];
  return {memory.arena.fd(), memory.bell.fd(), memory.event_fd.get()};
}

ControlMessage MemoryBroker::connect_output(Edge& edge) {
  const Connection& connection = connections_[edge.connection];
  const InputPlan& input = input_of(connection);
  const NodeMemory& consumer = *nodes_[connection.consumer];
  edge.producer_has_it = true;
  return {message::ConnectOutput{edge.number, input.output, plan_->nodes[connection.consumer].id,
                                 input.id, bell_bit(connection)},
          {edge.file.fd(), consumer.bell.fd(), consumer.event_fd.get()}};
}

ControlMessage MemoryBroker::connect_input(Edge& edge) {
  const Connection& connection = connections_[edge.connection];
  const InputPlan& input = input_of(connection);
  edge.consumer_has_it = true;
  return {message::ConnectInput{edge.number, input.id, input.producer, input.output,
                                bell_bit(connection)},
          {edge.file.fd(), nodes_[connection.producer]->arena_read_only.get()}};
}

std::vector<ControlMessage> MemoryBroker::connections_of(NodeIndex node) {
  // What both sides have needs its file no more; what was answered before has been sent by now.
  for (auto& edge : edges_) {
    if (edge->producer_has_it && edge->consumer_has_it) edge->file = {};
  }
  nodes_[node]->is_set_up = true;
  std::vector<ControlMessage> messages;
  for (const bool outputs : {true, false}) {
    for (auto& edge : edges_) {
      const Connection& connection = connections_[edge->connection];
      if (!edge->is_current) continue;
      if (outputs && connection.producer == node && !edge->producer_has_it)
        messages.push_back(connect_output(*edge));
      if (!outputs && connection.consumer == node && !edge->consumer_has_it)
        messages.push_back(connect_input(*edge));
    }
  }
  return messages;
}

std::vector<MemoryBroker::Notice> MemoryBroker::renewal_notices(NodeIndex node) {
  crash_point("daemon.renewed");
  std::vector<Notice> notices;
  // What is new first: an input that had only the old edge would count as closed in between.
  for (auto& edge : edges_) {
    const Connection& connection = connections_[edge->connection];
    if (!edge->is_current || connection.producer == connection.consumer) continue;
    if (connection.producer == node && is_set_up(connection.consumer) && !edge->consumer_has_it)
      notices.push_back({connection.consumer, connect_input(*edge)});
    if (connection.consumer == node && is_set_up(connection.producer) && !edge->producer_has_it)
      notices.push_back({connection.producer, connect_output(*edge)});
  }
  for (auto& edge : edges_) {
    const Connection& connection = connections_[edge->connection];
    if (edge->is_current) continue;
    if (connection.producer == node && !edge->consumer_is_dead && edge->consumer_has_it &&
        !std::exchange(edge->producer_end_is_told, true)) {
      notices.push_back(
          {connection.consumer, {message::InputClosed{edge->number, input_of(connection).id}, {}}});
    }
    if (connection.consumer == node && !edge->is_retired) tell_disconnected(*edge, notices);
  }
  forget_drained();
  return notices;
}

void MemoryBroker::tell_disconnected(Edge& edge, std::vector<Notice>& notices) {
  const Connection& connection = connections_[edge.connection];
  if (edge.producer_is_dead || !edge.producer_has_it ||
      std::exchange(edge.consumer_end_is_told, true))
    return;
  notices.push_back({connection.producer,
                     {message::DisconnectOutput{edge.number, input_of(connection).output}, {}}});
}

ControlMessage MemoryBroker::close_input(NodeIndex node, std::size_t input) {
  const DataId& id = plan_->nodes[node].inputs[input].id;
  // Without an edge (the producer ended before this incarnation began) the number names none, and
  // the input is closed as it stands.
  std::uint64_t number = 0;
  for (auto& edge : edges_) {
    const Connection& connection = connections_[edge->connection];
    if (connection.consumer != node || connection.input != input || !edge->is_current) continue;
    edge->monitor->close_producer();
    number = edge->number;
  }
  return {message::InputClosed{number, id}, {}};
}

bool MemoryBroker::is_of(const Edge& edge, NodeIndex consumer, std::uint64_t visit) const {
  return connections_[edge.connection].consumer == consumer && edge.visit == visit;
}

std::vector<MemoryBroker::Notice> MemoryBroker::retire(NodeIndex node) {
  std::vector<Notice> notices;
  for (auto& edge : edges_) {
    if (!is_of(*edge, node, visits_[node])) continue;
    edge->monitor->close_consumer();
    // What nobody can hold comes back at once.
    if (edge->consumer_is_dead || !edge->consumer_has_it) {
      tell_disconnected(*edge, notices);
      continue;
    }
    const Connection& connection = connections_[edge->connection];
    const bool is_told = std::exchange(edge->is_retired, true);
    if (is_told || edge->producer_is_dead || !edge->producer_has_it) continue;
    notices.push_back({connection.producer,
                       {message::RetireOutput{edge->number, input_of(connection).output}, {}}});
  }
  return notices;
}

std::vector<MemoryBroker::Notice> MemoryBroker::disconnect(NodeIndex node) {
  return release(node, visits_[node]);
}

std::vector<MemoryBroker::Notice> MemoryBroker::release(NodeIndex node, std::uint64_t visit) {
  std::vector<Notice> notices;
  for (auto& edge : edges_) {
    if (!is_of(*edge, node, visit)) continue;
    edge->consumer_is_dead = true;
    edge->monitor->close_consumer();
    tell_disconnected(*edge, notices);
  }
  return notices;
}

bool MemoryBroker::is_lent_to(NodeIndex node, std::uint64_t visit) const {
  return std::ranges::any_of(
      edges_, [&](const auto& edge) { return is_of(*edge, node, visit) && is_lent(*edge); });
}

void MemoryBroker::on_death(NodeIndex node) {
  for (auto& edge : edges_) {
    if (!is_of(*edge, node, visits_[node])) continue;
    edge->consumer_is_dead = true;
    edge->monitor->close_consumer();
  }
  on_leave(node);
}

void MemoryBroker::on_leave(NodeIndex node) {
  for (auto& edge : edges_) {
    const Connection& connection = connections_[edge->connection];
    if (connection.producer != node) continue;
    edge->producer_is_dead = true;
    edge->monitor->close_producer();
    crash_point("daemon.closed-side");
    // It may have died between the message and the ring.
    if (nodes_[connection.consumer])
      nodes_[connection.consumer]->page->ring_insistently(bell_bit(connection));
  }
}

void MemoryBroker::ring(NodeIndex node) {
  if (!nodes_[node]) return;
  nodes_[node]->page->ring_insistently(shm::bell_control);
  for (auto& edge : edges_) {
    if (connections_[edge->connection].producer == node) edge->monitor->interrupt_sender();
  }
}

bool MemoryBroker::is_over(const Edge& edge) {
  // A living side that has closed holds nothing any more.
  return (edge.producer_is_dead || edge.monitor->is_producer_closed()) &&
         (edge.consumer_is_dead || edge.monitor->is_consumer_closed());
}

bool MemoryBroker::is_lent(const Edge& edge) {
  return edge.is_retired && !edge.consumer_is_dead && !edge.producer_is_dead &&
         !edge.monitor->is_producer_done();
}

void MemoryBroker::forget_drained() {
  std::erase_if(edges_, [&](const std::unique_ptr<Edge>& edge) {
    if (edge->is_current || !is_over(*edge) || is_lent(*edge)) return false;
    add(connections_[edge->connection].past, edge->monitor->counters(), true);
    return true;
  });
}

EdgeTotals MemoryBroker::totals_of(std::size_t connection) const {
  EdgeTotals totals = connections_[connection].past;
  for (const auto& edge : edges_) {
    if (edge->connection == connection) add(totals, edge->monitor->counters(), is_over(*edge));
  }
  return totals;
}

std::vector<EdgeTotals> MemoryBroker::totals() const {
  std::vector<EdgeTotals> all;
  for (std::size_t connection = 0; connection < connections_.size(); ++connection)
    all.push_back(totals_of(connection));
  return all;
}

std::vector<BlockedSender> MemoryBroker::blocked_senders() const {
  std::vector<BlockedSender> senders;
  for (const auto& edge : edges_) {
    if (edge->producer_is_dead || edge->consumer_is_dead) continue;
    const std::int64_t since = edge->monitor->blocked_since_ns();
    if (since == 0) continue;
    const EdgeTotals& names = connections_[edge->connection].past;
    senders.push_back(
        {names.producer, names.output, names.consumer, names.input, edge->number, since});
  }
  return senders;
}

std::vector<MemoryBroker::BlockedReport> MemoryBroker::on_blocked(std::uint64_t edge,
                                                                  std::int64_t now_ns) {
  const auto senders = blocked_senders();
  const auto sender = std::ranges::find(senders, edge, &BlockedSender::edge);
  if (sender == senders.end()) return {};  // it goes on already
  const auto place = std::ranges::find(edges_, edge, [](const auto& each) { return each->number; });
  Connection& connection = connections_[(*place)->connection];
  std::vector<BlockedReport> reports;
  const auto circle = blocked_circle(senders, edge);
  if (!circle.empty()) {
    std::set<std::uint64_t> edges;
    for (const BlockedSender& each : circle)
      edges.insert(each.edge);
    if (edges != told_circle_)
      reports.push_back({connection.producer, LogLevel::Error, circle_text(circle)});
    told_circle_ = std::move(edges);
  } else if (!connection.told_blocked_ns ||
             now_ns - *connection.told_blocked_ns >= between_blocked_reports_ns) {
    reports.push_back(
        {connection.producer, LogLevel::Info,
         fmt::format("blocked on: {} (its queue of {} is full; sending `{}` waits until `{}` takes "
                     "a message)",
                     sender->place(), input_of(connection).queue_size, sender->output,
                     sender->consumer)});
  }
  if (!reports.empty()) connection.told_blocked_ns = now_ns;
  return reports;
}

std::vector<std::string> MemoryBroker::new_drop_warnings() {
  std::vector<std::string> warnings;
  for (std::size_t i = 0; i < connections_.size(); ++i) {
    const EdgeTotals totals = totals_of(i);
    const auto loss = find_loss(totals);
    Connection& connection = connections_[i];
    if (!loss || loss->messages <= connection.told_drops) continue;
    warnings.push_back(fmt::format(
        "{} of {} messages of {}/{} never reached {}/{} ({}): make `{}` faster, give the input a "
        "larger `queue_size`, or `queue_policy: backpressure` to slow `{}` down instead",
        loss->messages, totals.sent, totals.producer, totals.output, totals.consumer, totals.input,
        loss->reasons, totals.consumer, totals.producer));
    connection.told_drops = loss->messages;
  }
  return warnings;
}

}  // namespace dora::daemon

// SPDX-License-Identifier: Apache-2.0
// How the edges of a run follow changes of its plan while it goes on.
#include <algorithm>
#include <utility>

#include "daemon/memory_broker.hpp"

namespace dora::daemon {

void MemoryBroker::add_node() {
  const NodeIndex added = nodes_.size();
  nodes_.emplace_back();
  visits_.push_back(0);
  const auto& inputs = plan_->nodes[added].inputs;
  for (std::size_t input = 0; input < inputs.size(); ++input) {
    if (const auto producer = find_node(*plan_, inputs[input].producer.text()))
      add_connection(*producer, added, input);
  }
  // Those who listen to a node that had its name before.
  for (NodeIndex consumer = 0; consumer < added; ++consumer) {
    const NodePlan& plan = plan_->nodes[consumer];
    if (plan.is_removed) continue;
    for (std::size_t input = 0; input < plan.inputs.size(); ++input) {
      if (plan.inputs[input].is_connected && plan.inputs[input].producer == plan_->nodes[added].id)
        add_connection(added, consumer, input);
    }
  }
}

void MemoryBroker::remove_node(NodeIndex node) {
  nodes_[node].reset();
  for (Connection& connection : connections_)
    if (connection.producer == node || connection.consumer == node) connection.is_active = false;
  for (auto& edge : edges_) {
    const Connection& connection = connections_[edge->connection];
    if (connection.producer == node || connection.consumer == node) edge->is_current = false;
  }
  forget_drained();
}

Result<std::vector<MemoryBroker::Notice>> MemoryBroker::connect_input(NodeIndex consumer,
                                                                      std::size_t input) {
  const InputPlan& wish = plan_->nodes[consumer].inputs[input];
  const auto producer = find_node(*plan_, wish.producer.text());
  if (!producer) return std::vector<Notice>();
  const auto same = std::ranges::find_if(connections_, [&](const Connection& each) {
    return each.producer == *producer && each.consumer == consumer && each.input == input &&
           each.wish.output == wish.output;
  });
  const auto place = static_cast<std::size_t>(same - connections_.begin());
  if (same == connections_.end()) {
    add_connection(*producer, consumer, input);
  } else {
    same->is_active = true;
  }
  std::vector<Notice> notices;
  if (!nodes_[*producer] || !nodes_[consumer]) return notices;
  TRY(connect(place));
  Edge& edge = *edges_.back();
  // The consumer first: it is to be there for the first message.
  if (is_set_up(consumer)) notices.push_back({consumer, connect_input(edge)});
  if (is_set_up(*producer)) notices.push_back({*producer, connect_output(edge)});
  return notices;
}

std::vector<MemoryBroker::Notice> MemoryBroker::disconnect_input(NodeIndex consumer,
                                                                 std::size_t input) {
  std::vector<Notice> notices;
  for (Connection& connection : connections_) {
    if (connection.consumer == consumer && connection.input == input) connection.is_active = false;
  }
  for (auto& edge : edges_) {
    const Connection& connection = connections_[edge->connection];
    if (connection.consumer != consumer || connection.input != input || !edge->is_current) continue;
    edge->is_current = false;
    edge->is_retired = true;
    // Who never had it will not get it.
    if (edge->producer_has_it && is_set_up(connection.producer)) {
      notices.push_back({connection.producer,
                         {message::RetireOutput{edge->number, input_of(connection).output}, {}}});
    } else {
      edge->monitor->close_producer();
    }
    if (edge->consumer_has_it && is_set_up(consumer)) {
      notices.push_back(
          {consumer, {message::InputClosed{edge->number, input_of(connection).id}, {}}});
    } else {
      edge->monitor->close_consumer();
    }
  }
  forget_drained();
  return notices;
}

}  // namespace dora::daemon

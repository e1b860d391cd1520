// SPDX-License-Identifier: Apache-2.0
// How the state of a run follows changes of its plan while it goes on.
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "daemon/run_state.hpp"

namespace dora::daemon {

RunState::Output* RunState::output_of(const InputPlan& input) {
  const auto producer = find_node(*plan_, input.producer.text());
  if (!producer || !input.is_connected) return nullptr;
  auto& outputs = nodes_[*producer].outputs;
  const auto output = std::ranges::find(outputs, input.output, &Output::id);
  return output == outputs.end() ? nullptr : &*output;
}

Actions RunState::on_node_added(std::int64_t now_ns) {
  const NodeIndex node = nodes_.size();
  const NodePlan& plan = plan_->nodes[node];
  Node& state = nodes_.emplace_back();
  state.is_late = true;
  state.counter = RestartCounter(plan.restart);
  for (const DataId& output : plan.outputs)
    state.outputs.push_back({.id = output, .consumers = {}});
  state.input_closed.resize(plan.inputs.size());
  for (std::size_t input = 0; input < plan.inputs.size(); ++input) {
    Output* output = output_of(plan.inputs[input]);
    if (output != nullptr) output->consumers.push_back({node, input});
    if (output != nullptr && !output->is_closed) continue;
    state.input_closed[input] = true;
    state.held.push_back(CloseInput{node, input});
  }
  // Those who listen to a node that had its name before.
  for (NodeIndex consumer = 0; consumer < node; ++consumer) {
    const auto& inputs = plan_->nodes[consumer].inputs;
    if (nodes_[consumer].is_removed) continue;
    for (std::size_t input = 0; input < inputs.size(); ++input) {
      if (!inputs[input].is_connected || inputs[input].producer != plan.id) continue;
      const auto output = std::ranges::find(state.outputs, inputs[input].output, &Output::id);
      if (output != state.outputs.end()) output->consumers.push_back({consumer, input});
    }
  }
  open_outputs(node);
  if (begun_ && !plan.is_dynamic()) spawn(node, now_ns);
  return settle(now_ns);
}

void RunState::on_node_removed(NodeIndex node) {
  Node& removed = nodes_[node];
  removed.is_removed = true;
  removed.phase = Phase::Ended;
  removed.outcome = Outcome::Succeeded;
  removed.cause.clear();
  for (Node& other : nodes_) {
    for (Output& output : other.outputs)
      std::erase_if(output.consumers,
                    [&](const Consumer& consumer) { return consumer.node == node; });
  }
}

void RunState::on_node_replaced(NodeIndex node) {
  Node& state = nodes_[node];
  const NodePlan& plan = plan_->nodes[node];
  state.counter = RestartCounter(plan.restart);
  state.is_replaced = true;
  for (const DataId& output : plan.outputs) {
    if (std::ranges::find(state.outputs, output, &Output::id) == state.outputs.end())
      state.outputs.push_back({.id = output, .consumers = {}});
  }
}

std::optional<Error> RunState::connect_obstacle(NodeIndex producer, const DataId& output,
                                                NodeIndex consumer) const {
  const auto& outputs = nodes_[producer].outputs;
  const auto found = std::ranges::find(outputs, output, &Output::id);
  const auto busy = [&](NodeIndex node, std::string_view why) {
    return Error{ErrorKind::Busy, fmt::format("node `{}` {}", name(node), why)};
  };
  if (stopping_ || finished_) return busy(consumer, "belongs to a dataflow that ends");
  // A dynamic node that is not there may come and send on it.
  const bool is_over = found == outputs.end() || nodes_[producer].phase == Phase::Ended ||
                       (found->is_closed && !plan_->nodes[producer].is_dynamic());
  if (is_over)
    return busy(producer, fmt::format("has closed `{}`: nothing more will come", output.text()));
  if (nodes_[consumer].phase == Phase::Ended) return busy(consumer, "has ended already");
  if (nodes_[consumer].inputs_closed_at)
    return busy(consumer, "was told that all its inputs are closed, and is about to end");
  return std::nullopt;
}

void RunState::on_connected(NodeIndex consumer, std::size_t input) {
  Node& state = nodes_[consumer];
  Output* output = output_of(plan_->nodes[consumer].inputs[input]);
  if (output == nullptr) return;
  if (state.input_closed.size() <= input) state.input_closed.resize(input + 1);
  state.input_closed[input] = output->is_closed;
  output->consumers.push_back({consumer, input});
  std::erase(state.held, Action(CloseInput{consumer, input}));
}

Actions RunState::on_disconnected(NodeIndex consumer, std::size_t input, std::int64_t now_ns) {
  for (Node& other : nodes_) {
    for (Output& output : other.outputs) {
      std::erase_if(output.consumers, [&](const Consumer& each) {
        return each.node == consumer && each.input == input;
      });
    }
  }
  Node& state = nodes_[consumer];
  if (!state.input_closed[input]) {
    state.input_closed[input] = true;
    tell(consumer, CloseInput{consumer, input});
    check_inputs(consumer, now_ns);
  }
  return settle(now_ns);
}

}  // namespace dora::daemon

// SPDX-License-Identifier: Apache-2.0
// What is noticed of nodes while they run: inputs that get nothing, and nodes that do nothing.
#include <algorithm>

#include <fmt/format.h>

#include "daemon/run_state.hpp"

namespace dora::daemon {
namespace {

double seconds(std::chrono::nanoseconds time) {
  return static_cast<double>(time.count()) / 1e9;
}

}  // namespace

std::optional<std::int64_t> RunState::running_since(NodeIndex node) const {
  const Node& state = nodes_[node];
  if (state.phase != Phase::Running || state.is_detached || state.is_silent) return std::nullopt;
  return state.running_since_ns;
}

Actions RunState::on_input_timeout(NodeIndex node, const DataId& input, bool is_broken,
                                   std::int64_t now_ns) {
  Node& state = nodes_[node];
  const auto& inputs = plan_->nodes[node].inputs;
  const auto plan = std::ranges::find(inputs, input, &InputPlan::id);
  // It says what it likes: only what is new about an input that has a timeout counts.
  if (state.phase != Phase::Running || plan == inputs.end() || !plan->timeout) return {};
  const auto known = std::ranges::find(state.broken_inputs, input);
  if ((known != state.broken_inputs.end()) == is_broken) return {};
  const std::string source = plan->producer.text() + "/" + plan->output.text();
  if (is_broken) {
    state.broken_inputs.push_back(input);
    out_.push_back(Say{
        LogLevel::Warn, node,
        fmt::format("input `{}` got nothing from {} for more than {:.3g} s: it counts as closed "
                    "until something comes",
                    input.text(), source, seconds(*plan->timeout))});
  } else {
    state.broken_inputs.erase(known);
    out_.push_back(
        Say{LogLevel::Info, node,
            fmt::format("input `{}` gets messages from {} again", input.text(), source)});
  }
  return settle(now_ns);
}

Actions RunState::on_silence(NodeIndex node, std::chrono::nanoseconds silence,
                             std::int64_t now_ns) {
  Node& state = nodes_[node];
  if (!running_since(node) || stopping_) return {};
  state.is_silent = true;
  out_.push_back(Say{LogLevel::Error, node,
                     fmt::format("has not called into dora for {:.3g} s: killing it (SIGKILL)",
                                 seconds(silence))});
  kill(node, now_ns);
  return settle(now_ns);
}

}  // namespace dora::daemon

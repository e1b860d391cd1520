// SPDX-License-Identifier: Apache-2.0
// Where events go: from the node to operators, and from operator to operator.
#include <algorithm>
#include <chrono>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/clock.hpp"
#include "node/control_connection.hpp"
#include "node/patience.hpp"
#include "operators/runtime.hpp"

namespace dora::operators {
namespace {

constexpr std::int64_t tell_drops_every_ns = 5'000'000'000;

/// The operator's part and the port's part of "<operator>/<port>".
std::pair<std::string_view, std::string_view> split(std::string_view port) {
  const std::size_t slash = port.find('/');
  if (slash == std::string_view::npos) return {port, {}};
  return {port.substr(0, slash), port.substr(slash + 1)};
}

struct Marks {
  bool is_protected = false;
  bool is_flush = false;
};

/// As MetadataWriter tells it of what is to be sent.
Marks marks_of(const node::Event& event) {
  Marks marks;
  for (const auto& entry : event.metadata()) {
    if (entry.key == "request_id" || entry.key == "goal_id" || entry.key == "goal_status")
      marks.is_protected = true;
    if (entry.key == "flush" && entry.kind == message::ValueKind::Bool)
      marks.is_flush = entry.as_bool();
  }
  return marks;
}

}  // namespace

// ---- From the node -----------------------------------------------------------------------------

void Runtime::route(node::Event* event) {
  switch (event->type()) {
    case DORA_EVENT_INPUT:
      route_input(event);
      return;
    case DORA_EVENT_STOP:
      if (event->id() == "ALL_INPUTS_CLOSED") {
        outside_has_closed_ = true;
      } else {
        stop_all(event->id());
      }
      break;
    case DORA_EVENT_NODE_FAILED:
      route_failure(event);
      break;
    default:
      route_notice(event);
  }
  event->release();
}

int Runtime::find_input(std::string_view node_input) const {
  const auto [name, port] = split(node_input);
  for (std::size_t number = 0; number < inputs_.size(); ++number) {
    const Input& input = inputs_[number];
    if (*input.id == port && operators_[input.operator_index].config.id == name)
      return static_cast<int>(number);
  }
  return -1;
}

void Runtime::route_input(node::Event* event) {
  const auto place = static_cast<std::size_t>(event->head().input_index);
  if (place >= input_by_node_index_.size()) input_by_node_index_.resize(place + 1, -2);
  int& number = input_by_node_index_[place];
  if (number == -2) number = find_input(event->id());
  if (number < 0) {
    event->release();
    return;
  }
  Marks marks;
  // Alone on its thread, and about to be handled: nothing can be dropped.
  if (threads_.size() > 1) marks = marks_of(*event);
  push(number, event, marks.is_protected, marks.is_flush);
}

void Runtime::route_notice(node::Event* event) {
  const bool is_of_input =
      event->type() == DORA_EVENT_INPUT_CLOSED || event->type() == DORA_EVENT_INPUT_RECOVERED;
  if (is_of_input) {
    const int number = find_input(event->id());
    if (number < 0) return;
    Input& input = inputs_[static_cast<std::size_t>(number)];
    if (event->type() == DORA_EVENT_INPUT_RECOVERED) input.is_open = true;
    notify(input.operator_index, event->type(), *input.id);
    return;
  }
  for (std::size_t index = 0; index < operators_.size(); ++index) {
    const std::string& own = operators_[index].config.id;
    if (event->type() == DORA_EVENT_RELOAD && !event->id().empty() && event->id() != own) continue;
    notify(index, event->type(), event->id(), event->text());
  }
}

void Runtime::route_failure(node::Event* event) {
  namespace json = boost::json;
  std::error_code error;
  const json::value value = json::parse(event->text(), error);
  if (error || !value.is_object()) return;
  for (std::size_t index = 0; index < operators_.size(); ++index) {
    json::object own = value.get_object();
    json::array affected;
    for (const json::value& input : value.at("affected_input_ids").as_array()) {
      const auto [name, port] = split(input.as_string());
      if (name == operators_[index].config.id) affected.emplace_back(port);
    }
    if (affected.empty()) continue;
    own["affected_input_ids"] = std::move(affected);
    notify(index, DORA_EVENT_NODE_FAILED, event->id(), json::serialize(own));
  }
}

void Runtime::stop_all(const std::string& why) {
  is_stopping_ = true;
  for (std::size_t index = 0; index < operators_.size(); ++index) {
    threads_[operators_[index].thread]->queue.forget(index);
    give_stop(index, why);
  }
  changed_.notify_all();
}

// ---- From operator to operator -----------------------------------------------------------------

Result<std::uint32_t> Runtime::find_output(std::size_t index, std::string_view id) const {
  const Operator& each = operators_[index];
  for (const std::uint32_t output : each.outputs) {
    if (split(outputs_[output].id).second == id) return output;
  }
  if (auto parsed = DataId::parse(id); !parsed)
    return std::unexpected(std::move(parsed).error().while_doing(fmt::format("output '{}'", id)));
  const auto& known = each.config.outputs;
  return fail(ErrorKind::NotFound,
              fmt::format("the dataflow declares no output '{}' for operator '{}' (it has: {})", id,
                          each.config.id,
                          known.empty() ? "none" : fmt::format("{}", fmt::join(known, ", "))));
}

bool Runtime::is_output_of(std::size_t index, std::uint32_t output) const {
  const auto& own = operators_[index].outputs;
  return std::ranges::find(own, output) != own.end();
}

unsigned Runtime::receivers(std::uint32_t output) {
  node_->follow_orders();
  const Output& own = outputs_[output];
  unsigned receivers = 0;
  if (!own.receivers.empty()) receivers |= DORA_RECEIVERS_INSIDE;
  if (node_->outbox().has_receivers(own.node_output)) receivers |= DORA_RECEIVERS_OUTSIDE;
  return receivers;
}

Result<> Runtime::send_outside(std::uint32_t output, node::Payload payload,
                               const message::MetadataWriter* metadata) {
  node_->follow_orders();
  return node_->outbox().send(outputs_[output].node_output, payload, metadata);
}

bool Runtime::has_room(int number, std::size_t sender_thread) const {
  const Input& input = inputs_[static_cast<std::size_t>(number)];
  const Operator& receiver = operators_[input.operator_index];
  const Thread& thread = *threads_[receiver.thread];
  // A thread cannot wait for itself, nor for one that waits for it.
  if (receiver.thread == sender_thread || thread.waits_for_room || is_stopping_ ||
      receiver.life != Life::Running || !aborted_.empty())
    return true;
  const auto own = std::ranges::find(receiver.config.inputs, *input.id, &InputConfig::id);
  return own->queue.kind != QueuePolicy::Kind::Backpressure ||
         thread.queue.waiting(number) < own->queue.size;
}

Result<> Runtime::wait_for_room(Lock& lock, Thread& sender) {
  const auto& patience = node::patience;
  if (patience.is_over(node_->nudges()))
    return std::unexpected(node::interruption("waiting for room at an operator"));
  const bool is_limited =
      patience.seen_nudges || patience.deadline_ns != shared_memory::no_deadline;
  sender.waits_for_room = true;
  if (is_limited) {
    // A signal handler cannot notify: it counts a nudge, which is looked for this often.
    changed_.wait_for(lock, std::chrono::milliseconds(50));
  } else {
    changed_.wait(lock);
  }
  sender.waits_for_room = false;
  return {};
}

Result<> Runtime::send_inside(std::uint32_t number, const node::LocalPayload::Pointer& payload,
                              const message::MetadataWriter* metadata) {
  std::vector<std::byte> bytes(metadata == nullptr ? 0 : metadata->size_bytes());
  if (metadata != nullptr) metadata->write(bytes.data());
  Lock lock(mutex_);
  Output& output = outputs_[number];
  const auto sender = std::ranges::find_if(operators_, [&](const Operator& each) {
    return std::ranges::find(each.outputs, number) != each.outputs.end();
  });
  // Room at all of them first: a send that is broken off has sent nothing.
  const auto has_ended = [&] { return sender->life == Life::Ended; };
  while (!has_ended() && !std::ranges::all_of(output.receivers, [&](int receiver) {
    return has_room(receiver, sender->thread);
  })) {
    TRY(wait_for_room(lock, *threads_[sender->thread]));
  }
  if (has_ended()) {
    return fail(ErrorKind::Disconnected, fmt::format("output '{}' was closed", output.id));
  }
  node::MessageHead head{.sequence = output.sequence++};
  head.sent_ns = monotonic_ns();
  head.timestamp_ns = realtime_ns();
  for (const int receiver : output.receivers) {
    push(receiver, node::Event::create_local(head, bytes, payload),
         metadata != nullptr && metadata->is_correlated(),
         metadata != nullptr && metadata->is_flush());
  }
  return {};
}

void Runtime::push(int number, node::Event* event, bool is_protected, bool is_flush) {
  Input& input = inputs_[static_cast<std::size_t>(number)];
  const Operator& receiver = operators_[input.operator_index];
  if (receiver.life != Life::Running) {
    event->release();
    return;
  }
  event->set_input(*input.id, number);
  EventQueue& queue = threads_[receiver.thread]->queue;
  if (is_flush) queue.flush(number);
  count_drops(number, queue.push({.operator_index = input.operator_index,
                                  .input = number,
                                  .event = event,
                                  .arrived_ns = monotonic_ns(),
                                  .is_protected = is_protected}));
  if (threads_.size() > 1) wake();
}

// ---- Drops -------------------------------------------------------------------------------------

void Runtime::count_drops(int number, std::size_t dropped) {
  if (dropped > 0) inputs_[static_cast<std::size_t>(number)].dropped += dropped;
}

void Runtime::tell_drops(bool is_last) {
  const std::int64_t now_ns = monotonic_ns();
  if (!is_last && now_ns - told_drops_ns_ < tell_drops_every_ns) return;
  told_drops_ns_ = now_ns;
  for (Input& input : inputs_) {
    if (input.dropped == input.told_dropped) continue;
    input.told_dropped = input.dropped;
    node_->report(
        "warn", fmt::format("{} messages for input '{}' of operator '{}' were dropped, as it was "
                            "too slow; give the input a larger `queue_size`, or `queue_policy: "
                            "backpressure`",
                            input.dropped, *input.id, operators_[input.operator_index].config.id));
  }
}

}  // namespace dora::operators

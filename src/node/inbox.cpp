// SPDX-License-Identifier: Apache-2.0
#include "node/inbox.hpp"

#include <algorithm>
#include <utility>

#include <boost/json.hpp>

#include "base/clock.hpp"
#include "node/interned.hpp"
#include "node/tick_message.hpp"
#include "shared_memory/doorbell.hpp"

namespace dora::node {
namespace {

std::uint32_t group_of(std::size_t input) {
  return shared_memory::bell_bit_of_input(static_cast<std::uint32_t>(input));
}

/// The value of NODE_FAILED, as JSON.
std::string failure_json(const message::NodeFailed& failed) {
  boost::json::array inputs;
  for (const DataId& input : failed.inputs)
    inputs.emplace_back(input.text());
  return boost::json::serialize(boost::json::object{{"source_node_id", failed.node.text()},
                                                    {"error", failed.error},
                                                    {"affected_input_ids", std::move(inputs)}});
}

}  // namespace

Inbox::Inbox(const message::Setup& setup) : exit_when_nodes_finish_(setup.exit_when_nodes_finish) {
  for (const auto& input : setup.inputs) {
    Input& added = inputs_.emplace_back();
    added.number = static_cast<int>(inputs_.size()) - 1;
    added.groups = group_of(inputs_.size() - 1);
    added.id = &interned(input.input.text());
    added.is_log = input.is_log;
    added.timeout_ns = input.timeout_ns;
    has_timeouts_ |= input.timeout_ns > 0;
  }
  for (const auto& timer : setup.timers) {
    timers_.push_back({Timer(timer), &interned(timer.input.text()),
                       static_cast<int>(inputs_.size() + timers_.size())});
  }
}

Inbox::~Inbox() {
  forget_notices();
}

void Inbox::forget_notices() {
  for (Event* notice : std::exchange(notices_, {}))
    notice->release();
  for (const Failure& failure : std::exchange(failures_, {}))
    failure.notice->release();
}

void Inbox::start(std::int64_t epoch_ns, std::int64_t from_ns) {
  for (TimerSlot& slot : timers_)
    slot.timer.start(epoch_ns, from_ns);
}

Inbox::Input* Inbox::find_input(std::string_view id) {
  auto found = std::ranges::find_if(inputs_, [&](const Input& input) { return *input.id == id; });
  return found == inputs_.end() ? nullptr : &*found;
}

void Inbox::connect(const message::ConnectInput& where, shared_memory::EdgeConsumer consumer) {
  Input* input = find_input(where.input.text());
  if (input == nullptr) {
    // Behind the timers: nobody's number changes.
    const auto number = static_cast<int>(inputs_.size() + timers_.size());
    input = &inputs_.emplace_back();
    input->number = number;
    input->id = &interned(where.input.text());
  }
  input->edges.emplace_back(where.edge, std::move(consumer));
  input->closing = input->closed = false;
  input->groups |= where.doorbell_bit & ~shared_memory::bell_control;
  mark_ready(input->groups);
}

void Inbox::on_input_closed(const message::InputClosed& closed) {
  Input* input = find_input(closed.input.text());
  if (input == nullptr) return;
  for (IncomingEdge& edge : input->edges) {
    if (edge.number() == closed.edge) edge.end();
  }
  input->closing = std::ranges::all_of(input->edges, &IncomingEdge::has_ended);
  mark_ready(input->groups);
}

void Inbox::set_broken(Input& input, bool broken) {
  input.broken = broken;
  add_notice(broken ? DORA_EVENT_INPUT_CLOSED : DORA_EVENT_INPUT_RECOVERED, *input.id);
  if (auto id = DataId::parse(*input.id)) timeouts_.push_back({*std::move(id), broken});
}

std::optional<std::int64_t> Inbox::timeout_at(const Input& input) {
  if (input.timeout_ns <= 0 || input.broken || input.closed || !input.last_sent_ns)
    return std::nullopt;
  std::int64_t time = 0;
  if (__builtin_add_overflow(*input.last_sent_ns, input.timeout_ns, &time)) return std::nullopt;
  return time;
}

void Inbox::check_timeouts(std::int64_t now_ns) {
  for (Input& input : inputs_) {
    const auto time = timeout_at(input);
    // What waits came in time, however late it is taken.
    if (time && now_ns > *time && !input.closing && !head_time(input)) set_broken(input, true);
  }
}

void Inbox::on_stop(std::int64_t now_ns) {
  if (stopped_at_ || told_all_closed_ || ended_) return;
  stopped_at_ = now_ns;
  forget_notices();  // moot now
  add_notice(DORA_EVENT_STOP, "MANUAL");
}

void Inbox::add_notice(dora_event_type type, std::string id, std::string text) {
  notices_.push_back(Event::create_notice(type, std::move(id), std::move(text)));
}

void Inbox::on_node_failed(const message::NodeFailed& failed) {
  if (stopped_at_ || ended_) return;
  Failure& failure = failures_.emplace_back(Failure{
      Event::create_notice(DORA_EVENT_NODE_FAILED, failed.node.text(), failure_json(failed)), {}});
  for (const DataId& id : failed.inputs) {
    if (Input* input = find_input(id.text())) failure.inputs.push_back(input);
  }
}

void Inbox::on_disconnected(std::string_view reason) {
  if (ended_ || stopped_at_) return;
  stopped_at_ = monotonic_ns();
  add_notice(DORA_EVENT_ERROR, "", "fatal event stream error: " + std::string(reason));
}

[[gnu::hot]] std::optional<std::int64_t> Inbox::head_time(Input& input) {
  // Several edges: the life of a producer before its restart, or the daemon beside the node. What
  // was sent first comes first; a life ends before the next one sends.
  std::optional<std::int64_t> oldest;
  for (auto edge = input.edges.begin(); edge != input.edges.end();) {
    const auto sent = edge->head_time();
    if (!sent) {
      if (auto problem = edge->take_problem())
        add_notice(DORA_EVENT_ERROR, "", "input '" + *input.id + "': " + *problem);
    }
    if (!sent && edge->has_ended()) {
      edge->close();  // else the daemon would keep it for as long as this node lives
      edge = input.edges.erase(edge);
      continue;
    }
    if (sent && (!oldest || *sent < *oldest)) {
      oldest = sent;
      input.next = &*edge;
    }
    ++edge;
  }
  if (!oldest) close_if_done(input);
  return oldest;
}

void Inbox::close_if_done(Input& input) {
  if (!input.closing || input.closed || !input.edges.empty()) return;
  const bool is_awaited = std::ranges::any_of(failures_, [&](const Failure& failure) {
    return std::ranges::find(failure.inputs, &input) != failure.inputs.end();
  });
  if (is_awaited) return;
  input.closed = true;
  if (!stopped_at_ && !input.broken) add_notice(DORA_EVENT_INPUT_CLOSED, *input.id);
}

void Inbox::tell_failures() {
  for (auto failure = failures_.begin(); failure != failures_.end();) {
    // The node is dead: what an input of it does not hold now will never come.
    if (std::ranges::any_of(failure->inputs,
                            [&](Input* input) { return head_time(*input).has_value(); })) {
      ++failure;
      continue;
    }
    notices_.push_back(failure->notice);
    const std::vector<Input*> inputs = std::move(failure->inputs);
    failure = failures_.erase(failure);
    for (Input* input : inputs)
      close_if_done(*input);
  }
}

[[gnu::hot]] bool Inbox::has_message() {
  return std::ranges::any_of(inputs_, [this](Input& input) {
    return (ready_ & input.groups) != 0 && (head_time(input) || !notices_.empty());
  });
}

[[gnu::hot]] void Inbox::survey(std::int64_t now_ns) {
  fairness_.begin();
  std::uint32_t still_ready = 0;
  if (ready_ != 0) {
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
      if ((ready_ & inputs_[i].groups) == 0) continue;
      auto sent = head_time(inputs_[i]);
      if (!sent) continue;
      still_ready |= inputs_[i].groups;
      if (inputs_[i].broken && !stopped_at_) set_broken(inputs_[i], false);
      // What was sent after the stop is not waited for: a busy producer would never let us end.
      if (!stopped_at_ || *sent <= *stopped_at_) fairness_.offer(static_cast<int>(i), *sent);
    }
    ready_ = still_ready;
  }
  if (!failures_.empty()) tell_failures();
  if (stopped_at_) return;
  if (has_timeouts_) check_timeouts(now_ns);
  for (std::size_t i = 0; i < timers_.size(); ++i) {
    std::int64_t due = timers_[i].timer.head_time(now_ns);
    if (due <= now_ns) fairness_.offer(static_cast<int>(inputs_.size() + i), due);
  }
}

bool Inbox::is_all_closed() const {
  if (!exit_when_nodes_finish_) {
    if (!timers_.empty()) return false;
    if (std::ranges::any_of(inputs_, &Input::is_log)) return false;
  }
  bool any = false;
  for (const Input& input : inputs_) {
    if (input.is_log) continue;
    any = true;
    if (!input.closed) return false;
  }
  // A node without such inputs is a source: it ends when it wants to.
  return any;
}

[[gnu::hot]] Event* Inbox::take_from(int source, std::int64_t now_ns) {
  auto index = static_cast<std::size_t>(source);
  if (index >= inputs_.size()) {
    TimerSlot& slot = timers_[index - inputs_.size()];
    auto tick = slot.timer.take(now_ns);
    return tick ? make_tick(slot, *tick, slot.number) : nullptr;
  }
  Input& input = inputs_[index];
  Event* event = input.next->take(
      {.is_log = input.is_log, .input_index = input.number, .input = input.id}, types_);
  if (event != nullptr && event->type() == DORA_EVENT_INPUT)
    input.last_sent_ns = event->head().sent_ns;
  return event;
}

Event* Inbox::make_tick(TimerSlot& slot, const Tick& tick, int index) {
  MessageHead head{.input_index = index,
                   .input = slot.id,
                   .sequence = tick.number,
                   .sent_ns = tick.time_ns,
                   .timestamp_ns = realtime_ns() - (monotonic_ns() - tick.time_ns)};
  return create_tick_message(head, tick, slot.timer.settings().carries_count, types_);
}

[[gnu::hot]] Inbox::Outcome Inbox::take(std::int64_t now_ns, Event** event) {
  for (;;) {
    if (notices_.empty() && !ended_) survey(now_ns);
    if (!notices_.empty()) {
      *event = notices_.front();
      notices_.pop_front();
      if (told_all_closed_ && notices_.empty()) ended_ = true;
      return Outcome::Taken;
    }
    if (ended_) return Outcome::Ended;
    auto source = fairness_.choose();
    if (!source) {
      if (stopped_at_) {
        ended_ = true;
        return Outcome::Ended;
      }
      if (!is_all_closed()) return Outcome::Nothing;
      told_all_closed_ = true;
      add_notice(DORA_EVENT_STOP, "ALL_INPUTS_CLOSED");
      continue;
    }
    // The producer may have taken the message back in between: then look again.
    *event = take_from(*source, now_ns);
    if (*event != nullptr) return Outcome::Taken;
  }
}

void Inbox::end() {
  ended_ = true;
  forget_notices();
  for (Input& input : inputs_) {
    for (IncomingEdge& edge : input.edges)
      edge.close();
    input.edges.clear();
  }
  ready_ = 0;
}

bool Inbox::has_event(std::int64_t now_ns) {
  if (!notices_.empty() || ended_) return true;
  survey(now_ns);
  return !notices_.empty() || stopped_at_.has_value() || fairness_.has_offer() || is_all_closed();
}

std::int64_t Inbox::next_deadline(std::int64_t now_ns) {
  std::int64_t deadline = Timer::never;
  if (stopped_at_) return deadline;
  for (TimerSlot& slot : timers_)
    deadline = std::min(deadline, slot.timer.head_time(now_ns));
  for (const Input& input : inputs_) {
    // Just after: at the very moment it is in time still.
    if (const auto time = timeout_at(input)) deadline = std::min(deadline, *time + 1);
  }
  return deadline;
}

}  // namespace dora::node

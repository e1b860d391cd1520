// SPDX-License-Identifier: Apache-2.0
#include "operators/runtime.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/clock.hpp"
#include "node/interned.hpp"
#include "operators/crash_report.hpp"

namespace dora::operators {
namespace {

/// So many events from within before the node is asked again: a circle of operators must not keep
/// a STOP from coming in.
constexpr int longest_run = 32;
/// A burst that comes while operators still load models is not old (docs/queues.md).
constexpr std::int64_t lenient_ns = 2'000'000'000;

std::int64_t deadline_of(std::int64_t timeout_ns) {
  std::int64_t deadline;
  if (timeout_ns < 0 || __builtin_add_overflow(monotonic_ns(), timeout_ns, &deadline))
    return shared_memory::no_deadline;
  return deadline;
}

}  // namespace

Result<std::unique_ptr<Runtime>> Runtime::create(std::shared_ptr<node::Node> node) {
  auto configs = TRY(read_operators(node->dataflow_json(), node->id()));
  std::unique_ptr<Runtime> runtime(new Runtime(std::move(node)));
  TRY(runtime->set_up(std::move(configs)));
  return runtime;
}

Runtime::~Runtime() {
  Lock lock(mutex_);
  tell_drops(true);
}

Result<> Runtime::set_up(std::vector<OperatorConfig> configs) {
  threads_.push_back(std::make_unique<Thread>());
  for (OperatorConfig& config : configs) {
    const std::size_t index = operators_.size();
    Operator& each = operators_.emplace_back();
    if (config.has_own_thread) {
      each.thread = threads_.size();
      threads_.push_back(std::make_unique<Thread>());
    }
    EventQueue& queue = threads_[each.thread]->queue;
    queue.be_lenient_until(monotonic_ns() + lenient_ns);
    for (const InputConfig& input : config.inputs) {
      const int number = static_cast<int>(inputs_.size());
      each.inputs.push_back(number);
      inputs_.push_back({.id = &node::interned(input.id),
                         .operator_index = index,
                         .inner_source = input.inner_source,
                         .may_recover = input.may_recover});
      queue.set_policy(number, input.queue);
    }
    for (const std::string& id : config.outputs) {
      each.outputs.push_back(static_cast<std::uint32_t>(outputs_.size()));
      Output& output = outputs_.emplace_back();
      output.id = fmt::format("{}/{}", config.id, id);
      output.node_output = TRY(node_->outbox().find(output.id));
    }
    each.config = std::move(config);
  }
  TRY(connect_inside());
  // Each of them may fail: only now, when all the rest is known to be right.
  for (std::size_t index = 0; index < operators_.size(); ++index) {
    Operator& each = operators_[index];
    if (each.config.library.empty()) continue;
    OperatorHandle handle{.runtime = this,
                          .index = index,
                          .id = each.config.id,
                          .node_id = node_->id(),
                          .failure = {}};
    report_crashes_of(node_->id());
    const CrashScope scope(each.config.id);
    each.native =
        TRY(NativeOperator::create(each.config.library, each.config.sha256, std::move(handle))
                .while_doing(fmt::format("operator '{}'", each.config.id)));
  }
  live_count_ = operators_.size();
  // What never gets an event has nothing to do.
  for (Operator& each : operators_)
    if (each.inputs.empty()) end(each);
  return {};
}

Result<> Runtime::connect_inside() {
  for (std::size_t number = 0; number < inputs_.size(); ++number) {
    Input& input = inputs_[number];
    if (input.inner_source.empty()) continue;
    const auto output = std::ranges::find(outputs_, input.inner_source, &Output::id);
    if (output == outputs_.end()) {
      return fail(
          ErrorKind::NotFound,
          fmt::format("input '{}' of operator '{}': the node has no "
                      "output '{}'",
                      *input.id, operators_[input.operator_index].config.id, input.inner_source));
    }
    output->receivers.push_back(static_cast<int>(number));
  }
  return {};
}

// ---- The loop of a thread ----------------------------------------------------------------------

Result<Runtime::Outcome> Runtime::next(std::size_t number, dora_operator_status answer,
                                       std::int64_t timeout_ns, std::uint32_t seen_nudges,
                                       Delivery* delivery) {
  const std::int64_t deadline_ns = deadline_of(timeout_ns);
  Thread& thread = *threads_[number];
  Lock lock(mutex_);
  settle(lock, thread, answer);
  for (;;) {
    if (!aborted_.empty()) return fail(ErrorKind::Failed, aborted_);
    const bool has_work = !thread.queue.is_empty();
    if (has_work && thread.served < longest_run) {
      ++thread.served;
      std::size_t dropped = 0;
      const auto item = *thread.queue.pop(monotonic_ns(), dropped);
      count_drops(item.input, dropped);
      if (TRY(deliver(lock, thread, item, delivery))) return Outcome::Event;
      continue;
    }
    thread.served = 0;
    if (!has_work) {
      if (live_count_ == 0) return Outcome::Ended;
      finish_when_idle();
      if (!thread.queue.is_empty()) continue;
    }
    Outcome outcome{};
    if (!wait(lock, deadline_ns, has_work, seen_nudges, &outcome)) return outcome;
  }
}

bool Runtime::wait(Lock& lock, std::int64_t deadline_ns, bool has_work, std::uint32_t seen_nudges,
                   Outcome* outcome) {
  tell_drops(false);
  const std::int64_t now_ns = monotonic_ns();
  const std::int64_t left_ns = has_work || deadline_ns <= now_ns ? 0 : deadline_ns - now_ns;
  // Counted before the mutex is released: what another thread changes from now on is noticed.
  const std::uint32_t nudges = node_->nudges();
  if (nudges != seen_nudges && !has_work) {
    // Of this runtime or of the host: only the host can tell, and it comes back.
    *outcome = Outcome::Interrupted;
    return false;
  }
  if (node_has_ended_) {
    if (has_work) return true;
    if (left_ns == 0) {
      *outcome = Outcome::TimedOut;
      return false;
    }
    // Other threads are still at work, and tell when they have changed something.
    constexpr std::int64_t slice_ns = 100'000'000;
    changed_.wait_for(lock, std::chrono::nanoseconds(std::min(left_ns, slice_ns)));
    return true;
  }
  lock.unlock();
  node::Event* event = nullptr;
  const auto took = node_->next(
      deadline_ns == shared_memory::no_deadline && !has_work ? -1 : left_ns, &event, nudges);
  lock.lock();
  switch (took) {
    case node::Node::Outcome::Event:
      route(event);
      return true;
    case node::Node::Outcome::Ended:
      node_has_ended_ = outside_has_closed_ = true;
      return true;
    case node::Node::Outcome::Nudged:
      return true;
    case node::Node::Outcome::TimedOut:
      if (has_work) return true;
      *outcome = Outcome::TimedOut;
      return false;
    case node::Node::Outcome::Interrupted:
      if (has_work) return true;
      *outcome = Outcome::Interrupted;
      return false;
  }
  return true;
}

Result<bool> Runtime::deliver(Lock& lock, Thread& thread, EventQueue::Item item,
                              Delivery* delivery) {
  Operator& each = operators_[item.operator_index];
  if (item.event == nullptr) {
    // A hosted operator can be let go.
    if (--live_count_ == 0) wake();
    *delivery = {item.operator_index, nullptr};
    return true;
  }
  if (each.life == Life::Ended) {
    item.event->release();
    return false;
  }
  // A sender on another thread may wait for this room.
  if (item.input >= 0 && threads_.size() > 1) changed_.notify_all();
  thread.operator_index = item.operator_index;
  thread.type = item.event->type();
  thread.input = item.input >= 0 ? item.input : item.event->head().input_index;
  if (each.native == nullptr) {
    *delivery = {item.operator_index, item.event};
    return true;
  }
  lock.unlock();
  auto answer = [&] {
    const CrashScope scope(each.config.id);
    return each.native->on_event(*item.event);
  }();
  item.event->release();
  lock.lock();
  if (!answer) {
    aborted_ = fmt::format("operator '{}' of node '{}': {}", each.config.id, node_->id(),
                           answer.error().message);
    wake();
    return fail(ErrorKind::Failed, aborted_);
  }
  settle(lock, thread, *answer);
  return false;
}

void Runtime::settle(Lock& lock, Thread& thread, dora_operator_status answer) {
  if (thread.operator_index == SIZE_MAX) return;
  const std::size_t index = std::exchange(thread.operator_index, SIZE_MAX);
  Operator& each = operators_[index];
  if (each.life == Life::Ended) return;
  if (answer == DORA_OPERATOR_STOP_ALL) {
    lock.unlock();
    node_->stop_dataflow();
    lock.lock();
  }
  if (answer != DORA_OPERATOR_CONTINUE || thread.type == DORA_EVENT_STOP) {
    end(each);
  } else if (thread.type == DORA_EVENT_INPUT_CLOSED) {
    close_input(thread.input);
  }
}

void Runtime::abort(std::string why) {
  const Lock lock(mutex_);
  if (aborted_.empty()) aborted_ = std::move(why);
  wake();
}

void Runtime::reload(std::size_t index) {
  const Lock lock(mutex_);
  notify(index, DORA_EVENT_RELOAD, operators_[index].config.id);
  wake();
}

void Runtime::wake() {
  if (threads_.size() > 1) changed_.notify_all();
  // Also for reload() and abort(), which come from threads that are none of ours.
  node_->nudge();
}

// ---- The life of operators ---------------------------------------------------------------------

void Runtime::close_input(int number) {
  Input& closed = inputs_[static_cast<std::size_t>(number)];
  if (closed.may_recover && !outside_has_closed_) return;
  closed.is_open = false;
  const std::size_t index = closed.operator_index;
  const bool any_open = std::ranges::any_of(operators_[index].inputs, [&](int input) {
    return inputs_[static_cast<std::size_t>(input)].is_open;
  });
  if (!any_open) give_stop(index, "ALL_INPUTS_CLOSED");
}

void Runtime::give_stop(std::size_t index, const std::string& why) {
  Operator& each = operators_[index];
  if (each.life != Life::Running) return;
  each.life = Life::Stopping;
  EventQueue& queue = threads_[each.thread]->queue;
  queue.push_front(
      {.operator_index = index, .event = node::Event::create_notice(DORA_EVENT_STOP, why)});
  wake();
}

void Runtime::end(Operator& each) {
  if (each.life == Life::Ended) return;
  each.life = Life::Ended;
  const auto index = static_cast<std::size_t>(&each - operators_.data());
  EventQueue& queue = threads_[each.thread]->queue;
  queue.forget(index);
  if (each.native != nullptr) {
    const CrashScope scope(each.config.id);
    each.native.reset();
    --live_count_;
  } else {
    queue.push_front({.operator_index = index});
  }
  std::vector<std::uint32_t> outside;
  for (const std::uint32_t output : each.outputs) {
    outside.push_back(outputs_[output].node_output);
    for (const int receiver : outputs_[output].receivers) {
      const Input& input = inputs_[static_cast<std::size_t>(receiver)];
      notify(input.operator_index, DORA_EVENT_INPUT_CLOSED, *input.id);
    }
  }
  // A daemon that is gone need not know.
  (void)node_->close_outputs(outside);
  wake();
}

void Runtime::notify(std::size_t index, dora_event_type type, const std::string& id,
                     const std::string& text) {
  Operator& each = operators_[index];
  if (each.life != Life::Running) return;
  node::Event* event = node::Event::create_notice(type, id, text);
  if (type == DORA_EVENT_INPUT_CLOSED || type == DORA_EVENT_INPUT_RECOVERED) {
    const auto own = std::ranges::find_if(
        each.inputs, [&](int input) { return *inputs_[static_cast<std::size_t>(input)].id == id; });
    if (own != each.inputs.end())
      event->set_input(*inputs_[static_cast<std::size_t>(*own)].id, *own);
  }
  threads_[each.thread]->queue.push({.operator_index = index, .event = event});
  if (threads_.size() > 1) wake();
}

void Runtime::finish_when_idle() {
  if (!outside_has_closed_) return;
  for (const auto& thread : threads_) {
    if (!thread->queue.is_empty() || thread->operator_index != SIZE_MAX) return;
  }
  for (std::size_t index = 0; index < operators_.size(); ++index)
    give_stop(index, "ALL_INPUTS_CLOSED");
}

}  // namespace dora::operators

// SPDX-License-Identifier: Apache-2.0
#include "node/node.hpp"

#include <algorithm>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>

#include "base/clock.hpp"
#include "base/crash_point.hpp"
#include "base/version.hpp"

namespace dora::node {
namespace {

using shared_memory::WaitResult;

constexpr std::int64_t answer_patience_ns = 10'000'000'000;
/// Another thread may read the answer: then nothing more comes to wait for.
constexpr int answer_slice_ms = 5;
constexpr std::size_t longest_dataflow_text = 64 << 20;

/// The time `timeout_ns` from now; negative means never.
std::int64_t deadline_of(std::int64_t now_ns, std::int64_t timeout_ns) {
  std::int64_t deadline;
  if (timeout_ns < 0 || __builtin_add_overflow(now_ns, timeout_ns, &deadline)) {
    return shared_memory::no_deadline;
  }
  return deadline;
}

Result<> expect_descriptors(const std::vector<FileDescriptor>& fds, std::size_t count) {
  if (fds.size() == count) return {};
  return fail(ErrorKind::InvalidInput, "the daemon sent a message with missing descriptors");
}

}  // namespace

Result<std::unique_ptr<Node>> Node::create(std::string_view config_text) {
  auto config =
      TRY(message::decode_node_config(config_text).while_doing("reading DORA_NODE_CONFIG"));
  auto control = TRY(ControlConnection::open(config));
  return std::unique_ptr<Node>(new Node(std::move(control)));
}

Result<std::unique_ptr<Node>> Node::attach(std::string_view id) {
  auto node_id = TRY(NodeId::parse(id).while_doing(fmt::format("node id '{}'", id.substr(0, 128))));
  auto control = TRY(ControlConnection::attach(node_id));
  return std::unique_ptr<Node>(new Node(std::move(control)));
}

Result<> Node::join() {
  if (inbox_ == nullptr) {
    auto joined = TRY(control_.join(version(), nudges_));
    TRY(map_setup(std::move(joined)));
  }
  auto start = TRY(control_.wait_for_start(nudges_));
  // Who was there when all began gets every tick, however long it takes to look; who comes later,
  // or again, begins now.
  constexpr std::int64_t beginning_ns = 5'000'000'000;
  const std::int64_t now_ns = monotonic_ns();
  const bool is_late = setup_.restart_count > 0 || now_ns - start.epoch_ns > beginning_ns;
  inbox_->start(start.epoch_ns, is_late ? now_ns : start.epoch_ns);
  has_joined_.store(true);
  std::lock_guard lock(receiving_);
  follow_orders_locked();
  return {};
}

Result<> Node::map_setup(JoinedSetup joined) {
  setup_ = std::move(joined.setup);
  TRY(expect_descriptors(joined.fds, 4));
  auto page = TRY(shared_memory::MemoryFile::adopt(std::move(joined.fds[1])));
  bell_ = TRY(shared_memory::DoorbellPage::open(std::move(page), std::move(joined.fds[2])));
  TRY(outbox_.set_up(setup_, std::move(joined.fds[0]),
                     {.are_waiting = [this] { return bell_->is_controlled(); },
                      .follow = [this] { follow_orders(); },
                      .report_blocked =
                          [this](std::uint64_t edge) {
                            // Whoever is gone need not know.
                            (void)control_.send(message::Blocked{edge});
                          },
                      .nudges = [this] { return nudges(); }}));
  ::lseek(joined.fds[3].get(), 0, SEEK_SET);
  dataflow_json_ = TRY(read_all(joined.fds[3].get(), longest_dataflow_text));
  inbox_ = std::make_unique<Inbox>(setup_);
  for (auto& [where, fds] : joined.outputs) {
    TRY(connect_output(where, std::move(fds)));
  }
  for (auto& [where, fds] : joined.inputs) {
    TRY(connect_input(where, std::move(fds)));
  }
  return {};
}

Result<> Node::connect_output(const message::ConnectOutput& where,
                              std::vector<FileDescriptor> fds) {
  TRY(expect_descriptors(fds, 3));
  return outbox_.connect(where, std::move(fds[0]), std::move(fds[1]), std::move(fds[2]));
}

Result<> Node::connect_input(const message::ConnectInput& where, std::vector<FileDescriptor> fds) {
  TRY(expect_descriptors(fds, 2));
  auto file = TRY(shared_memory::MemoryFile::adopt(std::move(fds[0])));
  auto arena = TRY(shared_memory::ArenaView::open(std::move(fds[1])));
  auto consumer = TRY(shared_memory::EdgeConsumer::open(
      std::move(file), std::make_shared<const shared_memory::ArenaView>(std::move(arena)), bell_));
  inbox_->connect(where, std::move(consumer));
  return {};
}

// ---- Orders ----------------------------------------------------------------------------------

void Node::note_activity(std::int64_t now_ns) {
  if (setup_.watched) bell_->note_activity(now_ns);
}

void Node::report_timeouts_locked() {
  if (!inbox_->has_timeouts_to_tell()) return;
  for (const message::InputTimeout& timeout : inbox_->take_timeouts()) {
    // Whoever is gone need not know.
    if (!daemon_gone_) (void)control_.send(timeout);
  }
}

[[gnu::hot]] void Node::follow_orders() {
  if (setup_.watched) bell_->note_activity(monotonic_ns());
  // One relaxed load when there is nothing to follow.
  if (!bell_->is_controlled()) return;
  std::lock_guard lock(receiving_);
  look_at_doorbell_locked();
  hand_over_locked();
}

[[gnu::hot]] void Node::hand_over_locked() {
  // Whoever sleeps on the doorbell sleeps on when another thread takes the bits it was rung for:
  // ring again for what is left.
  if (!turn_taken_) return;
  std::uint32_t bits = inbox_->ready_groups();
  if (inbox_->has_notice() || owes_a_nudge_locked()) bits |= shared_memory::bell_control;
  if (bits != 0) bell_->ring_and_wake(bits);
}

[[gnu::hot]] bool Node::glance_at_doorbell_locked() {
  const std::uint32_t bits = bell_->glance();
  if ((bits & shared_memory::bell_control) != 0) {
    look_at_doorbell_locked();
    return false;
  }
  inbox_->mark_ready(bits);
  return bits != 0;
}

[[gnu::hot]] void Node::look_at_doorbell_locked() {
  if (!bell_->is_ready()) return;
  std::uint32_t bits = bell_->take();
  inbox_->mark_ready(bits & ~shared_memory::bell_control);
  if ((bits & shared_memory::bell_control) != 0) follow_orders_locked();
}

void Node::follow_orders_locked() {
  while (!daemon_gone_) {
    auto order = control_.poll();
    if (!order) {
      daemon_gone_ = true;
      inbox_->on_disconnected(order.error().message);
      return;
    }
    if (!*order) return;
    follow(**std::move(order));
  }
}

void Node::follow(Order order) {
  struct Follow {
    Node& node;
    std::vector<FileDescriptor>& fds;

    void operator()(message::ConnectOutput& where) {
      note(node.connect_output(where, std::move(fds)));
    }
    void operator()(message::ConnectInput& where) {
      note(node.connect_input(where, std::move(fds)));
    }
    void operator()(message::Stop&) {
      node.outbox_.stop_waiting();
      node.inbox_->on_stop(monotonic_ns());
    }
    void operator()(message::InputClosed& closed) { node.inbox_->on_input_closed(closed); }
    void operator()(message::RetireOutput& closed) { node.outbox_.retire(closed); }
    void operator()(message::DisconnectOutput& gone) { node.outbox_.disconnect(gone); }
    void operator()(message::NodeRestarted& restarted) {
      node.inbox_->add_notice(DORA_EVENT_NODE_RESTARTED, restarted.node.text());
    }
    void operator()(message::NodeFailed& failed) { node.inbox_->on_node_failed(failed); }
    void operator()(message::ParameterChanged& parameter) {
      node.inbox_->add_notice(parameter.value ? DORA_EVENT_PARAM_UPDATE : DORA_EVENT_PARAM_DELETED,
                              parameter.key, parameter.value.value_or(""));
    }
    void operator()(message::Reload& reload) {
      node.inbox_->add_notice(DORA_EVENT_RELOAD, reload.operator_id);
    }
    // The handshake is over.
    void operator()(message::Setup&) {}
    void operator()(message::SetupDone&) {}
    void operator()(message::Start&) {}
    void operator()(message::AttachRefused&) {}
    void operator()(message::Places&) {}
    void operator()(message::ExtensionReply& reply) {
      // Whoever gave up waiting does not want it any more.
      if (node.replies_.contains(reply.number)) node.replies_[reply.number] = std::move(reply);
    }

    void note(const Result<>& result) {
      if (result) return;
      node.inbox_->add_notice(DORA_EVENT_ERROR, "", result.error().message);
    }
  };
  std::visit(Follow{*this, order.fds}, order.message);
}

// ---- Receiving -------------------------------------------------------------------------------

[[gnu::hot]] Node::Outcome Node::next(std::int64_t timeout_ns, Event** event,
                                      std::uint32_t seen_nudges) {
  std::unique_lock lock(receiving_);
  // To read the clock is a good part of what taking a message costs: only where it decides.
  const bool needs_time = timeout_ns >= 0 || !asked_ || setup_.watched || inbox_->depends_on_time();
  std::int64_t now = needs_time ? monotonic_ns() : 0;
  const std::int64_t deadline = deadline_of(now, timeout_ns);
  if (!asked_) {
    asked_ = true;
    bell_->note_first_wait(now);
  }
  note_activity(now);
  for (;;) {
    // Before the look at what may end the wait: see nudge().
    const std::uint32_t turn = turn_word_.load(std::memory_order_acquire);
    // While there are messages the doorbell stays as it is; see doorbell.hpp.
    const bool has_glanced = glance_at_doorbell_locked();
    Inbox::Outcome taken = inbox_->take(now, event);
    const bool polls = has_glanced && setup_.busy && !turn_taken_ && !inbox_->depends_on_time();
    if (has_glanced && !polls && taken == Inbox::Outcome::Nothing) {
      look_at_doorbell_locked();
      taken = inbox_->take(now, event);
    }
    report_timeouts_locked();
    switch (taken) {
      case Inbox::Outcome::Taken:
        note_activity(now);
        hand_over_locked();
        if (turn_waiters_ > 0 && !turn_taken_ && inbox_->has_event(now)) pass_the_turn();
        return Outcome::Event;
      case Inbox::Outcome::Ended:
        // The ring that was just taken may have been for the one who sleeps.
        hand_over_locked();
        if (turn_waiters_ > 0) pass_the_turn();
        return Outcome::Ended;
      case Inbox::Outcome::Nothing:
        break;
    }
    // The ring that was just taken may have been for the one who sleeps.
    if (owes_a_nudge_locked()) hand_over_locked();
    if (nudges() != seen_nudges) {
      if (turn_waiters_ > 0) pass_the_turn();
      return Outcome::Nudged;
    }
    if (now >= deadline) {
      note_activity(now);
      return Outcome::TimedOut;
    }
    const WaitResult waited =
        polls
            ? poll_locked(lock, deadline, seen_nudges)
            : wait_locked(lock, std::min(deadline, inbox_->next_deadline(now)), turn, seen_nudges);
    if (waited == WaitResult::Interrupted) return Outcome::Interrupted;
    if (needs_time) now = monotonic_ns();
  }
}

void Node::nudge() {
  // Without the lock, as a signal handler may run in the thread that holds it. Whoever is about to
  // sleep has read nudges() before: then it sees this, or the ring below makes its sleep return.
  // Who takes that ring away sees the count, and rings again for the one who has the turn.
  // In one order with has_joined_: who joins sees the count, or we see that it has.
  nudges_.fetch_add(1);
  if (!has_joined_.load()) return control_.nudge();
  bell_->ring_and_wake(shared_memory::bell_control);
  // release: who finds the new turn finds the new count, too.
  turn_word_.fetch_add(1, std::memory_order_release);
  shared_memory::SystemAtomics::wake(turn_word_, shared_memory::everybody);
  outbox_.wake_senders();
}

bool Node::has_event() {
  std::lock_guard lock(receiving_);
  look_at_doorbell_locked();
  const std::int64_t now = monotonic_ns();
  note_activity(now);
  bool has_event = inbox_->has_event(now);
  report_timeouts_locked();
  hand_over_locked();
  return has_event;
}

bool Node::arm(std::int64_t* deadline_ns) {
  std::lock_guard lock(receiving_);
  std::int64_t now = monotonic_ns();
  if (!asked_) {
    asked_ = true;
    bell_->note_first_wait(now);
  }
  note_activity(now);
  // The ring that woke the loop must not wake it again.
  bell_->disarm();
  do {
    look_at_doorbell_locked();
    const bool has_event = inbox_->has_event(now);
    report_timeouts_locked();
    if (has_event) {
      if (owes_a_nudge_locked()) hand_over_locked();
      return true;
    }
  } while (!bell_->arm());  // rung in between: look again
  if (owes_a_nudge_locked()) hand_over_locked();
  const std::int64_t tend_ns = outbox_.tend_memory(now);
  if (deadline_ns != nullptr) *deadline_ns = std::min(inbox_->next_deadline(now), tend_ns);
  return false;
}

// ---- Asking ----------------------------------------------------------------------------------

Result<message::ExtensionReply> Node::ask(message::ExtensionRequest request) {
  const std::int64_t deadline_ns = monotonic_ns() + answer_patience_ns;
  std::unique_lock lock(receiving_);
  const std::uint64_t number = request.number = ++last_request_;
  if (daemon_gone_ || closed_.load())
    return fail(ErrorKind::Disconnected, "the dataflow has ended, or this node was closed");
  TRY(control_.send(request));
  replies_[number] = {};  // no reply has the number 0
  for (;;) {
    follow_orders_locked();
    hand_over_locked();
    if (auto reply = replies_.find(number); reply->second.number == number) {
      auto answer = std::move(reply->second);
      replies_.erase(reply);
      return answer;
    }
    const bool is_late = monotonic_ns() > deadline_ns;
    if (daemon_gone_ || is_late) {
      replies_.erase(number);
      return fail(is_late ? ErrorKind::TimedOut : ErrorKind::Disconnected,
                  is_late ? "the daemon does not answer" : "the daemon is gone");
    }
    lock.unlock();
    control_.wait_readable(answer_slice_ms);
    lock.lock();
  }
}

// ---- Ending ----------------------------------------------------------------------------------

Result<> Node::close_outputs(std::span<const std::uint32_t> outputs) {
  auto closed = TRY(outbox_.close(outputs));
  if (closed.empty() || daemon_gone_) return {};
  return control_.send(message::CloseOutputs{std::move(closed)});
}

void Node::report(std::string level, std::string text) {
  (void)control_.send(message::Report{std::move(level), std::move(text)});
}

void Node::stop_dataflow() {
  (void)control_.send(message::StopDataflow{});
}

void Node::close() {
  if (closed_.exchange(true) || !bell_ || bell_->is_inherited()) return;
  outbox_.close_all();
  crash_point("producer.closed");
  std::lock_guard lock(receiving_);
  if (inbox_ != nullptr) inbox_->end();
  crash_point("consumer.closed");
  // Whoever is gone already cannot be told.
  if (!daemon_gone_) (void)control_.send(message::Detach{});
  // Threads that still wait see the end.
  if (bell_) bell_->ring_and_wake(shared_memory::bell_control);
}

}  // namespace dora::node

#pragma once
// SPDX-License-Identifier: Apache-2.0
// A node's side of a running dataflow. Every method may be called from any thread; there is no
// thread of its own. Two mutexes: one for what is received (inbox, orders of the daemon), one for
// what is sent (outbox); the first may be held while the second is taken, never the other way
// round.
//
//   open ──► joined (mapped, Ready) ──Start──► running ──Stop / all closed / close()──► ended
//
// Waiting: one thread at a time sleeps on the node's doorbell; others that want to receive queue up
// behind it and are handed the turn.

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "node/control_connection.hpp"
#include "node/inbox.hpp"
#include "node/outbox.hpp"
#include "node/spin_budget.hpp"
#include "shared_memory/doorbell_page.hpp"

namespace dora::node {

class Node {
 public:
  /// A node that has not joined yet. `config_text` is the value of DORA_NODE_CONFIG.
  static Result<std::unique_ptr<Node>> create(std::string_view config_text);
  /// The same for a process that no daemon started: it becomes the dynamic node `id` of the running
  /// dataflow that has one.
  static Result<std::unique_ptr<Node>> attach(std::string_view id);
  /// Joins the dataflow; blocks until everybody has. Fails as dora_node_open does; after an
  /// interruption it may be called again.
  Result<> join();

  ~Node() { close(); }
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  const std::string& id() const { return setup_.node.text(); }
  const std::string& dataflow_id() const { return setup_.dataflow_id; }
  std::uint32_t restart_count() const { return setup_.restart_count; }
  const std::string& config_json() const { return setup_.config; }
  const std::string& dataflow_json() const { return dataflow_json_; }

  enum class Outcome { Event, Ended, TimedOut, Interrupted, Nudged };
  /// See dora_node_next. The caller owns the one reference to `*event`.
  Outcome next(std::int64_t timeout_ns, Event** event) { return next(timeout_ns, event, nudges()); }
  /// The same, but Nudged as soon as nudge() was called more often than `seen_nudges`.
  Outcome next(std::int64_t timeout_ns, Event** event, std::uint32_t seen_nudges);
  /// Ends the waits of all threads that know of fewer nudges, for a reason of the caller's. Also
  /// from signal handlers.
  void nudge();
  std::uint32_t nudges() const { return nudges_.load(std::memory_order_acquire); }
  bool has_event();
  int event_fd() const { return bell_->event_fd(); }
  /// See dora_node_arm.
  bool arm(std::int64_t* deadline_ns);

  /// Reads waiting orders of the daemon, when it rang. Before every send, as a node that only sends
  /// never waits for events.
  void follow_orders();
  Outbox& outbox() { return outbox_; }
  /// Asks the daemon, and waits for its reply.
  Result<message::ExtensionReply> ask(message::ExtensionRequest request);
  Result<> close_outputs(std::span<const std::uint32_t> outputs);
  /// Something the user should see. Whoever is gone need not know.
  void report(std::string level, std::string text);
  /// Asks for the end of the whole dataflow, as `dora stop` does.
  void stop_dataflow();
  /// Closes all outputs and ends the stream; threads that wait are woken. Harmless the second time.
  void close();

 private:
  explicit Node(ControlConnection control) : control_(std::move(control)) {}

  Result<> map_setup(JoinedSetup joined);
  Result<> connect_output(const message::ConnectOutput& where, std::vector<FileDescriptor> fds);
  Result<> connect_input(const message::ConnectInput& where, std::vector<FileDescriptor> fds);
  /// A sign of life, for a node that is watched.
  void note_activity(std::int64_t now_ns);
  void report_timeouts_locked();
  void follow_orders_locked();
  void follow(Order order);
  void look_at_doorbell_locked();
  /// Without taking what it says, when that is messages only: to take costs the sender's processor
  /// its copy of the word. True: so it was, and the doorbell must be looked at before a wait.
  bool glance_at_doorbell_locked();
  void hand_over_locked();
  bool owes_a_nudge_locked() const { return turn_taken_ && nudges() != nudges_of_turn_; }
  /// Waits until rung, the deadline or a signal; `lock` is released meanwhile.
  /// `seen_turn` is what turn_word_ was when nothing was found to wait for.
  shared_memory::WaitResult wait_locked(std::unique_lock<std::mutex>& lock,
                                        std::int64_t deadline_ns, std::uint32_t seen_turn,
                                        std::uint32_t seen_nudges);
  /// The same for a node with `latency: busy` whose inputs have been rung: looks into their queues,
  /// again and again, with the doorbell left as it is.
  shared_memory::WaitResult poll_locked(std::unique_lock<std::mutex>& lock,
                                        std::int64_t deadline_ns, std::uint32_t seen_nudges);
  shared_memory::WaitResult wait_for_turn(std::unique_lock<std::mutex>& lock,
                                          std::int64_t deadline_ns, std::uint32_t seen_turn);
  void pass_the_turn();
  shared_memory::WaitResult sleep_on_doorbell(std::int64_t deadline_ns);
  shared_memory::WaitResult sleep_undisturbed(std::int64_t deadline_ns);
  shared_memory::WaitResult spin_on_doorbell(std::int64_t deadline_ns);

  ControlConnection control_;
  message::Setup setup_;
  std::string dataflow_json_;
  std::shared_ptr<shared_memory::DoorbellPage> bell_;

  std::mutex receiving_;  // guards all below but outbox_, which has its own
  std::unique_ptr<Inbox> inbox_;
  bool asked_ = false;  // an event was asked for at least once
  bool daemon_gone_ = false;
  std::uint64_t last_request_ = 0;
  std::map<std::uint64_t, message::ExtensionReply> replies_;  // for those who wait in ask()
  std::atomic<bool> closed_{false};
  std::atomic<bool> has_joined_{false};
  std::atomic<std::uint32_t> nudges_{0};
  bool turn_taken_ = false;
  std::uint32_t nudges_of_turn_ = 0;  ///< that the thread with the turn knew of when it lay down
  SpinBudget spin_budget_{has_processors_to_spare()};  // of the thread that has the turn
  int turn_waiters_ = 0;
  std::atomic<std::uint32_t> turn_word_{0};  // futex word of those who wait for the turn

  Outbox outbox_;
};

}  // namespace dora::node

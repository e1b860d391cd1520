#pragma once
// SPDX-License-Identifier: Apache-2.0
// Everything that waits to be received by a node, and the order in which it comes out:
//
//   1. notices (STOP/MANUAL before all others), in order of arrival;
//   2. once what a node had sent is taken: its NODE_FAILED, then INPUT_CLOSED of the inputs that
//   its
//      end closed;
//   3. messages and timer ticks, oldest first and fair (fairness.hpp);
//   4. when every input that can close is closed: STOP/ALL_INPUTS_CLOSED, then the end.
//
// After STOP/MANUAL only what was sent before it is still given, then the end.
// Nothing here waits or locks: the Node calls it under its mutex.

#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "message/daemon_to_node.hpp"
#include "message/node_to_daemon.hpp"
#include "node/event.hpp"
#include "node/fairness.hpp"
#include "node/incoming_edge.hpp"
#include "node/payload_type.hpp"
#include "node/timer.hpp"

namespace dora::node {

class Inbox {
 public:
  explicit Inbox(const message::Setup& setup);
  ~Inbox();
  Inbox(const Inbox&) = delete;
  Inbox& operator=(const Inbox&) = delete;

  /// Timers begin; nothing is due before. See Timer::start().
  void start(std::int64_t epoch_ns, std::int64_t from_ns);

  /// Adds a producer to an input, which is made when it is new.
  void connect(const message::ConnectInput& where, shared_memory::EdgeConsumer consumer);
  void on_input_closed(const message::InputClosed& closed);
  /// STOP with id MANUAL: at the head of everything.
  void on_stop(std::int64_t now_ns);
  void add_notice(dora_event_type type, std::string id, std::string text = {});
  void on_node_failed(const message::NodeFailed& failed);
  /// The daemon is gone: one ERROR with this text, then the end.
  void on_disconnected(std::string_view reason);

  /// The node was closed: nothing more comes, and producers learn it.
  void end();

  /// Producers rang these groups.
  void mark_ready(std::uint32_t groups) { ready_ |= groups; }
  /// Groups that may have messages.
  std::uint32_t ready_groups() const { return ready_; }
  /// Whether a message waits in one of them. Only while time decides nothing.
  bool has_message();
  bool has_notice() const { return !notices_.empty() || ended_; }

  /// Whether what comes next may depend on the time: there are timers or circuit breakers.
  bool depends_on_time() const { return has_timeouts_ || !timers_.empty(); }

  bool has_timeouts_to_tell() const { return !timeouts_.empty(); }
  /// Circuit breakers that opened or closed since the last call, for the daemon.
  std::vector<message::InputTimeout> take_timeouts() { return std::exchange(timeouts_, {}); }

  enum class Outcome { Taken, Nothing, Ended };
  /// Takes the next event. The caller owns the one reference to it.
  Outcome take(std::int64_t now_ns, Event** event);
  /// Whether `take` would answer something else than Nothing.
  bool has_event(std::int64_t now_ns);
  /// When the next timer is due, or Timer::never.
  std::int64_t next_deadline(std::int64_t now_ns);

 private:
  struct Input {
    const std::string* id = nullptr;  ///< interned()
    int number = 0;                   ///< of the input, the same for as long as the node lives
    std::uint32_t groups = 0;         ///< of the doorbell, that its producers ring
    bool is_log = false;
    bool closing = false;         ///< INPUT_CLOSED is due once every edge is empty
    bool closed = false;          ///< INPUT_CLOSED was given
    bool broken = false;          ///< its circuit breaker is open
    std::int64_t timeout_ns = 0;  ///< of the circuit breaker; 0: there is none
    /// When the last message that was taken was sent; nothing before the first.
    std::optional<std::int64_t> last_sent_ns{};
    std::list<IncomingEdge> edges;
    IncomingEdge* next = nullptr;  ///< the edge with the oldest message, after head_time()
  };
  /// A NODE_FAILED that waits until what the node had sent is taken.
  struct Failure {
    Event* notice;
    std::vector<Input*> inputs;
  };
  struct TimerSlot {
    Timer timer;
    const std::string* id = nullptr;  ///< interned()
    int number = 0;
  };

  Input* find_input(std::string_view id);
  /// The oldest message of an input, after retiring edges that ended; nothing when it has none.
  std::optional<std::int64_t> head_time(Input& input);
  /// Gives notice of an input that is closing and empty, unless a failure is to be told before.
  void close_if_done(Input& input);
  /// Gives notice of the failures that nothing precedes any more.
  void tell_failures();
  void forget_notices();
  /// Offers everything that waits to `fairness_`; gives notice of inputs that close.
  void survey(std::int64_t now_ns);
  void set_broken(Input& input, bool broken);
  /// Opens the circuit breakers of inputs on which nothing came in time.
  void check_timeouts(std::int64_t now_ns);
  /// When that of `input` opens, as things stand.
  static std::optional<std::int64_t> timeout_at(const Input& input);
  Event* take_from(int source, std::int64_t now_ns);
  Event* make_tick(TimerSlot& slot, const Tick& tick, int index);
  bool is_all_closed() const;

  std::deque<Input> inputs_;  ///< grows at its end, while others point into it
  std::vector<TimerSlot> timers_;
  std::deque<Event*> notices_;
  std::vector<Failure> failures_;
  std::vector<message::InputTimeout> timeouts_;
  bool exit_when_nodes_finish_;
  bool has_timeouts_ = false;  ///< an input has a circuit breaker
  std::uint32_t ready_ = 0;
  Fairness fairness_;
  PayloadTypes types_;
  std::optional<std::int64_t> stopped_at_;
  bool told_all_closed_ = false;
  bool ended_ = false;
};

}  // namespace dora::node

#pragma once
// SPDX-License-Identifier: Apache-2.0
// Runs the operators of one node: takes the node's events, hands them to the operators they are
// for, and passes what operators send to each other by reference.
//
// Operators live on threads, numbered from 0: all of them on thread 0, but those that asked for one
// of their own. Each thread has a queue, and calls next() until the end. Operators in libraries run
// inside next(); the others are hosted: next() gives their events to the caller, who runs them and
// brings the answer with the next call. Whoever waits takes events from the node, for all threads.
//
// The life of an operator:
//
//   running ──STOP given──► stopping ──answered──► ended      its outputs close, others are told
//      └──────────answers STOP or STOP_ALL───────────┘
//
// STOP/MANUAL comes from the daemon, before all that waits. STOP/ALL_INPUTS_CLOSED comes when every
// input of the operator has closed; and, once nothing can come from outside any more and nothing is
// under way, to all that are left.
//
// Every method may be called from any thread. One mutex guards all; it is not held while an
// operator runs, while a node is waited for, nor while something is sent to other nodes.

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "dora/host.h"
#include "message/metadata.hpp"
#include "node/local_payload.hpp"
#include "node/log_line.hpp"
#include "node/node.hpp"
#include "operators/event_queue.hpp"
#include "operators/native_operator.hpp"
#include "operators/operator_config.hpp"

namespace dora::operators {

class Runtime {
 public:
  /// Reads the node's operators and loads those in libraries.
  static Result<std::unique_ptr<Runtime>> create(std::shared_ptr<node::Node> node);
  ~Runtime();
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  std::size_t thread_count() const { return threads_.size(); }
  std::size_t operator_count() const { return operators_.size(); }
  std::size_t thread_of(std::size_t index) const { return operators_[index].thread; }
  const OperatorConfig& config(std::size_t index) const { return operators_[index].config; }
  bool is_hosted(std::size_t index) const { return operators_[index].config.library.empty(); }
  const std::string& node_id() const { return node_->id(); }
  /// See dora_node_nudges.
  std::uint32_t nudges() const { return node_->nudges(); }

  enum class Outcome { Event, Ended, TimedOut, Interrupted };
  struct Delivery {
    std::size_t operator_index = SIZE_MAX;
    node::Event* event = nullptr;  ///< the caller's; null: the operator has ended
  };
  /// See dora_runtime_next.
  Result<Outcome> next(std::size_t number, dora_operator_status answer, std::int64_t timeout_ns,
                       std::uint32_t seen_nudges, Delivery* delivery);
  void abort(std::string why);
  void reload(std::size_t index);

  /// Outputs of all operators are numbered together.
  Result<std::uint32_t> find_output(std::size_t index, std::string_view id) const;
  bool is_output_of(std::size_t index, std::uint32_t output) const;
  std::uint32_t node_output(std::uint32_t output) const { return outputs_[output].node_output; }
  /// As dora_runtime_receivers.
  unsigned receivers(std::uint32_t output);
  /// To other nodes, when there are any.
  Result<> send_outside(std::uint32_t output, node::Payload payload,
                        const message::MetadataWriter* metadata);
  /// To the operators of this node.
  Result<> send_inside(std::uint32_t number, const node::LocalPayload::Pointer& payload,
                       const message::MetadataWriter* metadata);
  const std::shared_ptr<node::LocalTypes>& types() const { return types_; }
  void log(std::string_view level, std::string_view text) {
    node::write_log(node_->id(), level, text);
  }

 private:
  enum class Life { Running, Stopping, Ended };
  struct Input {
    const std::string* id = nullptr;  ///< as its operator calls it; node::interned()
    std::size_t operator_index = 0;
    std::string inner_source;  ///< the output of this node that feeds it, if one does
    bool is_open = true;
    bool may_recover = false;
    std::uint64_t dropped = 0;
    std::uint64_t told_dropped = 0;
  };
  struct Output {
    std::string id;  ///< "<operator>/<output>"
    std::uint32_t node_output = 0;
    std::vector<int> receivers;  ///< inputs of this node
    std::uint64_t sequence = 0;
  };
  struct Operator {
    OperatorConfig config;
    std::size_t thread = 0;
    std::unique_ptr<NativeOperator> native;
    Life life = Life::Running;
    std::vector<int> inputs;
    std::vector<std::uint32_t> outputs;
  };
  struct Thread {
    EventQueue queue;
    /// What is being handled now; operator_index SIZE_MAX: nothing.
    std::size_t operator_index = SIZE_MAX;
    dora_event_type type = DORA_EVENT_UNKNOWN;
    int input = -1;
    /// Items served since the node was last asked.
    int served = 0;
    bool waits_for_room = false;
  };
  using Lock = std::unique_lock<std::mutex>;

  explicit Runtime(std::shared_ptr<node::Node> node) : node_(std::move(node)) {}
  Result<> set_up(std::vector<OperatorConfig> configs);
  Result<> connect_inside();

  /// Carries out what the operator of this thread answered.
  void settle(Lock& lock, Thread& thread, dora_operator_status answer);
  /// Gives the item to its operator, or says that the caller must.
  Result<bool> deliver(Lock& lock, Thread& thread, EventQueue::Item item, Delivery* delivery);
  /// Waits for the node or for another thread; false when the caller is to return `outcome`.
  bool wait(Lock& lock, std::int64_t deadline_ns, bool has_work, std::uint32_t seen_nudges,
            Outcome* outcome);

  // What comes from the node.
  void route(node::Event* event);
  void route_input(node::Event* event);
  void route_notice(node::Event* event);
  void route_failure(node::Event* event);
  void stop_all(const std::string& why);
  int find_input(std::string_view node_input) const;

  void push(int number, node::Event* event, bool is_protected, bool is_flush);
  void notify(std::size_t index, dora_event_type type, const std::string& id,
              const std::string& text = {});
  void give_stop(std::size_t index, const std::string& why);
  void close_input(int number);
  void end(Operator& each);
  void finish_when_idle();
  void count_drops(int number, std::size_t dropped);
  void tell_drops(bool is_last);
  bool has_room(int number, std::size_t sender_thread) const;
  /// Waits for a change. Fails with an interruption when this thread's patience is over.
  Result<> wait_for_room(Lock& lock, Thread& sender);
  void wake();

  std::shared_ptr<node::Node> node_;
  std::shared_ptr<node::LocalTypes> types_ = std::make_shared<node::LocalTypes>();
  // Fixed after set_up.
  std::vector<Operator> operators_;
  std::vector<Output> outputs_;
  std::vector<std::unique_ptr<Thread>> threads_;

  std::mutex mutex_;  // guards all below, and what changes of the above
  std::condition_variable changed_;
  std::vector<Input> inputs_;
  std::vector<int> input_by_node_index_;  ///< -2: not looked for yet
  std::size_t live_count_ = 0;            ///< operators that have not been let go
  bool node_has_ended_ = false;
  bool outside_has_closed_ = false;
  bool is_stopping_ = false;
  std::string aborted_;  ///< why
  std::int64_t told_drops_ns_ = 0;
};

}  // namespace dora::operators

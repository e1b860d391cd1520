#pragma once
// SPDX-License-Identifier: Apache-2.0
// A node's outputs. Any thread may send: a mutex guards all of it, but is not held while a large
// payload is copied, nor while a sender waits for room in a queue with back pressure.

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/file_descriptor.hpp"
#include "base/result.hpp"
#include "message/daemon_to_node.hpp"
#include "message/metadata.hpp"
#include "node/message_block.hpp"
#include "node/outgoing_types.hpp"
#include "node/payload.hpp"
#include "node/waiting_senders.hpp"
#include "shared_memory/output.hpp"

namespace dora::node {

/// Memory of a node that is filled in place and sent once.
class Sample {
 public:
  /// Writable memory for the payload.
  void* data() { return loan_ ? loan_->bytes().data() + data_offset_ : nullptr; }
  std::size_t size() const { return size_; }

 private:
  friend class Outbox;
  std::optional<shared_memory::Loan> loan_;
  shared_memory::MessageHeader header_;
  std::uint32_t output_ = 0;
  std::size_t data_offset_ = 0;
  std::size_t size_ = 0;
};

class Outbox {
 public:
  /// How a sender that waits learns what the daemon wants.
  struct Orders {
    std::function<bool()> are_waiting;
    std::function<void()> follow;
    /// A sender has been waiting for a while for room on this edge.
    std::function<void(std::uint64_t edge)> report_blocked;
    std::function<std::uint32_t()> nudges;
  };

  Result<> set_up(const message::Setup& setup, FileDescriptor arena, Orders orders);
  Result<> connect(const message::ConnectOutput& where, FileDescriptor edge,
                   FileDescriptor doorbell, FileDescriptor event_fd);
  void retire(const message::RetireOutput& closed);
  void disconnect(const message::DisconnectOutput& gone);
  /// The dataflow stops: senders that wait for room go on, and none waits any more.
  void stop_waiting();
  /// Lets senders that wait for room look at their thread's patience. Also from signal handlers.
  void wake_senders() { senders_.wake(); }

  Result<std::uint32_t> find(std::string_view id) const;
  /// Whether anybody would receive what is sent on `output` now.
  bool has_receivers(std::uint32_t output) const;

  /// See dora_node_send_bytes and its kin.
  Result<> send(std::uint32_t output, Payload payload, const message::MetadataWriter* metadata);
  Result<Sample> loan(std::uint32_t output, std::size_t size,
                      const message::MetadataWriter* metadata);
  Result<> send(Sample& sample);
  void give_back(Sample& sample);

  /// Closes outputs; those that were open are returned.
  Result<std::vector<DataId>> close(std::span<const std::uint32_t> outputs);
  void close_all();

  /// Returns memory to the kernel that was not used for two seconds, if it is time to look for it.
  /// To be called before the node sleeps, and again at the time that it returns.
  std::int64_t tend_memory(std::int64_t now_ns);

 private:
  struct Port {
    DataId id;
    shared_memory::Output* output = nullptr;
    bool closed = false;
  };
  using Lock = std::unique_lock<std::mutex>;

  Result<Port*> open_port(std::uint32_t output);
  /// Waits for room where a queue with back pressure is full, then queues the message. Fails with
  /// an interruption when a signal ends the wait, or this thread's patience does.
  Result<> publish(Lock& lock, Port& port, shared_memory::Loan& loan,
                   shared_memory::MessageHeader header);
  std::int64_t wall_clock(std::int64_t now_ns);

  mutable std::mutex mutex_;
  std::unique_ptr<shared_memory::Outputs> outputs_;
  std::vector<Port> ports_;
  std::unordered_map<std::string, std::uint32_t> port_by_id_;
  OutgoingTypes types_;
  Orders orders_;
  WaitingSenders senders_;
  bool stopping_ = false;
  std::atomic<bool> may_shrink_{false};
  std::int64_t shrink_at_ns_ = 0;  ///< when to look for idle memory; 0 = not yet known
  std::int64_t look_after_ns_ = 0;
  std::int64_t wall_offset_ns_ = 0;  ///< CLOCK_REALTIME minus CLOCK_MONOTONIC
  std::int64_t wall_checked_ns_ = 0;
};

}  // namespace dora::node

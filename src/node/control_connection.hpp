#pragma once
// SPDX-License-Identifier: Apache-2.0
// A node's end of the conversation with its daemon: the handshake of Node(), then whatever arrives.

#include <atomic>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "base/file_descriptor.hpp"
#include "base/result.hpp"
#include "message/daemon_to_node.hpp"
#include "message/datagram_socket.hpp"
#include "message/node_config.hpp"

namespace dora::node {

/// A message of the daemon with the descriptors that came beside it.
struct Order {
  message::DaemonToNode message;
  std::vector<FileDescriptor> fds;
};

/// Everything a node is given before it may say Ready.
struct JoinedSetup {
  message::Setup setup;
  std::vector<FileDescriptor> fds;  ///< arena, doorbell page, event descriptor, dataflow JSON
  std::vector<std::pair<message::ConnectOutput, std::vector<FileDescriptor>>> outputs;
  std::vector<std::pair<message::ConnectInput, std::vector<FileDescriptor>>> inputs;
};

class ControlConnection {
 public:
  /// Takes over the inherited socket. Fails with NotFound when there is none under that number, as
  /// in a child process of a node.
  static Result<ControlConnection> open(const message::NodeConfig& config);

  /// Finds the daemon of the running dataflow that has `id` as a dynamic node; fails as
  /// find_dynamic_place does.
  static Result<ControlConnection> attach(const NodeId& id);

  /// Says who we are and collects the setup. Blocks; an interruption when a signal arrived or this
  /// thread's patience is over, which counts `nudges` (call again: what was received is kept).
  Result<JoinedSetup> join(std::string_view version, const std::atomic<std::uint32_t>& nudges);

  /// Says that everything is mapped, and waits until everybody's is. Fails as join() does.
  Result<message::Start> wait_for_start(const std::atomic<std::uint32_t>& nudges);

  /// Lets a thread in join() or wait_for_start() look at its patience. Also from signal handlers.
  void nudge() const;

  /// The next order that has arrived, without waiting. Fails with Disconnected when the daemon is
  /// gone.
  Result<std::optional<Order>> poll();

  /// Returns when an order may have arrived, a signal did, or the time has passed. Any thread.
  void wait_readable(int milliseconds) const;

  Result<> send(const message::NodeToDaemon& message);

 private:
  static Result<ControlConnection> over(message::DatagramSocket socket);
  ControlConnection(message::DatagramSocket socket, FileDescriptor nudged)
      : socket_(std::move(socket)), nudged_(std::move(nudged)) {}

  /// The next order, waited for.
  Result<Order> receive(const std::atomic<std::uint32_t>& nudges);

  message::DatagramSocket socket_;
  FileDescriptor nudged_;  // an eventfd: a wait for the socket can be ended by a handler, too
  /// Said first: Attach, or AttachDynamic.
  std::optional<message::AttachDynamic> dynamic_;
  bool attached_ = false;
  bool ready_ = false;
  JoinedSetup pending_;
  std::deque<Order> early_;  // came before Start; poll gives them first
};

/// The error of a call that a signal interrupted, or a nudge, or whose thread lost patience: handle
/// what there is and call again.
Error interruption(std::string_view attempt);
bool is_interruption(const Error& error);

}  // namespace dora::node

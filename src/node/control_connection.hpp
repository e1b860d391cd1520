#pragma once
// SPDX-License-Identifier: Apache-2.0
// A node's end of the conversation with its daemon: the handshake of Node(), then whatever arrives.

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

  /// Says who we are and collects the setup. Blocks; Busy with the text "interrupted" when a signal
  /// arrived (call again: what was received is kept).
  Result<JoinedSetup> join(std::string_view version);

  /// Says that everything is mapped, and waits until everybody's is.
  Result<message::Start> wait_for_start();

  /// The next order that has arrived, without waiting. Fails with Disconnected when the daemon is
  /// gone.
  Result<std::optional<Order>> poll();

  /// Returns when an order may have arrived, a signal did, or the time has passed. Any thread.
  void wait_readable(int milliseconds) const;

  Result<> send(const message::NodeToDaemon& message);

 private:
  explicit ControlConnection(message::DatagramSocket socket) : socket_(std::move(socket)) {}

  /// The next order, waited for.
  Result<Order> receive();

  message::DatagramSocket socket_;
  /// Said first: Attach, or AttachDynamic.
  std::optional<message::AttachDynamic> dynamic_;
  bool attached_ = false;
  bool ready_ = false;
  JoinedSetup pending_;
  std::deque<Order> early_;  // came before Start; poll gives them first
};

/// The error of a call that a signal interrupted: handle the signal and call again.
Error interruption(std::string_view attempt);
bool is_interruption(const Error& error);

}  // namespace dora::node

#pragma once
// SPDX-License-Identifier: Apache-2.0
// The daemon's end of the control connection of one node, on the daemon's event loop: whole
// messages in both directions. Reports what arrives; decides nothing.

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include "daemon/memory_broker.hpp"
#include "message/datagram_socket.hpp"
#include "message/node_to_daemon.hpp"

namespace dora::daemon {

class NodeLink : public std::enable_shared_from_this<NodeLink> {
 public:
  struct Events {
    std::function<void(message::NodeToDaemon)> on_message;
    /// The node sent what is no message.
    std::function<void(const Error&)> on_nonsense;
    /// The node closed its end. Nothing is reported afterwards.
    std::function<void()> on_closed;
  };

  /// Reports nothing before `listen`.
  static std::shared_ptr<NodeLink> create(boost::asio::io_context& loop,
                                          message::DatagramSocket connection);
  ~NodeLink() { close(); }
  NodeLink(const NodeLink&) = delete;
  NodeLink& operator=(const NodeLink&) = delete;

  /// Reports through `events` from now on, in place of those before.
  void listen(Events events);
  /// Sends, or keeps it until there is room. The descriptors are used during the call only.
  void send(const ControlMessage& message);
  /// Reports what has arrived, but at most `budget` messages; false when there will never be more.
  bool take_messages(int budget);
  /// Reports nothing any more, and ends the connection.
  void close();

 private:
  struct Unsent {
    std::string text;
    std::vector<FileDescriptor> fds;
  };

  NodeLink(boost::asio::io_context& loop, message::DatagramSocket connection);
  void read_messages();
  void write_unsent();

  Events events_;
  message::DatagramSocket connection_;
  /// Watches `connection_`, which owns the descriptor.
  boost::asio::posix::stream_descriptor watch_;
  std::deque<Unsent> unsent_;
  bool is_reading_ = false;
  bool is_writing_ = false;
};

}  // namespace dora::daemon

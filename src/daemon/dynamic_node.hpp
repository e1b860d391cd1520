#pragma once
// SPDX-License-Identifier: Apache-2.0
// A process that attached itself as a dynamic node: its control connection, and its life. The
// daemon did not start it and never kills it.

#include <functional>
#include <memory>
#include <optional>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <sys/types.h>

#include "base/file_descriptor.hpp"
#include "daemon/node_link.hpp"

namespace dora::daemon {

class DynamicNode : public std::enable_shared_from_this<DynamicNode> {
 public:
  struct Events {
    std::function<void(message::NodeToDaemon)> on_message;
    std::function<void(const Error&)> on_nonsense;
    /// It closed its connection, or its process ended. Called once, as the last.
    std::function<void()> on_gone;
  };

  static std::shared_ptr<DynamicNode> start(boost::asio::io_context& loop,
                                            std::shared_ptr<NodeLink> link, pid_t pid,
                                            Events events);

  pid_t pid() const { return pid_; }
  void send(const ControlMessage& message) { link_->send(message); }
  /// Reports now what has happened already.
  void look();
  /// Whether its process ended; nothing where that cannot be seen.
  std::optional<bool> has_ended();
  /// A descriptor that tells the end of its process, and that this does not watch any more.
  FileDescriptor take_pidfd();

 private:
  DynamicNode(boost::asio::io_context& loop, std::shared_ptr<NodeLink> link, pid_t pid,
              Events events);
  void watch();
  void end();

  std::shared_ptr<NodeLink> link_;
  pid_t pid_;
  Events events_;
  /// Tells the end of a process whose children hold its connection open.
  boost::asio::posix::stream_descriptor pidfd_;
};

}  // namespace dora::daemon

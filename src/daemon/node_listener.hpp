#pragma once
// SPDX-License-Identifier: Apache-2.0
// Where dynamic nodes come in: the socket `nodes.sock` in the directory of an instance. Answers
// what runs here, and hands whoever wants to be a node to the dataflow that has it.

#include <functional>
#include <memory>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <sys/types.h>

#include "base/file_descriptor.hpp"
#include "daemon/node_link.hpp"
#include "message/daemon_to_node.hpp"

namespace dora::daemon {

class NodeListener {
 public:
  struct Target {
    std::function<std::vector<message::Place>()> places;
    std::function<void(const message::AttachDynamic&, std::shared_ptr<NodeLink>, pid_t)> attach;
  };

  /// `listener`: a listening SOCK_SEQPACKET socket.
  NodeListener(boost::asio::io_context& loop, FileDescriptor listener, Target target);
  NodeListener(const NodeListener&) = delete;
  NodeListener& operator=(const NodeListener&) = delete;

 private:
  void accept();
  void welcome(FileDescriptor connection);
  void on_message(const std::shared_ptr<NodeLink>& guest, pid_t pid,
                  const message::NodeToDaemon& message);
  void tell_places(NodeLink& guest) const;
  void forget(const std::shared_ptr<NodeLink>& guest);

  boost::asio::io_context& loop_;
  boost::asio::posix::stream_descriptor listener_;
  Target target_;
  /// Those who have not said yet what they want, the oldest first.
  std::vector<std::shared_ptr<NodeLink>> guests_;
};

}  // namespace dora::daemon

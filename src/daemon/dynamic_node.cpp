// SPDX-License-Identifier: Apache-2.0
#include "daemon/dynamic_node.hpp"

#include <utility>

#include <poll.h>

#include "daemon/launcher.hpp"

namespace dora::daemon {
namespace {

using boost::system::error_code;

/// More than a node can have sent since the last look.
constexpr int all_messages = 1000;

}  // namespace

DynamicNode::DynamicNode(boost::asio::io_context& loop, std::shared_ptr<NodeLink> link, pid_t pid,
                         Events events)
    : link_(std::move(link)), pid_(pid), events_(std::move(events)), pidfd_(loop) {
  // Of a process in another container the number is 0: then its connection alone tells its end.
  if (pid_ <= 0) return;
  if (auto pidfd = open_pidfd(pid_)) pidfd_.assign(pidfd.release());
}

std::shared_ptr<DynamicNode> DynamicNode::start(boost::asio::io_context& loop,
                                                std::shared_ptr<NodeLink> link, pid_t pid,
                                                Events events) {
  std::shared_ptr<DynamicNode> node(new DynamicNode(loop, std::move(link), pid, std::move(events)));
  node->watch();
  return node;
}

void DynamicNode::watch() {
  link_->listen({.on_message = events_.on_message,
                 .on_nonsense = events_.on_nonsense,
                 .on_closed = [weak = weak_from_this()] {
                   if (const auto self = weak.lock()) self->end();
                 }});
  if (!pidfd_.is_open()) return;
  pidfd_.async_wait(boost::asio::posix::descriptor_base::wait_read,
                    [weak = weak_from_this()](error_code error) {
                      const auto self = weak.lock();
                      if (self && !error) self->end();
                    });
}

void DynamicNode::look() {
  const auto self = shared_from_this();
  if (!link_->take_messages(all_messages) || has_ended().value_or(false)) end();
}

std::optional<bool> DynamicNode::has_ended() {
  if (!pidfd_.is_open()) return std::nullopt;
  pollfd ended{.fd = pidfd_.native_handle(), .events = POLLIN, .revents = 0};
  return ::poll(&ended, 1, 0) > 0;
}

FileDescriptor DynamicNode::take_pidfd() {
  return FileDescriptor(pidfd_.is_open() ? pidfd_.release() : -1);
}

void DynamicNode::end() {
  // What it sent last comes first.
  const auto self = shared_from_this();
  link_->take_messages(all_messages);
  link_->close();
  if (const auto on_gone = std::exchange(events_.on_gone, nullptr)) on_gone();
}

}  // namespace dora::daemon

// SPDX-License-Identifier: Apache-2.0
#include "daemon/node_link.hpp"

#include <utility>

#include <fcntl.h>

#include "base/crash_point.hpp"

namespace dora::daemon {
namespace {

using boost::system::error_code;
using message::DatagramSocket;

/// Messages before others get their turn.
constexpr int messages_per_turn = 4;

constexpr auto wait_write = boost::asio::posix::descriptor_base::wait_write;

}  // namespace

NodeLink::NodeLink(boost::asio::io_context& loop, DatagramSocket connection)
    : connection_(std::move(connection)), watch_(loop, connection_.fd()) {}

std::shared_ptr<NodeLink> NodeLink::create(boost::asio::io_context& loop,
                                           DatagramSocket connection) {
  return std::shared_ptr<NodeLink>(new NodeLink(loop, std::move(connection)));
}

void NodeLink::listen(Events events) {
  events_ = std::move(events);
  if (!std::exchange(is_reading_, true)) read_messages();
}

void NodeLink::read_messages() {
  watch_.async_wait(boost::asio::posix::descriptor_base::wait_read,
                    [weak = weak_from_this()](error_code error) {
                      const auto self = weak.lock();
                      if (!self || error || !self->connection_) return;
                      if (self->take_messages(messages_per_turn)) return self->read_messages();
                      if (!self->connection_) return;
                      // The handler may let go of this object, or listen anew.
                      const auto on_closed = self->events_.on_closed;
                      if (on_closed) on_closed();
                    });
}

bool NodeLink::take_messages(int budget) {
  while (budget-- > 0 && connection_) {
    auto datagram = connection_.receive(DatagramSocket::Wait::No);
    // A copy: a handler may listen anew.
    const Events events = events_;
    if (!datagram) {
      if (datagram.error().kind == ErrorKind::Disconnected) return false;
      if (events.on_nonsense) events.on_nonsense(datagram.error());
      continue;
    }
    if (!*datagram) return true;
    auto message = message::decode_node_to_daemon((*datagram)->text);
    if (!message) {
      if (events.on_nonsense) events.on_nonsense(message.error());
    } else if (events.on_message) {
      events.on_message(*std::move(message));
    }
  }
  return static_cast<bool>(connection_);
}

void NodeLink::send(const ControlMessage& message) {
  if (!connection_) return;
  std::string text = message::encode(message.message);
  if (unsent_.empty()) {
    const auto sent = connection_.send(text, message.fds, DatagramSocket::Wait::No);
    crash_point("daemon.sent");
    // A node that is gone will be reported by its end.
    if (sent || sent.error().kind != ErrorKind::Busy) return;
  }
  Unsent unsent{std::move(text), {}};
  for (int fd : message.fds)
    unsent.fds.emplace_back(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
  unsent_.push_back(std::move(unsent));
  write_unsent();
}

void NodeLink::write_unsent() {
  if (std::exchange(is_writing_, true)) return;
  watch_.async_wait(wait_write, [weak = weak_from_this()](error_code error) {
    const auto self = weak.lock();
    if (!self || error || !self->connection_) return;
    self->is_writing_ = false;
    while (!self->unsent_.empty()) {
      std::vector<int> fds;
      for (const auto& fd : self->unsent_.front().fds)
        fds.push_back(fd.get());
      const auto sent =
          self->connection_.send(self->unsent_.front().text, fds, DatagramSocket::Wait::No);
      if (!sent && sent.error().kind == ErrorKind::Busy) return self->write_unsent();
      self->unsent_.pop_front();
    }
  });
}

void NodeLink::close() {
  if (watch_.is_open()) watch_.release();  // the connection closes it
  connection_.close();
}

}  // namespace dora::daemon

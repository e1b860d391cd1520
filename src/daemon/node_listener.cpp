// SPDX-License-Identifier: Apache-2.0
#include "daemon/node_listener.hpp"

#include <algorithm>
#include <span>
#include <utility>

#include <sys/socket.h>
#include <unistd.h>

#include "base/version.hpp"
#include "transport/unix_socket.hpp"

namespace dora::daemon {
namespace {

/// Who connects and says nothing must not cost us more than this many descriptors.
constexpr std::size_t most_guests = 64;
/// So that a datagram stays short.
constexpr std::size_t places_per_message = 64;

}  // namespace

NodeListener::NodeListener(boost::asio::io_context& loop, FileDescriptor listener, Target target)
    : loop_(loop), listener_(loop, listener.release()), target_(std::move(target)) {
  accept();
}

void NodeListener::accept() {
  // The listener goes with its descriptor: then the error comes, and nothing here is touched.
  listener_.async_wait(boost::asio::posix::descriptor_base::wait_read,
                       [this](const boost::system::error_code& error) {
                         if (error) return;
                         for (;;) {
                           FileDescriptor connection(::accept4(listener_.native_handle(), nullptr,
                                                               nullptr, SOCK_CLOEXEC));
                           if (!connection) break;
                           welcome(std::move(connection));
                         }
                         accept();
                       });
}

void NodeListener::welcome(FileDescriptor connection) {
  const auto peer = transport::peer_of(connection.get());
  if (!peer || (peer->uid != ::geteuid() && peer->uid != 0)) return;
  auto guest = NodeLink::create(loop_, message::DatagramSocket::adopt(std::move(connection)));
  if (guests_.size() == most_guests) guests_.erase(guests_.begin());
  guests_.push_back(guest);
  const std::weak_ptr<NodeLink> weak = guest;
  guest->listen({.on_message =
                     [this, weak, pid = peer->pid](const message::NodeToDaemon& message) {
                       if (const auto link = weak.lock()) on_message(link, pid, message);
                     },
                 .on_nonsense =
                     [this, weak](const Error&) {
                       if (const auto link = weak.lock()) forget(link);
                     },
                 .on_closed =
                     [this, weak] {
                       if (const auto link = weak.lock()) forget(link);
                     }});
}

void NodeListener::on_message(const std::shared_ptr<NodeLink>& guest, pid_t pid,
                              const message::NodeToDaemon& message) {
  if (std::holds_alternative<message::ListPlaces>(message)) return tell_places(*guest);
  if (const auto* attach = std::get_if<message::AttachDynamic>(&message)) {
    target_.attach(*attach, guest, pid);
  }
  // Whoever was refused has been told; whoever was taken belongs to a dataflow now.
  forget(guest);
}

void NodeListener::tell_places(NodeLink& guest) const {
  const auto all = target_.places();
  std::span<const message::Place> left(all);
  do {
    const auto now = left.first(std::min(left.size(), places_per_message));
    left = left.subspan(now.size());
    guest.send(
        {message::Places{std::string(version()), {now.begin(), now.end()}, left.empty()}, {}});
  } while (!left.empty());
}

void NodeListener::forget(const std::shared_ptr<NodeLink>& guest) {
  std::erase(guests_, guest);
}

}  // namespace dora::daemon

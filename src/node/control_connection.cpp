// SPDX-License-Identifier: Apache-2.0
#include "node/control_connection.hpp"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.hpp"
#include "message/node_to_daemon.hpp"
#include "node/dynamic_attachment.hpp"
#include "node/patience.hpp"

namespace dora::node {
namespace {

constexpr const char* interrupted = "interrupted by a signal";

using message::DatagramSocket;

Result<Order> to_order(message::Datagram datagram) {
  auto order = TRY(message::decode_daemon_to_node(datagram.text));
  return Order{std::move(order), std::move(datagram.fds)};
}

/// For poll(): until the patience of this thread is over.
int milliseconds_left() {
  if (patience.deadline_ns == shared_memory::no_deadline) return -1;
  const std::int64_t left_ns = std::max<std::int64_t>(patience.deadline_ns - monotonic_ns(), 0);
  return static_cast<int>(std::min<std::int64_t>(left_ns / 1'000'000 + 1, 1'000'000));
}

/// Whether `fd` is the kind of socket a daemon hands to its nodes.
bool is_control_socket(int fd) {
  int type = 0;
  socklen_t length = sizeof type;
  return ::getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) == 0 && type == SOCK_SEQPACKET;
}

}  // namespace

Error interruption(std::string_view attempt) {
  return {ErrorKind::Busy, std::string(attempt) + ": " + interrupted};
}

bool is_interruption(const Error& error) {
  return error.kind == ErrorKind::Busy && error.message.ends_with(interrupted);
}

Result<ControlConnection> ControlConnection::open(const message::NodeConfig& config) {
  if (config.protocol != message::protocol_version) {
    return fail(ErrorKind::Unsupported,
                fmt::format("the dora program ({}) and this library speak different protocols ({} "
                            "and {}): install the same version of both",
                            config.version, config.protocol, message::protocol_version));
  }
  if (!is_control_socket(config.socket_fd)) {
    return fail(ErrorKind::NotFound,
                fmt::format("DORA_NODE_CONFIG is set for node '{}', but its connection is not open "
                            "here: only the process that dora started can be the node, and only "
                            "once",
                            config.node.text()));
  }
  // As it was left below: two Nodes would take each other's orders.
  if (const int flags = ::fcntl(config.socket_fd, F_GETFD); (flags & FD_CLOEXEC) != 0) {
    return fail(ErrorKind::Unsupported,
                fmt::format("this process has opened its node '{}' already: a process is one node "
                            "of the dataflow that started it, so make one and hand it on",
                            config.node.text()));
  }
  // Children of the node are not the node.
  ::fcntl(config.socket_fd, F_SETFD, FD_CLOEXEC);
  return over(DatagramSocket(FileDescriptor(config.socket_fd)));
}

Result<ControlConnection> ControlConnection::over(DatagramSocket socket) {
  FileDescriptor nudged(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!nudged) return fail_errno("creating an event descriptor (eventfd)");
  return ControlConnection(std::move(socket), std::move(nudged));
}

Result<ControlConnection> ControlConnection::attach(const NodeId& id) {
  auto place = TRY(find_dynamic_place(id));
  ControlConnection connection = TRY(over(std::move(place.connection)));
  connection.dynamic_ = message::AttachDynamic{
      .version = {}, .dataflow_id = std::move(place.dataflow_id), .node = id};
  return connection;
}

Result<Order> ControlConnection::receive(const std::atomic<std::uint32_t>& nudges) {
  for (;;) {
    auto datagram = TRY(socket_.receive(DatagramSocket::Wait::No));
    if (datagram) return to_order(*std::move(datagram));
    // The count before the sleep: a nudge that comes in between has made `nudged_` readable.
    if (patience.is_over(nudges.load())) break;
    pollfd either[] = {{.fd = socket_.fd(), .events = POLLIN, .revents = 0},
                       {.fd = nudged_.get(), .events = POLLIN, .revents = 0}};
    if (::poll(either, 2, milliseconds_left()) < 0) {
      if (errno == EINTR) break;
      return fail_errno("waiting for the daemon");
    }
    std::uint64_t count = 0;
    // EAGAIN when nobody nudged: fine.
    if (either[1].revents != 0) static_cast<void>(!::read(nudged_.get(), &count, sizeof count));
  }
  return std::unexpected(interruption("waiting for the daemon"));
}

void ControlConnection::nudge() const {
  const std::uint64_t one = 1;
  // Fails only when the counter is full, and then the descriptor is readable anyway.
  static_cast<void>(!::write(nudged_.get(), &one, sizeof one));
}

void ControlConnection::wait_readable(int milliseconds) const {
  pollfd order{.fd = socket_.fd(), .events = POLLIN, .revents = 0};
  ::poll(&order, 1, milliseconds);
}

Result<> ControlConnection::send(const message::NodeToDaemon& message) {
  return socket_.send(message::encode(message), {}, DatagramSocket::Wait::Yes);
}

Result<JoinedSetup> ControlConnection::join(std::string_view version,
                                            const std::atomic<std::uint32_t>& nudges) {
  if (!attached_) {
    if (dynamic_) {
      dynamic_->version = version;
      TRY(send(*dynamic_));
    } else {
      TRY(send(message::Attach{message::protocol_version, std::string(version), ::getpid()}));
    }
    attached_ = true;
  }
  for (;;) {
    Order order = TRY(receive(nudges));
    if (auto* setup = std::get_if<message::Setup>(&order.message)) {
      pending_.setup = std::move(*setup);
      pending_.fds = std::move(order.fds);
    } else if (auto* output = std::get_if<message::ConnectOutput>(&order.message)) {
      pending_.outputs.emplace_back(std::move(*output), std::move(order.fds));
    } else if (auto* input = std::get_if<message::ConnectInput>(&order.message)) {
      pending_.inputs.emplace_back(std::move(*input), std::move(order.fds));
    } else if (std::holds_alternative<message::SetupDone>(order.message)) {
      return std::move(pending_);
    } else if (auto* refused = std::get_if<message::AttachRefused>(&order.message)) {
      return fail(ErrorKind::Disconnected, refused->reason);
    } else {
      early_.push_back(std::move(order));
    }
  }
}

Result<message::Start> ControlConnection::wait_for_start(const std::atomic<std::uint32_t>& nudges) {
  if (!ready_) {
    TRY(send(message::Ready{}));
    ready_ = true;
  }
  for (;;) {
    Order order = TRY(receive(nudges));
    if (auto* start = std::get_if<message::Start>(&order.message)) return *start;
    if (auto* refused = std::get_if<message::AttachRefused>(&order.message)) {
      return fail(ErrorKind::Disconnected, refused->reason);
    }
    early_.push_back(std::move(order));
  }
}

Result<std::optional<Order>> ControlConnection::poll() {
  if (!early_.empty()) {
    Order order = std::move(early_.front());
    early_.pop_front();
    return order;
  }
  auto datagram = TRY(socket_.receive(DatagramSocket::Wait::No));
  if (!datagram) return std::nullopt;
  return TRY(to_order(*std::move(datagram)));
}

}  // namespace dora::node

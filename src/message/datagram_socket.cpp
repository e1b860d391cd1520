// SPDX-License-Identifier: Apache-2.0
#include "message/datagram_socket.hpp"

#include <algorithm>
#include <cstring>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/uio.h>

namespace dora::message {
namespace {

/// The kernel caps this at its own limit without an error; datagrams that are still too long are
/// refused by send with a clear text.
void widen(int socket) {
  int bytes = static_cast<int>(max_datagram_bytes);
  ::setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
}

}  // namespace

DatagramSocket DatagramSocket::adopt(FileDescriptor connection) {
  widen(connection.get());
  // Whether to wait is said at each call.
  ::fcntl(connection.get(), F_SETFL, 0);
  return DatagramSocket(std::move(connection));
}

Result<std::pair<DatagramSocket, DatagramSocket>> DatagramSocket::create_pair() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    return fail_errno("creating a socket pair");
  }
  DatagramSocket first{FileDescriptor(ends[0])};
  DatagramSocket second{FileDescriptor(ends[1])};
  for (int end : ends)
    widen(end);
  return std::pair{std::move(first), std::move(second)};
}

Result<> DatagramSocket::send(std::string_view text, const std::vector<int>& fds, Wait wait) {
  if (text.size() > max_datagram_bytes || fds.size() > max_datagram_fds) {
    return fail(ErrorKind::InvalidInput, "a control message is too long to be sent");
  }
  iovec part{const_cast<char*>(text.data()), text.size()};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * max_datagram_fds)] = {};
  if (!fds.empty()) {
    header.msg_control = control;
    header.msg_controllen = CMSG_SPACE(sizeof(int) * fds.size());
    cmsghdr* rights = CMSG_FIRSTHDR(&header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof(int) * fds.size());
    std::memcpy(CMSG_DATA(rights), fds.data(), sizeof(int) * fds.size());
  }
  int flags = MSG_NOSIGNAL | (wait == Wait::No ? MSG_DONTWAIT : 0);
  auto sent = retry_interrupted([&] { return ::sendmsg(fd_.get(), &header, flags); });
  if (sent < 0) return fail_errno("sending a control message");
  return {};
}

Result<std::optional<Datagram>> DatagramSocket::receive(Wait wait) {
  // A first look learns the length, so that a datagram is never cut and no buffer is always big.
  int flags = MSG_PEEK | MSG_TRUNC | (wait == Wait::No ? MSG_DONTWAIT : 0);
  char probe;
  auto length = ::recv(fd_.get(), &probe, 1, flags);
  if (length < 0) {
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return std::nullopt;
    return fail_errno("receiving a control message");
  }
  if (length == 0) return fail(ErrorKind::Disconnected, "the control connection was closed");

  Datagram datagram;
  datagram.text.resize(std::min(static_cast<std::size_t>(length), max_datagram_bytes));
  iovec part{datagram.text.data(), datagram.text.size()};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * max_datagram_fds)];
  header.msg_control = control;
  header.msg_controllen = sizeof control;
  auto received = retry_interrupted(
      [&] { return ::recvmsg(fd_.get(), &header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT); });
  if (received < 0) {
    if (errno == EAGAIN || errno == EWOULDBLOCK) return std::nullopt;
    return fail_errno("receiving a control message");
  }
  for (cmsghdr* item = CMSG_FIRSTHDR(&header); item != nullptr; item = CMSG_NXTHDR(&header, item)) {
    if (item->cmsg_level != SOL_SOCKET || item->cmsg_type != SCM_RIGHTS) continue;
    std::size_t count = (item->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd;
      std::memcpy(&fd, CMSG_DATA(item) + i * sizeof(int), sizeof fd);
      datagram.fds.emplace_back(fd);
    }
  }
  if ((header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
    return fail(ErrorKind::InvalidInput, "a control message is longer than the limit");
  }
  datagram.text.resize(static_cast<std::size_t>(received));
  return datagram;
}

}  // namespace dora::message

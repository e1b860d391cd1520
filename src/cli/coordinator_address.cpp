// SPDX-License-Identifier: Apache-2.0
#include "cli/coordinator_address.hpp"

#include <cerrno>
#include <charconv>
#include <cstring>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/file_descriptor.hpp"

namespace dora::cli {
namespace {

// Either family in the form that the kernel wants; the length is 0 when `ip` is no address.
socklen_t to_socket_address(const CoordinatorAddress& address, sockaddr_storage& storage) {
  storage = {};
  in_addr four{};
  in6_addr six{};
  if (::inet_pton(AF_INET, address.ip.c_str(), &four) == 1) {
    sockaddr_in result{};
    result.sin_family = AF_INET;
    result.sin_port = htons(address.port);
    result.sin_addr = four;
    std::memcpy(&storage, &result, sizeof result);
    return sizeof result;
  }
  if (::inet_pton(AF_INET6, address.ip.c_str(), &six) != 1) return 0;
  sockaddr_in6 result{};
  result.sin6_family = AF_INET6;
  result.sin6_port = htons(address.port);
  result.sin6_addr = six;
  std::memcpy(&storage, &result, sizeof result);
  return sizeof result;
}

}  // namespace

std::string CoordinatorAddress::text() const {
  return ip.contains(':') ? fmt::format("[{}]:{}", ip, port) : fmt::format("{}:{}", ip, port);
}

Result<CoordinatorAddress> coordinator_address(const Environment& environment) {
  CoordinatorAddress address;
  if (const auto ip = environment("DORA_COORDINATOR_ADDR")) address.ip = *ip;
  sockaddr_storage storage;
  if (to_socket_address(address, storage) == 0)
    return fail(ErrorKind::InvalidInput,
                fmt::format("DORA_COORDINATOR_ADDR={} is no IP address", address.ip));
  if (const auto port = environment("DORA_COORDINATOR_PORT")) {
    const auto end = std::from_chars(port->data(), port->data() + port->size(), address.port);
    if (end.ec != std::errc() || end.ptr != port->data() + port->size() || address.port == 0)
      return fail(ErrorKind::InvalidInput,
                  fmt::format("DORA_COORDINATOR_PORT={} is no port: use 1 to 65535", *port));
  }
  return address;
}

bool can_connect(const CoordinatorAddress& address, std::chrono::milliseconds patience) {
  sockaddr_storage storage;
  const socklen_t length = to_socket_address(address, storage);
  const FileDescriptor socket(
      ::socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (length == 0 || !socket) return false;
  const auto* raw = reinterpret_cast<const sockaddr*>(&storage);
  if (::connect(socket.get(), raw, length) == 0) return true;
  if (errno != EINPROGRESS) return false;
  pollfd waited{socket.get(), POLLOUT, 0};
  if (::poll(&waited, 1, static_cast<int>(patience.count())) != 1) return false;
  int error = 0;
  socklen_t size = sizeof error;
  return ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0;
}

}  // namespace dora::cli

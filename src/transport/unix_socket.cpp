// SPDX-License-Identifier: Apache-2.0
#include "transport/unix_socket.hpp"

#include <cstring>
#include <string>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

namespace dora::transport {
namespace {

// sun_path holds 108 bytes. A longer path is reached through its folder's descriptor, which must
// stay open until bind or connect is done.
struct Address {
  sockaddr_un raw{};
  FileDescriptor folder;
};

Result<Address> make_address(const std::filesystem::path& path) {
  Address address;
  address.raw.sun_family = AF_UNIX;
  std::string text = path.string();
  if (text.find('\0') != std::string::npos)
    return fail(ErrorKind::InvalidInput, "a socket path cannot contain a NUL byte");
  if (text.size() >= sizeof(address.raw.sun_path)) {
    address.folder =
        FileDescriptor(::open(path.parent_path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!address.folder) return fail_errno(fmt::format("opening {}", path.parent_path().string()));
    text = fmt::format("/proc/self/fd/{}/{}", address.folder.get(), path.filename().string());
    if (text.size() >= sizeof(address.raw.sun_path))
      return fail(ErrorKind::InvalidInput,
                  fmt::format("{}: the name of the socket is too long", path.string()));
  }
  std::memcpy(address.raw.sun_path, text.data(), text.size());
  return address;
}

Result<FileDescriptor> make_socket(SocketKind kind) {
  const int type = kind == SocketKind::Stream ? SOCK_STREAM : SOCK_SEQPACKET;
  FileDescriptor socket(::socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return fail_errno("making a unix socket");
  return socket;
}

const sockaddr* generic(const Address& address) {
  return reinterpret_cast<const sockaddr*>(&address.raw);
}

}  // namespace

Result<FileDescriptor> listen_on_unix_socket(const std::filesystem::path& path, SocketKind kind,
                                             int backlog) {
  const std::string attempt = fmt::format("listening on {}", path.string());
  FileDescriptor socket = TRY(make_socket(kind));
  const Address address = TRY(make_address(path));
  // The kernel gives the file the mode of the unbound socket, so there is no moment at which
  // others could connect.
  if (::fchmod(socket.get(), 0600) != 0) return fail_errno(attempt);
  if (::bind(socket.get(), generic(address), sizeof(address.raw)) != 0) {
    if (errno == EADDRINUSE)
      return fail(ErrorKind::Busy, fmt::format("{}: something is there already", attempt));
    return fail_errno(attempt);
  }
  if (::listen(socket.get(), backlog) != 0) return fail_errno(attempt);
  return socket;
}

Result<FileDescriptor> connect_to_unix_socket(const std::filesystem::path& path, SocketKind kind) {
  FileDescriptor socket = TRY(make_socket(kind));
  const Address address = TRY(make_address(path));
  const int connected = retry_interrupted(
      [&] { return ::connect(socket.get(), generic(address), sizeof(address.raw)); });
  if (connected == 0) return socket;
  const std::string attempt = fmt::format("connecting to {}", path.string());
  if (errno == ECONNREFUSED)
    return fail(ErrorKind::Disconnected, fmt::format("{}: nobody listens there", attempt));
  return fail_errno(attempt);
}

Result<PeerIdentity> peer_of(int socket) {
  ucred credentials{};
  socklen_t size = sizeof(credentials);
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0)
    return fail_errno("asking who is connected");
  return PeerIdentity{credentials.pid, credentials.uid};
}

}  // namespace dora::transport

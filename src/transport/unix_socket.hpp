#pragma once
// SPDX-License-Identifier: Apache-2.0
// Stream sockets with a name in the file system, and who sits at their other end.

#include <filesystem>

#include <sys/types.h>

#include "base/file_descriptor.hpp"
#include "base/result.hpp"

namespace dora::transport {

enum class SocketKind {
  Stream,
  Datagrams,  ///< SOCK_SEQPACKET: whole datagrams, in order
};

/// A listening socket at `path`, non-blocking, that only its owner may connect to (mode 0600 from
/// the moment it exists). A path of any length. Fails with Busy when something is there already.
Result<FileDescriptor> listen_on_unix_socket(const std::filesystem::path& path,
                                             SocketKind kind = SocketKind::Stream,
                                             int backlog = 1024);

/// A non-blocking socket connected to `path`. Fails with NotFound when there is no such socket,
/// Disconnected when nobody listens on it, Busy when its queue is full at the moment.
Result<FileDescriptor> connect_to_unix_socket(const std::filesystem::path& path,
                                              SocketKind kind = SocketKind::Stream);

struct PeerIdentity {
  pid_t pid = -1;
  uid_t uid = static_cast<uid_t>(-1);
};

/// The process that connected, as the kernel knows it.
Result<PeerIdentity> peer_of(int socket);

}  // namespace dora::transport

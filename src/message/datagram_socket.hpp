#pragma once
// SPDX-License-Identifier: Apache-2.0
// One end of the SOCK_SEQPACKET connection between a daemon and a node: whole datagrams, each with
// file descriptors beside it. Blocking and non-blocking use are chosen per call.

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/file_descriptor.hpp"
#include "base/result.hpp"

namespace dora::message {

/// A received datagram.
struct Datagram {
  std::string text;
  std::vector<FileDescriptor> fds;
};

/// Longest datagram and most descriptors in one.
inline constexpr std::size_t max_datagram_bytes = 1 << 20;
inline constexpr std::size_t max_datagram_fds = 16;

class DatagramSocket {
 public:
  DatagramSocket() = default;
  explicit DatagramSocket(FileDescriptor fd) : fd_(std::move(fd)) {}

  /// One end of a connection that was made by name, like one of create_pair().
  static DatagramSocket adopt(FileDescriptor connection);

  /// Two connected ends, closed on exec, with buffers large enough for max_datagram_bytes.
  static Result<std::pair<DatagramSocket, DatagramSocket>> create_pair();

  int fd() const { return fd_.get(); }
  explicit operator bool() const { return static_cast<bool>(fd_); }
  void close() { fd_.close(); }

  enum class Wait { No, Yes };

  /// Sends one datagram; the descriptors stay the caller's. With Wait::No, fails with Busy when the
  /// peer's buffer is full. Fails with Disconnected when the peer is gone.
  Result<> send(std::string_view text, const std::vector<int>& fds, Wait wait);

  /// The next datagram; nothing when there is none now (Wait::No) or a signal interrupted the wait.
  /// Fails with Disconnected when the peer is gone.
  Result<std::optional<Datagram>> receive(Wait wait);

 private:
  FileDescriptor fd_;
};

}  // namespace dora::message

#pragma once
// SPDX-License-Identifier: Apache-2.0
// A file descriptor with one owner, and the error of a failed system call.

#include <cerrno>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.hpp"

namespace dora {

/// Owns a file descriptor and closes it. Empty when default-constructed or moved from.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept;
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  ~FileDescriptor() { close(); }

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  /// Gives the descriptor away; the caller closes it.
  int release() { return std::exchange(fd_, -1); }
  void close() noexcept;
  /// A second descriptor for the same open file, closed on exec.
  Result<FileDescriptor> duplicate() const;

 private:
  int fd_ = -1;
};

/// The error of a system call that just failed: "`attempt`: <text of `error_number`>". The kind is
/// NotFound for ENOENT and ESRCH, Busy for EAGAIN, EBUSY and EMFILE, Disconnected for a peer that
/// went away, else Failed.
Error system_error(std::string_view attempt, int error_number = errno);

/// The same, as the unexpected part of a Result.
[[nodiscard]] std::unexpected<Error> fail_errno(std::string_view attempt, int error_number = errno);

/// Calls `call` again for as long as a signal interrupts it.
template <typename Call>
auto retry_interrupted(Call&& call) {
  for (;;) {
    auto result = call();
    if (result != -1 || errno != EINTR) return result;
  }
}

/// The whole content of a file descriptor from its current position, at most `limit` bytes.
/// Fails with InvalidInput when there is more.
Result<std::string> read_all(int fd, std::size_t limit);

/// Writes all bytes, or fails.
Result<> write_all(int fd, std::string_view bytes);

}  // namespace dora

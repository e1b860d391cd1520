// SPDX-License-Identifier: Apache-2.0
#include "base/file_descriptor.hpp"

#include <cstring>

#include <fcntl.h>
#include <unistd.h>

namespace dora {

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
  if (this != &other) {
    close();
    fd_ = std::exchange(other.fd_, -1);
  }
  return *this;
}

void FileDescriptor::close() noexcept {
  // After EINTR Linux has already closed the descriptor: a retry could close a stranger's.
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

Result<FileDescriptor> FileDescriptor::duplicate() const {
  int copy = ::fcntl(fd_, F_DUPFD_CLOEXEC, 0);
  if (copy < 0) return fail_errno("duplicating a file descriptor");
  return FileDescriptor(copy);
}

Error system_error(std::string_view attempt, int error_number) {
  ErrorKind kind = ErrorKind::Failed;
  switch (error_number) {
    case ENOENT:
    case ESRCH:
      kind = ErrorKind::NotFound;
      break;
    case EAGAIN:
    case EBUSY:
    case EMFILE:
    case ENFILE:
      kind = ErrorKind::Busy;
      break;
    case EPIPE:
    case ECONNRESET:
    case ECONNREFUSED:
    case ENOTCONN:
      kind = ErrorKind::Disconnected;
      break;
    case ETIMEDOUT:
      kind = ErrorKind::TimedOut;
      break;
    case ENOSYS:
    case EOPNOTSUPP:
      kind = ErrorKind::Unsupported;
      break;
    default:
      break;
  }
  char buffer[128];
  // The GNU variant: it may answer with a constant instead of the buffer.
  const char* text = ::strerror_r(error_number, buffer, sizeof buffer);
  std::string_view way_out;
  if (error_number == EMFILE)
    way_out = " (this process has as many files open as it may: raise the limit with `ulimit -n`)";
  if (error_number == ENFILE)
    way_out = " (the machine has as many files open as it may: raise the sysctl fs.file-max)";
  if (error_number == ENOMEM)
    way_out = " (no memory is left, or this process may have no more: raise `ulimit -v`)";
  return {kind, std::string(attempt) + ": " + text + std::string(way_out)};
}

std::unexpected<Error> fail_errno(std::string_view attempt, int error_number) {
  return std::unexpected(system_error(attempt, error_number));
}

Result<std::string> read_all(int fd, std::size_t limit) {
  std::string content;
  char buffer[16384];
  for (;;) {
    auto count = retry_interrupted([&] { return ::read(fd, buffer, sizeof buffer); });
    if (count < 0) return fail_errno("reading");
    if (count == 0) return content;
    if (content.size() + static_cast<std::size_t>(count) > limit) {
      return fail(ErrorKind::InvalidInput,
                  "reading: more than the limit of " + std::to_string(limit) + " bytes");
    }
    content.append(buffer, static_cast<std::size_t>(count));
  }
}

Result<> write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    auto count = retry_interrupted([&] { return ::write(fd, bytes.data(), bytes.size()); });
    if (count < 0) return fail_errno("writing");
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

}  // namespace dora

// SPDX-License-Identifier: Apache-2.0
#include "daemon/program_checksum.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file_descriptor.hpp"
#include "base/sha256.hpp"

namespace dora::daemon {
namespace {

/// Nobody but the machine's clock sets the time of the last change.
Result<std::string> state_of(int file) {
  struct stat status{};
  if (::fstat(file, &status) != 0) return fail_errno("looking at it");
  return fmt::format("{}:{}:{}:{}.{}", status.st_dev, status.st_ino, status.st_size,
                     status.st_ctim.tv_sec, status.st_ctim.tv_nsec);
}

Result<> verify_content(const FileDescriptor& file, ProgramChecksum& checksum) {
  const std::string state = TRY(state_of(file.get()));
  if (state == checksum.seen) return {};
  Sha256 digest;
  std::string piece(256 << 10, '\0');
  for (;;) {
    const auto length =
        retry_interrupted([&] { return ::read(file.get(), piece.data(), piece.size()); });
    if (length < 0) return fail_errno("reading it");
    if (length == 0) break;
    digest.add(std::string_view(piece).substr(0, static_cast<std::size_t>(length)));
  }
  if (const std::string found = digest.finish(); found != checksum.wanted) {
    return fail(ErrorKind::Failed,
                fmt::format("it has changed: its sha256 is {}, not {} as `path_sha256` says; `dora "
                            "build` fetches it again",
                            found, checksum.wanted));
  }
  checksum.seen = state;
  return {};
}

}  // namespace

Result<> verify(const std::filesystem::path& path, ProgramChecksum& checksum) {
  if (checksum.wanted.empty()) return {};
  const auto attempt = [&] { return fmt::format("verifying {}", path.string()); };
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file) return fail_errno(attempt());
  auto verified = verify_content(file, checksum);
  return verified ? Result<>()
                  : std::unexpected(std::move(verified).error().while_doing(attempt()));
}

}  // namespace dora::daemon

// SPDX-License-Identifier: Apache-2.0
#include "dataflow/file_source.hpp"

#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include "base/file_descriptor.hpp"

namespace dora::dataflow {
namespace {

Error open_error(int error_number) {
  switch (error_number) {
    case ENOENT:
    case ENOTDIR:
      return {ErrorKind::NotFound, "there is no such file"};
    case EACCES:
    case EPERM:
      return {ErrorKind::Failed, "it may not be read (permission denied)"};
    case ENAMETOOLONG:
      return {ErrorKind::NotFound, "the path is too long"};
    case ELOOP:
      return {ErrorKind::Failed, "its symbolic links go round in a circle"};
    default:
      return {ErrorKind::Failed, std::strerror(error_number)};
  }
}

}  // namespace

Result<std::string> DiskFileSource::read(const std::filesystem::path& path, std::size_t limit) {
  // Opening a pipe would wait for a writer without O_NONBLOCK.
  FileDescriptor file(retry_interrupted(
      [&] { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY); }));
  if (!file) return std::unexpected(open_error(errno));
  struct stat status = {};
  if (::fstat(file.get(), &status) != 0) return std::unexpected(open_error(errno));
  if (S_ISDIR(status.st_mode)) return fail(ErrorKind::InvalidInput, "it is a directory");
  if (!S_ISREG(status.st_mode)) return fail(ErrorKind::InvalidInput, "it is no regular file");
  auto too_large = [&] {
    return fail(ErrorKind::InvalidInput, fmt::format("it is larger than {} MiB", limit >> 20));
  };
  if (static_cast<std::uint64_t>(status.st_size) > limit) return too_large();
  auto text = read_all(file.get(), limit);
  if (!text && text.error().kind == ErrorKind::InvalidInput) return too_large();
  return text;
}

bool DiskFileSource::exists(const std::filesystem::path& path) {
  struct stat status = {};
  return ::stat(path.c_str(), &status) == 0;
}

}  // namespace dora::dataflow

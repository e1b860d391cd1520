// SPDX-License-Identifier: Apache-2.0
#include "daemon/log_file.hpp"

#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

namespace dora::daemon {
namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t most_rotated_files = 100;

}  // namespace

fs::path LogFile::path_of(const fs::path& folder, const std::string& node, std::uint32_t part) {
  return folder / (part == 0 ? fmt::format("log_{}.jsonl", node)
                             : fmt::format("log_{}.{}.jsonl", node, part));
}

Result<LogFile> LogFile::create(const fs::path& folder, const std::string& node,
                                const Options& options) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error)
    return fail(ErrorKind::Failed, fmt::format("making {}: {}", folder.string(), error.message()));
  LogFile file;
  file.folder_ = folder;
  file.node_ = node;
  file.options_ = options;
  for (std::uint32_t part = 1; part <= most_rotated_files; ++part) {
    if (::unlink(path_of(folder, node, part).c_str()) != 0) break;
  }
  TRY(file.begin());
  return file;
}

Result<> LogFile::begin() {
  const fs::path path = path_of(folder_, node_);
  // A new file in place of an emptied one: who follows the old one can read it to its end.
  ::unlink(path.c_str());
  file_ = FileDescriptor(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0666));
  if (!file_) return fail_errno("opening " + path.string());
  bytes_ = 0;
  return {};
}

Result<> LogFile::append(std::string_view lines) {
  if (!file_) TRY(begin());  // a rotation failed before
  TRY(write_all(file_.get(), lines));
  bytes_ += lines.size();
  if (options_.max_bytes && bytes_ > *options_.max_bytes) return rotate();
  return {};
}

Result<> LogFile::rotate() {
  file_.close();
  const std::uint32_t kept = options_.max_rotated_files;
  // Missing parts are no error: there are few in the beginning.
  for (std::uint32_t part = kept; part > 1; --part)
    ::rename(path_of(folder_, node_, part - 1).c_str(), path_of(folder_, node_, part).c_str());
  if (kept > 0) ::rename(path_of(folder_, node_).c_str(), path_of(folder_, node_, 1).c_str());
  return begin();
}

}  // namespace dora::daemon

// SPDX-License-Identifier: Apache-2.0
#include "dataflow/file_source.hpp"

#include <algorithm>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include "base/file_descriptor.hpp"
#include "base/spelling.hpp"

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

std::vector<std::string> DiskFileSource::yaml_names(const std::filesystem::path& folder) {
  constexpr int most_entries = 1000;
  std::vector<std::string> names;
  std::error_code error;
  std::filesystem::directory_iterator entry(folder.empty() ? "." : folder, error);
  for (int seen = 0;
       !error && entry != std::filesystem::directory_iterator() && seen < most_entries;
       ++seen, entry.increment(error)) {
    const std::filesystem::path& each = entry->path();
    if (each.extension() == ".yml" || each.extension() == ".yaml" || exists(each / "dataflow.yml"))
      names.push_back(each.filename().string());
  }
  return names;
}

std::optional<std::string> closest_yaml(FileSource& files, const std::filesystem::path& path) {
  const std::vector<std::string> names = files.yaml_names(path.parent_path());
  const std::string name = path.filename().string();
  for (const char* ending : {".yml", ".yaml"})
    if (std::ranges::find(names, name + ending) != names.end())
      return (path.parent_path() / (name + ending)).string();
  const auto near = closest_match(name, names);
  if (!near) return std::nullopt;
  return (path.parent_path() / *near).string();
}

}  // namespace dora::dataflow

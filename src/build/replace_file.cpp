// SPDX-License-Identifier: Apache-2.0
#include "build/replace_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "base/file_descriptor.hpp"

namespace dora::build {

Result<> replace_file(const std::filesystem::path& path, std::string_view text) {
  const std::filesystem::path partial =
      path.parent_path() / fmt::format(".{}.{}", path.filename().string(), ::getpid());
  {
    const FileDescriptor file(
        ::open(partial.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
    if (!file) return fail_errno("writing " + partial.string());
    TRY(write_all(file.get(), text).while_doing("writing " + partial.string()));
  }
  if (::rename(partial.c_str(), path.c_str()) != 0) return fail_errno("writing " + path.string());
  return {};
}

}  // namespace dora::build

// SPDX-License-Identifier: Apache-2.0
#include "cli/process_name.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <sstream>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <sys/prctl.h>

#include "base/file_descriptor.hpp"

namespace dora::cli {
namespace {

// Where the words that this program was started with are kept, as `ps` shows them.
std::optional<std::span<char>> argument_range() {
  const FileDescriptor file(::open("/proc/self/stat", O_RDONLY | O_CLOEXEC));
  const auto text = file ? read_all(file.get(), 4096) : Result<std::string>("");
  const auto name_end = text ? text->rfind(')') : std::string::npos;
  if (name_end == std::string::npos) return std::nullopt;
  // The state is the third field; arg_start and arg_end are the 48th and 49th.
  std::istringstream fields(text->substr(name_end + 1));
  std::string skipped;
  for (int i = 3; i < 48; ++i)
    fields >> skipped;
  std::uintptr_t begin = 0;
  std::uintptr_t end = 0;
  fields >> begin >> end;
  if (!fields || begin == 0 || end <= begin) return std::nullopt;
  // NOLINTNEXTLINE(performance-no-int-to-ptr): the kernel tells addresses as numbers.
  return std::span(reinterpret_cast<char*>(begin), end - begin);
}

}  // namespace

void take_process_name(const char* name) {
  ::prctl(PR_SET_NAME, name);
  const auto range = argument_range();
  if (!range) return;
  std::ranges::fill(*range, '\0');
  const std::string_view words(name);
  std::ranges::copy(words.substr(0, range->size() - 1), range->begin());
}

}  // namespace dora::cli

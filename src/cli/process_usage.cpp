// SPDX-License-Identifier: Apache-2.0
#include "cli/process_usage.hpp"

#include <cstdlib>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "base/file_descriptor.hpp"
#include "daemon/process_tree.hpp"

namespace dora::cli {
namespace {

// The n-th field behind the name of the program in /proc/<pid>/stat, which may hold any byte.
constexpr int user_ticks_field = 12;
constexpr int system_ticks_field = 13;
constexpr int resident_pages_field = 22;

std::string read_stat(pid_t pid) {
  const FileDescriptor file(
      ::open(fmt::format("/proc/{}/stat", pid).c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return {};
  return read_all(file.get(), 4096).value_or("");
}

}  // namespace

ProcessUsage usage_of_descendants() {
  ProcessUsage usage;
  const auto ticks_per_second = static_cast<double>(::sysconf(_SC_CLK_TCK));
  const auto page_bytes = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  for (const auto& process : daemon::descendants_of(::getpid(), daemon::list_processes())) {
    const std::string stat = read_stat(process.pid);
    const auto end_of_name = stat.rfind(')');
    if (end_of_name == std::string::npos) continue;
    const char* at = stat.c_str() + end_of_name + 1;
    std::uint64_t ticks = 0;
    // The first field behind the name is a letter, all others are numbers.
    while (*at == ' ')
      ++at;
    if (*at != '\0') ++at;
    for (int field = 2; *at != '\0'; ++field) {
      char* end = nullptr;
      const std::uint64_t value = std::strtoull(at, &end, 10);
      if (end == at) break;
      at = end;
      if (field == user_ticks_field || field == system_ticks_field) ticks += value;
      if (field == resident_pages_field) usage.memory_bytes += value * page_bytes;
    }
    usage.cpu_seconds += static_cast<double>(ticks) / ticks_per_second;
  }
  return usage;
}

}  // namespace dora::cli

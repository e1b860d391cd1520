// SPDX-License-Identifier: Apache-2.0
#include "daemon/process_usage.hpp"

#include <cstdlib>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "base/clock.hpp"
#include "base/file_descriptor.hpp"

namespace dora::daemon {
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

void add(pid_t pid, ProcessUsage& usage) {
  const std::string stat = read_stat(pid);
  const auto end_of_name = stat.rfind(')');
  if (end_of_name == std::string::npos) return;
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
    if (field == resident_pages_field)
      usage.memory_bytes += value * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  }
  usage.cpu_seconds += static_cast<double>(ticks) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

}  // namespace

ProcessUsage usage_of(std::span<const pid_t> roots, const std::vector<ProcessEntry>& all) {
  ProcessUsage usage;
  for (const pid_t root : roots) {
    add(root, usage);
    for (const ProcessEntry& process : descendants_of(root, all))
      add(process.pid, usage);
  }
  return usage;
}

double percent_of_a_core(double cpu_seconds, std::int64_t since_ns) {
  const double elapsed = static_cast<double>(monotonic_ns() - since_ns) / 1e9;
  return elapsed > 0 ? 100 * cpu_seconds / elapsed : 0;
}

ProcessUsage measure(NodeInfo& node, const std::vector<ProcessEntry>& all) {
  if (node.pid <= 0) return {};
  const pid_t pid = node.pid;
  const ProcessUsage usage = usage_of({&pid, 1}, all);
  node.cpu_percent = percent_of_a_core(usage.cpu_seconds, node.spawned_ns);
  node.memory_bytes = usage.memory_bytes;
  return usage;
}

void UsageMeter::look_again() {
  constexpr std::int64_t long_enough_ns = 200'000'000;
  const std::int64_t now_ns = monotonic_ns();
  if (now_ns - looked_ns_ < long_enough_ns) return;
  looked_ns_ = now_ns;
  all_.reset();
  nodes_.clear();
}

ProcessUsage UsageMeter::tell(NodeInfo& node) {
  if (node.pid <= 0) return {};
  const auto [place, is_new] = nodes_.try_emplace({node.pid, node.spawned_ns});
  Measured& known = place->second;
  if (is_new) {
    if (!all_) all_ = list_processes();
    known.usage = measure(node, *all_);
    known.cpu_percent = node.cpu_percent;
    known.memory_bytes = node.memory_bytes;
  }
  node.cpu_percent = known.cpu_percent;
  node.memory_bytes = known.memory_bytes;
  return known.usage;
}

}  // namespace dora::daemon

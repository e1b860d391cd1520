// SPDX-License-Identifier: Apache-2.0
#include "daemon/memory_limit.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include <unistd.h>

namespace dora::daemon {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t unlimited = std::numeric_limits<std::uint64_t>::max();

std::optional<std::uint64_t> number_at_start(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return std::nullopt;
  std::uint64_t number = 0;
  const auto result = std::from_chars(text.data() + begin, text.data() + text.size(), number);
  if (result.ec != std::errc()) return std::nullopt;  // "max"
  return number;
}

/// The number in a file of one line.
std::uint64_t limit_in(const fs::path& file) {
  std::ifstream stream(file);
  std::string line;
  std::getline(stream, line);
  return number_at_start(line).value_or(unlimited);
}

/// The least limit from `group` up to `mount`: each ancestor limits, too. In a container the group
/// may be named from outside, and only `mount` itself is there.
std::uint64_t least_limit(const fs::path& mount, const fs::path& group, const char* name) {
  std::uint64_t least = limit_in(mount / name);
  fs::path place = mount;
  for (const fs::path& part : group.relative_path()) {
    place /= part;
    least = std::min(least, limit_in(place / name));
  }
  return least;
}

std::uint64_t machine_memory(const fs::path& root) {
  std::ifstream stream(root / "proc/meminfo");
  constexpr std::string_view key = "MemTotal:";
  for (std::string line; std::getline(stream, line);) {
    if (!line.starts_with(key)) continue;
    if (auto kilobytes = number_at_start(std::string_view(line).substr(key.size())))
      return *kilobytes * 1024;
  }
  return static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) *
         static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace

std::uint64_t usable_memory(const fs::path& root) {
  std::uint64_t least = machine_memory(root);
  const fs::path mounts = root / "sys/fs/cgroup";
  // Lines like "0::/user.slice" (version 2) and "4:memory:/docker/0123" (version 1).
  std::ifstream stream(root / "proc/self/cgroup");
  for (std::string line; std::getline(stream, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    const fs::path group = line.substr(second + 1);
    if (controllers == ",,") {
      least = std::min(least, least_limit(mounts, group, "memory.max"));
    } else if (controllers.find(",memory,") != std::string::npos) {
      least = std::min(least, least_limit(mounts / "memory", group, "memory.limit_in_bytes"));
    }
  }
  return least;
}

std::uint64_t out_of_memory_kills(const fs::path& root) {
  constexpr std::string_view name = "oom_kill ";
  std::ifstream stream(root / "proc/vmstat");
  for (std::string line; std::getline(stream, line);)
    if (line.starts_with(name)) return number_at_start(line.substr(name.size())).value_or(0);
  return 0;
}

std::uint64_t arena_limit(std::uint64_t usable_memory) {
  // The file is sparse: it costs nothing until it is used.
  return std::clamp<std::uint64_t>(usable_memory / 4, 64ULL << 20, 16ULL << 30);
}

}  // namespace dora::daemon

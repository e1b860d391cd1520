// SPDX-License-Identifier: Apache-2.0
#include "daemon/node_life.hpp"

#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <optional>
#include <string_view>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.hpp"
#include "base/file_descriptor.hpp"
#include "daemon/process_tree.hpp"

namespace dora::daemon {
namespace {

/// Numbers of processes and their start times mean something within these only.
std::string own_namespaces() {
  std::string text;
  for (const char* path : {"/proc/self/ns/pid", "/proc/self/ns/time"}) {
    struct stat status{};
    text += fmt::format("{}-", ::stat(path, &status) == 0 ? status.st_ino : 0);
  }
  return text;
}

/// Whether /proc counts processes as we do: not so in a new pid namespace that kept the old /proc.
bool is_own_proc() {
  char text[32];
  const auto length = ::readlink("/proc/self", text, sizeof text);
  return length > 0 &&
         std::string_view(text, static_cast<std::size_t>(length)) == std::to_string(::getpid());
}

std::uint64_t start_time_of(pid_t pid) {
  const auto process = find_process(pid);
  return process && !process->is_ending ? process->start_time : 0;
}

/// Whether the dora of a mark is dead. One of another namespace is not ours to judge.
bool is_orphaned(std::string_view life, std::string_view namespaces) {
  const std::string_view dora = life.substr(0, life.find('/'));
  if (!dora.starts_with(namespaces)) return false;
  const std::string_view numbers = dora.substr(namespaces.size());
  pid_t pid = 0;
  const char* const last = numbers.data() + numbers.size();
  const auto first = std::from_chars(numbers.data(), last, pid);
  if (first.ec != std::errc() || pid <= 0 || first.ptr == last || *first.ptr != '-') return false;
  std::uint64_t start = 0;
  const auto second = std::from_chars(first.ptr + 1, last, start);
  if (second.ec != std::errc() || second.ptr != last || start == 0) return false;
  return start_time_of(pid) != start;
}

/// Kills those that are found by one look, and tells whether there were any.
bool kill_orphans_once(std::string_view namespaces) {
  bool found = false;
  for (const ProcessEntry& entry : list_processes()) {
    if (entry.pid == ::getpid() || entry.is_ending) continue;
    // Opened before its mark is read: then the mark is that of whoever is killed.
    const FileDescriptor pidfd(static_cast<int>(::syscall(SYS_pidfd_open, entry.pid, 0)));
    if (!pidfd || !is_orphaned(inherited_life(entry.pid), namespaces)) continue;
    if (::syscall(SYS_pidfd_send_signal, pidfd.get(), SIGKILL, nullptr, 0) == 0) found = true;
  }
  return found;
}

}  // namespace

std::string own_life_prefix() {
  return fmt::format("{}{}-{}", own_namespaces(), ::getpid(), start_time_of(::getpid()));
}

std::string inherited_life(pid_t pid) {
  constexpr std::size_t longest = 4 << 20;
  FileDescriptor file(::open(fmt::format("/proc/{}/environ", pid).c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return {};
  const auto text = read_all(file.get(), longest);
  if (!text) return {};
  const std::string marker = fmt::format("{}=", node_life_variable);
  for (std::size_t begin = 0; begin < text->size();) {
    const std::size_t end = std::min(text->find('\0', begin), text->size());
    const std::string_view entry = std::string_view(*text).substr(begin, end - begin);
    if (entry.starts_with(marker)) return std::string(entry.substr(marker.size()));
    begin = end + 1;
  }
  return {};
}

void kill_orphans() {
  constexpr std::int64_t patience_ns = 5'000'000'000;
  const std::int64_t give_up_at = monotonic_ns() + patience_ns;
  if (!is_own_proc()) return;
  const std::string namespaces = own_namespaces();
  // As kill_descendants(): one that forks while we look may be missed once.
  for (int empty_looks = 0; empty_looks < 2 && monotonic_ns() < give_up_at;) {
    empty_looks = kill_orphans_once(namespaces) ? 0 : empty_looks + 1;
    const timespec moment{0, 1'000'000};
    ::nanosleep(&moment, nullptr);
  }
}

}  // namespace dora::daemon

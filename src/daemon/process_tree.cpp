// SPDX-License-Identifier: Apache-2.0
#include "daemon/process_tree.hpp"

#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <ranges>

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.hpp"
#include "base/file_descriptor.hpp"

namespace dora::daemon {
namespace {

std::string read_small_file(const char* path) {
  FileDescriptor file(::open(path, O_RDONLY | O_CLOEXEC));
  if (!file) return {};
  char text[4096];
  const auto length = retry_interrupted([&] { return ::read(file.get(), text, sizeof text); });
  return length <= 0 ? std::string() : std::string(text, static_cast<std::size_t>(length));
}

/// Reads one number and the space before it.
template <typename T>
bool take_number(std::string_view& text, T& value) {
  while (text.starts_with(' '))
    text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

bool skip_numbers(std::string_view& text, int count) {
  long long skipped = 0;
  while (count > 0 && take_number(text, skipped))
    --count;
  return count == 0;
}

}  // namespace

std::optional<ProcessEntry> find_process(pid_t pid) {
  const std::string stat = read_small_file(fmt::format("/proc/{}/stat", pid).c_str());
  // The name of the program stands in parentheses and may itself contain any character.
  const auto name_end = stat.rfind(')');
  if (name_end == std::string::npos || name_end + 2 >= stat.size()) return std::nullopt;
  ProcessEntry entry;
  entry.pid = pid;
  const char state = stat[name_end + 2];
  std::string_view rest = std::string_view(stat).substr(name_end + 3);
  bool complete = take_number(rest, entry.parent) && take_number(rest, entry.group) &&
                  take_number(rest, entry.session);
  // tty_nr tpgid, then flags; minflt cminflt majflt cmajflt utime stime cutime cstime priority nice
  // num_threads itrealvalue, then starttime.
  complete = complete && skip_numbers(rest, 2);
  unsigned flags = 0;
  complete = complete && take_number(rest, flags) && skip_numbers(rest, 12);
  if (!complete || !take_number(rest, entry.start_time)) return std::nullopt;
  constexpr unsigned exiting = 0x4;  // PF_EXITING of the kernel's sched.h
  entry.is_ending = state == 'Z' || state == 'X' || (flags & exiting) != 0;
  return entry;
}

std::vector<ProcessEntry> list_processes() {
  std::vector<ProcessEntry> entries;
  DIR* directory = ::opendir("/proc");
  if (directory == nullptr) return entries;
  while (const dirent* item = ::readdir(directory)) {
    pid_t pid = 0;
    const char* end = item->d_name + std::strlen(item->d_name);
    const auto parsed = std::from_chars(item->d_name, end, pid);
    if (parsed.ec != std::errc() || parsed.ptr != end) continue;
    if (auto entry = find_process(pid)) entries.push_back(*entry);
  }
  ::closedir(directory);
  return entries;
}

std::vector<ProcessEntry> descendants_of(pid_t root, const std::vector<ProcessEntry>& all) {
  std::vector<ProcessEntry> found;
  std::vector<pid_t> parents = {root};
  for (std::size_t next = 0; next < parents.size(); ++next) {
    for (const auto& entry : all) {
      if (entry.parent != parents[next] || entry.pid == root) continue;
      found.push_back(entry);
      parents.push_back(entry.pid);
    }
  }
  return found;
}

std::optional<std::vector<pid_t>> probable_children() {
  std::vector<pid_t> children;
  bool is_told = false;
  DIR* tasks = ::opendir("/proc/self/task");
  if (tasks == nullptr) return std::nullopt;
  // Each thread has its own: those that it forked, or inherited.
  while (const dirent* item = ::readdir(tasks)) {
    if (item->d_name[0] == '.') continue;
    const FileDescriptor file(::open(
        fmt::format("/proc/self/task/{}/children", item->d_name).c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) continue;
    is_told = true;
    const std::string text = read_all(file.get(), 1 << 20).value_or("");
    std::string_view rest = text;
    for (pid_t pid = 0; take_number(rest, pid);)
      children.push_back(pid);
  }
  ::closedir(tasks);
  if (!is_told) return std::nullopt;
  return children;
}

std::string boot_id() {
  std::string text = read_small_file("/proc/sys/kernel/random/boot_id");
  while (!text.empty() && text.back() == '\n')
    text.pop_back();
  return text;
}

void kill_descendants() {
  constexpr std::int64_t patience_ns = 5'000'000'000;
  const std::int64_t give_up_at = monotonic_ns() + patience_ns;
  // A process that forks while we look may be missed once, but not by the look that follows the
  // death of its parent; two empty looks in a row are the end.
  for (int empty_looks = 0; empty_looks < 2 && monotonic_ns() < give_up_at;) {
    const auto below = descendants_of(::getpid(), list_processes());
    empty_looks = below.empty() ? empty_looks + 1 : 0;
    // Children before their parents: should we be killed in the middle of this, a process below us
    // that would do the same for its own is still there.
    for (const auto& entry : std::views::reverse(below))
      ::kill(entry.pid, SIGKILL);
    while (::waitpid(-1, nullptr, WNOHANG) > 0) {
    }
    if (!below.empty()) {
      // The kernel needs a moment to take a killed process apart.
      const timespec moment{0, 1'000'000};
      ::nanosleep(&moment, nullptr);
    }
  }
}

}  // namespace dora::daemon

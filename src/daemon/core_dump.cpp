// SPDX-License-Identifier: Apache-2.0
#include "daemon/core_dump.hpp"

#include <algorithm>
#include <array>
#include <csignal>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>

#include "base/file_descriptor.hpp"

namespace dora::daemon {
namespace {

std::string read_setting(const char* path) {
  const FileDescriptor file(::open(path, O_RDONLY | O_CLOEXEC));
  if (!file) return {};
  auto text = read_all(file.get(), 4096);
  if (!text) return {};
  while (text->ends_with('\n'))
    text->pop_back();
  return *text;
}

bool leaves_core(int signal) {
  constexpr std::array with_core{SIGQUIT, SIGILL,  SIGTRAP, SIGABRT, SIGBUS,
                                 SIGFPE,  SIGSEGV, SIGXCPU, SIGXFSZ, SIGSYS};
  return std::ranges::find(with_core, signal) != with_core.end();
}

/// The name as the kernel makes it; `*` for what is not known here. `pid` 0: any.
std::filesystem::path core_file(const CoreSettings& settings, pid_t pid,
                                const std::filesystem::path& folder) {
  const std::string number = pid > 0 ? std::to_string(pid) : "*";
  std::string name;
  bool has_pid = false;
  for (std::size_t i = 0; i < settings.pattern.size(); ++i) {
    if (settings.pattern[i] != '%') {
      name += settings.pattern[i];
      continue;
    }
    if (++i == settings.pattern.size()) break;  // the kernel drops it, too
    const char what = settings.pattern[i];
    const bool is_pid = what == 'p' || what == 'P' || what == 'i' || what == 'I';
    has_pid = has_pid || what == 'p';
    name += what == '%' ? "%" : is_pid ? number : "*";
  }
  if (settings.adds_pid && !has_pid) name += "." + number;
  return folder / name;
}

}  // namespace

CoreSettings core_settings() {
  rlimit limit{};
  return {.pattern = read_setting("/proc/sys/kernel/core_pattern"),
          .adds_pid = read_setting("/proc/sys/kernel/core_uses_pid") == "1",
          .is_limited = ::getrlimit(RLIMIT_CORE, &limit) == 0 && limit.rlim_cur == 0};
}

std::string core_hint(const CoreSettings& settings, const ExitStatus& status, pid_t pid,
                      const std::filesystem::path& folder, const std::filesystem::path& program) {
  if (!leaves_core(status.signal)) return {};
  const bool is_piped = settings.pattern.starts_with('|');
  const std::string reader = settings.pattern.substr(is_piped ? 1 : 0);
  const bool is_systemd = is_piped && reader.find("systemd-coredump") != std::string::npos;
  const std::string reader_name = reader.substr(0, reader.find(' '));
  if (status.dumped_core && is_systemd)
    return fmt::format("kept by systemd: coredumpctl gdb {}", pid);
  if (status.dumped_core && is_piped)
    return fmt::format("given to {} (/proc/sys/kernel/core_pattern)", reader_name);
  if (status.dumped_core) {
    return fmt::format("gdb {} {}", program.string(), core_file(settings, pid, folder).string());
  }
  if (settings.pattern.empty()) return "none written, as /proc/sys/kernel/core_pattern is empty";
  if (is_piped)
    return fmt::format("none written: {} takes them (/proc/sys/kernel/core_pattern)", reader_name);
  const std::string next = core_file(settings, 0, folder).string();
  if (settings.is_limited) {
    return fmt::format(
        "none written, as `ulimit -c` is 0: after `ulimit -c unlimited` in the shell that starts "
        "dora, the next one is {}",
        next);
  }
  return fmt::format("none written: {} cannot be, or is larger than `ulimit -c`", next);
}

}  // namespace dora::daemon

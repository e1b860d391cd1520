#pragma once
// SPDX-License-Identifier: Apache-2.0
// Where the memory of a program is that crashed, or how to have it the next time.

#include <filesystem>
#include <string>

#include <sys/types.h>

#include "daemon/failure_text.hpp"

namespace dora::daemon {

/// What decides whether and where the kernel writes the memory of a program that crashes.
struct CoreSettings {
  std::string pattern;      ///< /proc/sys/kernel/core_pattern
  bool adds_pid = false;    ///< /proc/sys/kernel/core_uses_pid
  bool is_limited = false;  ///< `ulimit -c` is 0
  bool operator==(const CoreSettings&) const = default;
};

/// Of this machine and this process, whose limits nodes inherit.
CoreSettings core_settings();

/// One sentence for who wants to look into the crash; empty when a program that ended so leaves no
/// memory behind. `folder`: where it ran.
std::string core_hint(const CoreSettings& settings, const ExitStatus& status, pid_t pid,
                      const std::filesystem::path& folder, const std::filesystem::path& program);

}  // namespace dora::daemon

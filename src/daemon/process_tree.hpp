#pragma once
// SPDX-License-Identifier: Apache-2.0
// The processes below this one, as /proc shows them. With PR_SET_CHILD_SUBREAPER set, a process
// whose parent dies becomes our child, so nobody below us can hide, whatever it forked or whichever
// session it made.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace dora::daemon {

struct ProcessEntry {
  pid_t pid = -1;
  pid_t parent = -1;
  pid_t group = -1;
  pid_t session = -1;
  /// Dead, or dying: its descriptors may be closed already, however long the kernel still needs.
  bool is_ending = false;
  std::uint64_t start_time = 0;  ///< clock ticks since boot; with the pid it names a process
};

/// Every process of the machine (that we may see).
std::vector<ProcessEntry> list_processes();
/// One of them. Nothing when it is gone.
std::optional<ProcessEntry> find_process(pid_t pid);

/// `root`'s children, their children and so on, without `root`.
std::vector<ProcessEntry> descendants_of(pid_t root, const std::vector<ProcessEntry>& all);

/// The children of this process, cheaply. While they come and go one may be missed, as the kernel
/// tells of them piece by piece; list_processes() misses none. Nothing where the kernel does not
/// tell.
std::optional<std::vector<pid_t>> probable_children();

/// Identifies this boot of the machine; empty when the kernel does not say.
std::string boot_id();

/// Kills every process below this one with SIGKILL and reaps its own children, until none is left.
/// A process that cannot be killed (uninterruptible sleep) is given up after a few seconds. Blocks.
void kill_descendants();

}  // namespace dora::daemon

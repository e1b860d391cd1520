#pragma once
// SPDX-License-Identifier: Apache-2.0
// The mark of a life of a node, in the environment of its process and of everything that process
// starts, however it forks or whichever session it makes:
//
//   DORA_NODE_LIFE=<dora>/<dataflow>/<node>/<incarnation>
//   <dora> = <pid namespace>-<time namespace>-<process id>-<start time>
//
// The first part names the dora that the node belongs to, so that whoever finds the mark can tell
// whether anybody still watches over the process.

#include <string>

#include <sys/types.h>

namespace dora::daemon {

inline constexpr const char* node_life_variable = "DORA_NODE_LIFE";

/// The first part for nodes of this process.
std::string own_life_prefix();
/// The mark that a process carries; empty when it has none, or it cannot be seen.
std::string inherited_life(pid_t pid);

/// Kills every process of this user that carries the mark of a dora that is dead, until none is
/// left; those that cannot be killed are given up after a few seconds. Blocks.
void kill_orphans();

}  // namespace dora::daemon

#pragma once
// SPDX-License-Identifier: Apache-2.0
// How much memory this machine, or the container this runs in, has.

#include <cstdint>
#include <filesystem>

namespace dora::daemon {

/// Bytes: those of the machine, or the least that a control group (version 1 or 2) of this process
/// allows. `root` is where /proc and /sys are looked for.
std::uint64_t usable_memory(const std::filesystem::path& root = "/");

/// How many processes the kernel has killed so far because there was no memory left; 0: it does not
/// say.
std::uint64_t out_of_memory_kills(const std::filesystem::path& root = "/");

/// How much one node may send that nobody has taken back: a quarter of the memory, within bounds.
std::uint64_t arena_limit(std::uint64_t usable_memory);

}  // namespace dora::daemon

#pragma once
// SPDX-License-Identifier: Apache-2.0
// CHECK is for bugs of ours, also in release builds. Never use it on anything that came from
// outside: a file, a socket, shared memory that another process can write, the command line.

namespace dora {

/// Prints the failed condition with its place and aborts.
[[noreturn]] void check_failed(const char* condition, const char* file, int line) noexcept;

}  // namespace dora

#define CHECK(condition)                                    \
  do {                                                      \
    if (!(condition)) [[unlikely]]                          \
      ::dora::check_failed(#condition, __FILE__, __LINE__); \
  } while (false)

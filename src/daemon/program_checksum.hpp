#pragma once
// SPDX-License-Identifier: Apache-2.0
// What a downloaded program must be (`path_sha256`), looked at again before each start. A value.

#include <filesystem>
#include <string>

#include "base/result.hpp"

namespace dora::daemon {

struct ProgramChecksum {
  /// In lower case; empty: whatever is there will do.
  std::string wanted{};
  /// Which file, in which state, was found to have it. While that stands, nothing is read again.
  std::string seen{};
  bool operator==(const ProgramChecksum&) const = default;
};

/// Whether `file` is what `checksum` says, which remembers that. Reads all of it, unless it is as
/// it was seen last. Fails with the two checksums.
Result<> verify(const std::filesystem::path& path, ProgramChecksum& checksum);

}  // namespace dora::daemon

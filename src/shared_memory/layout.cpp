// SPDX-License-Identifier: Apache-2.0
#include "shared_memory/layout.hpp"

#include <fmt/format.h>

namespace dora::shared_memory {

Result<> check_header(const ObjectHeader& found, const ObjectHeader& expected, const char* what) {
  if (found.magic != expected.magic) {
    return fail(ErrorKind::InvalidInput, fmt::format("this memory is not {}", what));
  }
  if (found.version != expected.version) {
    return fail(
        ErrorKind::Unsupported,
        fmt::format("{} has layout version {}, this program speaks {}: use the same version "
                    "of dora everywhere in a dataflow",
                    what, found.version, expected.version));
  }
  if (found.header_bytes != expected.header_bytes || found.file_bytes != expected.file_bytes) {
    return fail(ErrorKind::InvalidInput,
                fmt::format("{} has a header of {} bytes and {} bytes in all, expected {} and {}",
                            what, found.header_bytes, found.file_bytes, expected.header_bytes,
                            expected.file_bytes));
  }
  return {};
}

}  // namespace dora::shared_memory

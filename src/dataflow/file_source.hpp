#pragma once
// SPDX-License-Identifier: Apache-2.0
// Where YAML files come from: the disk, or a map in tests.

#include <cstddef>
#include <filesystem>
#include <string>

#include "base/result.hpp"

namespace dora::dataflow {

class FileSource {
 public:
  virtual ~FileSource() = default;
  /// The content of a regular file. Fails with NotFound when there is none, with InvalidInput when
  /// it is no regular file or longer than `limit` bytes, with Failed when it cannot be read; the
  /// message is a sentence for the user without the path.
  virtual Result<std::string> read(const std::filesystem::path& path, std::size_t limit) = 0;
  /// Whether something is at `path`.
  virtual bool exists(const std::filesystem::path& path) = 0;
};

/// Reads the disk. Devices, pipes and directories are refused without being read.
class DiskFileSource : public FileSource {
 public:
  Result<std::string> read(const std::filesystem::path& path, std::size_t limit) override;
  bool exists(const std::filesystem::path& path) override;
};

}  // namespace dora::dataflow

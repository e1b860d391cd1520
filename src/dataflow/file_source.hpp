#pragma once
// SPDX-License-Identifier: Apache-2.0
// Where YAML files come from: the disk, or a map in tests.

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

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
  /// The names of some YAML files in `folder`, and of folders there that hold a dataflow: for
  /// suggestions.
  virtual std::vector<std::string> yaml_names(const std::filesystem::path& /*folder*/) {
    return {};
  }
};

/// Reads the disk. Devices, pipes and directories are refused without being read.
class DiskFileSource : public FileSource {
 public:
  Result<std::string> read(const std::filesystem::path& path, std::size_t limit) override;
  bool exists(const std::filesystem::path& path) override;
  std::vector<std::string> yaml_names(const std::filesystem::path& folder) override;
};

/// The path of what is there and most like `path`, which is not; nothing when nothing is.
std::optional<std::string> closest_yaml(FileSource& files, const std::filesystem::path& path);

}  // namespace dora::dataflow

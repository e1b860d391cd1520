#pragma once
// SPDX-License-Identifier: Apache-2.0
// A node's log file, log_<node>.jsonl, with its older parts log_<node>.1.jsonl (newest), .2, ...

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/file_descriptor.hpp"
#include "base/result.hpp"

namespace dora::daemon {

class LogFile {
 public:
  struct Options {
    /// When the file has passed this size a new one is begun.
    std::optional<std::uint64_t> max_bytes;
    /// How many older parts are kept; 0: none.
    std::uint32_t max_rotated_files = 5;
  };

  /// Makes `folder` when it is missing, and the empty file. Parts of an earlier life of the node
  /// are removed.
  static Result<LogFile> create(const std::filesystem::path& folder, const std::string& node,
                                const Options& options);

  /// Appends whole lines. They are in the file when this returns, but not forced to the disk.
  Result<> append(std::string_view lines);

  /// The path of the file, or of its n-th older part.
  static std::filesystem::path path_of(const std::filesystem::path& folder, const std::string& node,
                                       std::uint32_t part = 0);

 private:
  Result<> begin();
  Result<> rotate();

  std::filesystem::path folder_;
  std::string node_;
  Options options_;
  FileDescriptor file_;
  std::uint64_t bytes_ = 0;
};

}  // namespace dora::daemon

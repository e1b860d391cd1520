#pragma once
// SPDX-License-Identifier: Apache-2.0
// The lock file of a dataflow, <stem>.dora-lock.yaml: the commits that its git nodes were built
// from, for others to build the same. Meant to be kept in version control.

#include <filesystem>
#include <map>
#include <string>

#include "base/result.hpp"
#include "dataflow/dataflow.hpp"

namespace dora::build {

struct LockedSource {
  std::string repo;
  std::string commit_hash;
  bool operator==(const LockedSource&) const = default;
};

struct LockFile {
  /// Of the dataflow that it was written for, see descriptor_fingerprint().
  std::string descriptor_fingerprint;
  /// By node.
  std::map<std::string, LockedSource> git_sources;
  bool operator==(const LockFile&) const = default;
};

/// Beside the dataflow in `file`.
std::filesystem::path default_lock_file(const std::filesystem::path& file);

/// One word for all that the dataflow says, but for the values of variables: those may differ
/// from machine to machine.
std::string descriptor_fingerprint(const dataflow::Dataflow& dataflow);

/// Fails with NotFound when there is none, InvalidInput when it is none; with the file and the way
/// out.
Result<LockFile> read_lock_file(const std::filesystem::path& path);

/// Replaces the file as a whole.
Result<> write_lock_file(const std::filesystem::path& path, const LockFile& lock);

}  // namespace dora::build

#pragma once
// SPDX-License-Identifier: Apache-2.0
// The lock file of a dataflow, <stem>.dora-lock.yaml: the commits that its git nodes were built
// from, and the versions of its packages, for others to build the same. Meant to be kept in version
// control.

#include <filesystem>
#include <map>
#include <string>

#include "base/result.hpp"
#include "dataflow/dataflow.hpp"

namespace dora::build {

/// Of a node that comes from the hub: which package its source belongs to.
struct LockedPackage {
  /// `<namespace>/<name>`; empty: it is no package.
  std::string name{};
  std::string version{};
  std::string manifest_digest{};
  bool operator==(const LockedPackage&) const = default;
};

struct LockedSource {
  std::string repo;
  std::string commit_hash;
  std::string subdir{};
  LockedPackage hub{};
  bool operator==(const LockedSource&) const = default;
};

/// A program that was downloaded.
struct LockedBinary {
  std::string platform{};
  std::string url{};
  std::string sha256{};
  LockedPackage hub{};
  bool operator==(const LockedBinary&) const = default;
};

struct LockFile {
  /// Of the dataflow that it was written for, see descriptor_fingerprint().
  std::string descriptor_fingerprint;
  /// By node.
  std::map<std::string, LockedSource> git_sources{};
  std::map<std::string, LockedBinary> binary_sources{};
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

/// Whether `lock` was written for `dataflow` as it is. Fails with InvalidInput, saying what is
/// different.
Result<> check_lock(const LockFile& lock, const dataflow::Dataflow& dataflow);

/// What the file says for the packages of `dataflow`, which have been found.
void lock_packages(const dataflow::Dataflow& dataflow, LockFile& lock);

/// Replaces the file as a whole.
Result<> write_lock_file(const std::filesystem::path& path, const LockFile& lock);

}  // namespace dora::build

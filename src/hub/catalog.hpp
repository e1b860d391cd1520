#pragma once
// SPDX-License-Identifier: Apache-2.0
// The folder of an index: <namespace>/<name>/<version>.yml. Nothing outside of it is ever read or
// written, whatever links a repository brings along.

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "base/semantic_version.hpp"
#include "hub/index_entry.hpp"

namespace dora::hub {

/// `[<namespace>/]<name>[@<requirement>]`.
struct PackageReference {
  std::string name_space = "dora-rs";
  std::string name;
  VersionRequirement requirement;

  /// Fails with InvalidInput.
  static Result<PackageReference> parse(std::string_view text);
  std::string key() const { return name_space + "/" + name; }
};

struct FoundVersion {
  SemanticVersion version;
  IndexEntry entry;
};

class Catalog {
 public:
  /// Fails with NotFound when there is no such folder.
  static Result<Catalog> open(const std::filesystem::path& folder);

  /// The highest version that fits and is not yanked. Fails with NotFound, saying what there is.
  Result<FoundVersion> resolve(const PackageReference& reference) const;
  /// The same, but a yanked one if there is no other.
  Result<FoundVersion> look_up(const PackageReference& reference) const;

  /// Fails with NotFound, or InvalidInput when the entry is wrong.
  Result<IndexEntry> entry(const std::string& name_space, const std::string& name,
                           const SemanticVersion& version) const;

  /// Of every package: namespace and name, in order.
  std::vector<std::pair<std::string, std::string>> packages() const;
  /// All versions, the lowest first.
  std::vector<SemanticVersion> versions(const std::string& name_space,
                                        const std::string& name) const;

  /// Where the entry is or would be. Fails with InvalidInput when that is somewhere else.
  Result<std::filesystem::path> entry_file(const std::string& name_space, const std::string& name,
                                           const SemanticVersion& version) const;

 private:
  explicit Catalog(std::filesystem::path folder) : folder_(std::move(folder)) {}
  /// Whether `path` is really in the folder.
  bool holds(const std::filesystem::path& path) const;
  Result<FoundVersion> resolve(const PackageReference& reference, bool takes_yanked) const;

  /// Without links in it.
  std::filesystem::path folder_;
};

}  // namespace dora::hub

#pragma once
// SPDX-License-Identifier: Apache-2.0
// Where packages of nodes are listed: ~/.config/dora/hub.toml, or the file in DORA_HUB_CONFIG. A
// namespace belongs to exactly one index, so that nobody can put a package of the same name before
// another; what no index claims is looked for in the official one.

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace dora::hub {

/// Looks up an environment variable; nothing when it is not set or empty.
using Variables = std::function<std::optional<std::string>(std::string_view)>;

inline constexpr std::string_view official_alias = "official";

struct IndexConfig {
  std::string alias;
  /// The address of a repository; empty: `folder` is of this machine.
  std::string git;
  /// In the repository, or of this machine (absolute).
  std::filesystem::path folder;
  std::vector<std::string> namespaces;
};

class HubConfig {
 public:
  /// Without a file there is the official index alone. Fails with InvalidInput when the file is
  /// wrong, naming it and the mistake.
  static Result<HubConfig> load(const Variables& variables);

  /// The official one last, unless the file places it elsewhere.
  const std::vector<IndexConfig>& indexes() const { return indexes_; }
  const IndexConfig& index_of(std::string_view name_space) const;
  /// Nothing when there is no such alias, which may be written in either case.
  const IndexConfig* find(std::string_view alias) const;

 private:
  std::vector<IndexConfig> indexes_;
};

/// Whether git may be given `address`: https, ssh, file, `git@host:path` or an absolute path.
bool is_git_address(std::string_view address);
/// Whether it is a place on this machine.
bool is_local_address(std::string_view address);

}  // namespace dora::hub

#pragma once
// SPDX-License-Identifier: Apache-2.0
// Brings the folders of indexes here: clones of their repositories, in ~/.cache/dora/index/<alias>,
// asked again at most once by each program. Blocks.

#include <filesystem>
#include <map>
#include <string>

#include "base/result.hpp"
#include "hub/catalog.hpp"
#include "hub/hub_config.hpp"

namespace dora::hub {

class IndexFetcher {
 public:
  enum class Ask {
    Always,  ///< what is new in the index
    IfNew,   ///< only when there is no clone
    Never,
  };

  /// `variables` is the environment: git inherits it, and it tells where caches are.
  IndexFetcher(std::map<std::string, std::string> variables, Ask ask);

  /// Fails with Disconnected when the index cannot be had, NotFound when it has no such folder.
  Result<Catalog> open(const IndexConfig& index);

  /// What there is of it now, without waiting for anything.
  Result<Catalog> peek(const IndexConfig& index) const;

 private:
  Result<std::filesystem::path> fetch(const IndexConfig& index);
  Result<> clone(const IndexConfig& index, const std::filesystem::path& folder) const;
  Result<> refresh(const IndexConfig& index, const std::filesystem::path& folder) const;

  std::map<std::string, std::string> variables_;
  Ask ask_;
  std::map<std::string, std::filesystem::path> fetched_;
};

}  // namespace dora::hub

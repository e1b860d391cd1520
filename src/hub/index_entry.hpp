#pragma once
// SPDX-License-Identifier: Apache-2.0
// One version of a package in an index: its manifest, and where its source is. What an index says
// is not trusted: whatever becomes an address, a path or a command is checked when it is read.

#include <optional>
#include <string>
#include <vector>

#include "base/semantic_version.hpp"
#include "dataflow/hub_package.hpp"
#include "dataflow/node.hpp"
#include "hub/manifest.hpp"

namespace dora::hub {

/// A repository, the whole hash of a commit, and a folder in it.
struct GitPin {
  std::string repository;
  std::string commit;
  std::string subfolder;
};

/// A program that is ready to run.
struct BinaryPin {
  std::string platform;
  std::string url;
  std::string sha256;
};

struct IndexEntry {
  Manifest manifest;
  std::optional<GitPin> git;
  std::vector<BinaryPin> binaries;
  std::string published;
  bool is_yanked = false;
  std::string yank_reason;
};

/// Fails with InvalidInput, naming the file, the place and the mistake.
Result<IndexEntry> parse_entry(const std::string& name, std::string text);

/// The package as a dataflow uses it. Fails with Unsupported when there is nothing of it for this
/// machine.
Result<dataflow::HubPackage> to_package(const IndexEntry& entry, const SemanticVersion& version);
/// The same of a package that is here: the version is empty, and so is the source.
dataflow::HubPackage to_package(const Manifest& manifest);

/// The text of an entry for a manifest as it stands in its file.
std::string entry_text(std::string_view manifest_text, const GitPin& source,
                       std::string_view published);

/// `text` with the marks of a yanked version, or without.
std::string with_yank(std::string_view text, bool is_yanked, std::string_view reason);

bool is_whole_commit(std::string_view text);
bool is_sha256(std::string_view text);

}  // namespace dora::hub

#pragma once
// SPDX-License-Identifier: Apache-2.0
// What of a dataflow has been built, on disk: out/<stem>.dora-session.yaml beside its file. YAML
// in the form of JSON. Who deletes it builds everything again.

#include <filesystem>
#include <map>
#include <string>

#include "base/result.hpp"

namespace dora::build {

/// What a node was made from that is not beside the dataflow: a repository or a download.
struct SourceRecord {
  /// The URL; empty: there is none.
  std::string address;
  /// What of it was asked for: "branch main"; of a download, the checksum or nothing.
  std::string reference;
  /// What that was: a commit; of a download, the checksum.
  std::string commit;
  bool operator==(const SourceRecord&) const = default;
};

/// The last success of one node's build.
struct NodeRecord {
  /// Of all that it was made from.
  std::string fingerprint;
  std::filesystem::path working_directory;
  /// The managed Python environment; empty: none.
  std::filesystem::path python_environment;
  SourceRecord source{};
  bool operator==(const NodeRecord&) const = default;
};

struct Session {
  /// Another one after each build that did something.
  std::string build_id;
  std::string session_id;
  std::map<std::string, NodeRecord> nodes;
  bool operator==(const Session&) const = default;
};

/// For the dataflow in `file` (absolute).
std::filesystem::path session_file(const std::filesystem::path& file);

/// An empty session when there is none, or none that can be read: then everything is built.
Session read_session(const std::filesystem::path& path);

/// Replaces the file as a whole, and lets git ignore it.
Result<> write_session(const std::filesystem::path& path, const Session& session);

}  // namespace dora::build

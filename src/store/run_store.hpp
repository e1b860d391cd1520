#pragma once
// SPDX-License-Identifier: Apache-2.0
// What a dora in the background remembers of its dataflows beyond its own life: which ran, how they
// ended and why, and their parameters. One SQLite file (docs/store.md). Every call blocks until the
// disk has it: not for an event loop's thread.

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "store/database.hpp"

namespace dora::store {

struct StoredNode {
  std::string node;
  bool failed = false;
  std::int64_t restarts = 0;
  std::string cause;  ///< of its failure
  bool operator==(const StoredNode&) const = default;
};

struct StoredRun {
  enum class Status { Running, Succeeded, Failed };
  std::string uuid;
  std::string name;
  std::string file;
  std::vector<std::string> log_folders;
  Status status = Status::Running;
  std::int64_t started_ns = 0;  ///< since the Unix epoch, as the next
  std::int64_t ended_ns = 0;    ///< 0 while it runs
  std::string summary;          ///< what failed
  std::vector<StoredNode> nodes;
  bool operator==(const StoredRun&) const = default;
};

class RunStore {
 public:
  /// The store in the file `path`; empty: in memory, forgotten with the object. An older form is
  /// brought up to date. Fails with Busy when another dora uses it, and with InvalidInput, naming
  /// the way out, when it cannot be read.
  static Result<RunStore> open(const std::filesystem::path& path);

  /// A run begins, or has ended: writes all of it.
  Result<> write(const StoredRun& run);
  Result<> forget(std::string_view uuid);
  /// With nothing as its value, removes it.
  Result<> set_parameter(std::string_view uuid, std::string_view node, std::string_view key,
                         const std::optional<std::string>& value);

  /// The latest `most` runs, the oldest first.
  Result<std::vector<StoredRun>> runs(std::size_t most);
  /// JSON text by key.
  Result<std::map<std::string, std::string>> parameters(std::string_view uuid,
                                                        std::string_view node);

  /// Those that ran when the last owner of the store went away without a word: ended now, with
  /// `summary` as their reason.
  Result<std::vector<StoredRun>> end_lost(std::int64_t now_ns, const std::string& summary);
  /// Removes what is older than the latest `most` runs that are over.
  Result<> prune(std::size_t most);

 private:
  explicit RunStore(Database database) : database_(std::move(database)) {}
  Result<> migrate();
  Database database_;
};

/// Moves the store at `path` aside, if there is one, to `<path>.backup`, `.backup.1`, ... Fails
/// with Busy while another dora uses it. Nothing when there is none.
Result<std::optional<std::filesystem::path>> archive_store(const std::filesystem::path& path);

}  // namespace dora::store

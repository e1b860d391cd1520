#pragma once
// SPDX-License-Identifier: Apache-2.0
// Where the daemons of a user are found: one directory each, below one that only the user can
// enter.
//
//   $XDG_RUNTIME_DIR/dora/<instance>/     or /tmp/dora-<uid>/<instance>/
//       record.json      who: pid, start time, boot id, version, project folder
//       control.sock     the control API
//       nodes.sock       where dynamic nodes attach
//
// Directories are entered through descriptors and without following symbolic links, and owner and
// mode are checked, so nobody else can lead us elsewhere.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "base/file_descriptor.hpp"
#include "base/result.hpp"

namespace dora::daemon {

struct InstanceRecord {
  /// "run" for `dora run`, "daemon" for `dora up`.
  std::string kind;
  pid_t pid = -1;
  std::uint64_t start_time = 0;  ///< clock ticks since boot
  std::string boot_id;
  std::string version;
  std::string project;             ///< the folder it was started for
  std::string file;                ///< the YAML of a run
  std::int64_t started_at_ns = 0;  ///< since the Unix epoch
  bool operator==(const InstanceRecord&) const = default;
};

struct Instance {
  std::string name;
  std::filesystem::path directory;
  InstanceRecord record;
  bool is_alive = false;

  std::filesystem::path control_socket() const { return directory / "control.sock"; }
  std::filesystem::path node_socket() const { return directory / "nodes.sock"; }
};

/// The directory of all instances of this user. Created and verified: ours, mode 0700, no symbolic
/// link. Fails when the only candidates belong to somebody else.
Result<std::filesystem::path> instances_root();

class InstanceDirectory {
 public:
  /// Makes the directory for this process and writes its record. `name`: letters, digits, `_`, `-`;
  /// empty: `run-<random>`. Fails with Busy when a living instance has that name; a dead one is
  /// cleared away.
  static Result<InstanceDirectory> create(std::string name, std::string kind, std::string project,
                                          std::string file);
  InstanceDirectory(InstanceDirectory&& other) noexcept;
  InstanceDirectory& operator=(InstanceDirectory&& other) noexcept;
  /// Removes the directory.
  ~InstanceDirectory();

  const Instance& instance() const { return instance_; }
  std::filesystem::path control_socket() const { return instance_.control_socket(); }
  /// Whether it still exists with all that belongs in it, e.g. after somebody cleaned /tmp.
  bool is_there() const;
  /// Makes it anew, without its sockets. Fails with Busy when another instance has its name by now.
  Result<> renew();

 private:
  explicit InstanceDirectory(Instance instance) : instance_(std::move(instance)), owned_(true) {}
  void remove() noexcept;

  Instance instance_;
  bool owned_ = false;
};

/// All instances of this user, the oldest first. Those that died without cleaning up are left out;
/// their directories are removed and their processes, if any is left, killed.
Result<std::vector<Instance>> list_instances();

/// Whether the process of a record still lives: pid, start time and boot all match.
bool is_alive(const InstanceRecord& record);

}  // namespace dora::daemon

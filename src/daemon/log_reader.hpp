#pragma once
// SPDX-License-Identifier: Apache-2.0
// Reads the log files of a run, those of all nodes merged by time, and goes on where it stopped, so
// that a run can be followed. Files may grow, be rotated and start over meanwhile. Owned by whoever
// shows logs; every call reads what there is and returns.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "daemon/log_entry.hpp"

namespace dora::daemon {

class LogReader {
 public:
  struct Options {
    /// Where the files lie; folders that do not exist yet are looked for again.
    std::vector<std::filesystem::path> folders;
    /// Only these nodes; empty: all.
    std::vector<std::string> nodes{};
    /// Set in every entry.
    std::string dataflow_id{};
  };

  explicit LogReader(Options options);
  ~LogReader();
  LogReader(LogReader&&) noexcept;
  LogReader& operator=(LogReader&&) noexcept;

  /// Gives every entry that was written since the last call. Those of one node come in the order in
  /// which they were written, those of different nodes by time.
  void read(const std::function<void(const LogEntry&)>& on_entry);

  /// How many lines were no log lines, and left out.
  std::uint64_t malformed_lines() const;

  /// The nodes that have a log file in `folders`, in order.
  static std::vector<std::string> nodes_in(const std::vector<std::filesystem::path>& folders);

 private:
  class NodeLog;

  void find_files();

  Options options_;
  std::vector<std::unique_ptr<NodeLog>> logs_;
};

}  // namespace dora::daemon

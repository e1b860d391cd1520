#pragma once
// SPDX-License-Identifier: Apache-2.0
// Who watches which dataflow. Watchers belong to themselves: one that is gone is forgotten here.
// They may come and go while they are told something.

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/control_target.hpp"

namespace dora::daemon {

class Watchers {
 public:
  void add(std::string_view run, const std::shared_ptr<Watcher>& watcher);
  bool has_any(std::string_view run) const { return watchers_.contains(run); }

  void tell_log(const LogEntry& entry);
  /// Told only when it has changed.
  void tell_status(std::string_view run, RunStatus status);
  /// Whoever watched this run watches `next` from now on.
  void tell_finished(const RunResult& result, const std::string& next);

 private:
  struct Watched {
    std::vector<std::weak_ptr<Watcher>> watchers;
    RunStatus status = RunStatus::Starting;
  };

  std::vector<std::shared_ptr<Watcher>> those_of(std::string_view run);

  std::map<std::string, Watched, std::less<>> watchers_;
};

}  // namespace dora::daemon

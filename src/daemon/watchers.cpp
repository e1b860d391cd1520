// SPDX-License-Identifier: Apache-2.0
#include "daemon/watchers.hpp"

#include <algorithm>
#include <utility>

namespace dora::daemon {

void Watchers::add(std::string_view run, const std::shared_ptr<Watcher>& watcher) {
  // Those who left before their dataflow began are not told of anywhere else.
  std::erase_if(watchers_, [](const auto& item) {
    return std::ranges::all_of(item.second.watchers,
                               [](const auto& each) { return each.expired(); });
  });
  watchers_[std::string(run)].watchers.push_back(watcher);
}

std::vector<std::shared_ptr<Watcher>> Watchers::those_of(std::string_view run) {
  std::vector<std::shared_ptr<Watcher>> living;
  const auto found = watchers_.find(run);
  if (found == watchers_.end()) return living;
  std::erase_if(found->second.watchers, [](const auto& each) { return each.expired(); });
  for (const auto& each : found->second.watchers)
    if (auto watcher = each.lock()) living.push_back(std::move(watcher));
  if (living.empty()) watchers_.erase(found);
  return living;
}

void Watchers::tell_log(const LogEntry& entry) {
  // Nobody watches most of the time, and there may be many lines.
  if (watchers_.empty()) return;
  for (const auto& watcher : those_of(entry.dataflow_id))
    watcher->on_log(entry);
}

void Watchers::tell_status(std::string_view run, RunStatus status) {
  const auto found = watchers_.find(run);
  if (found == watchers_.end() || std::exchange(found->second.status, status) == status) return;
  for (const auto& watcher : those_of(run))
    watcher->on_status(status);
}

void Watchers::tell_finished(const RunResult& result, const std::string& next) {
  const auto told = those_of(result.id);
  watchers_.erase(result.id);
  if (!next.empty())
    for (const auto& watcher : told)
      add(next, watcher);
  for (const auto& watcher : told)
    watcher->on_finished(result, next);
}

}  // namespace dora::daemon

// SPDX-License-Identifier: Apache-2.0
// Looks now and then whether nodes with a health_check_timeout still do something.
#include <algorithm>

#include "base/clock.hpp"
#include "daemon/run.hpp"

namespace dora::daemon {

void Run::watch_health() {
  const bool is_wanted = std::ranges::any_of(
      plan_.nodes, [](const NodePlan& node) { return node.health_check_timeout.has_value(); });
  if (!is_wanted || state_.is_finished()) return;
  health_watch_.expires_after(plan_.health_check_interval);
  health_checked_ns_ = monotonic_ns();
  health_watch_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    const auto self = weak.lock();
    if (!self || error) return;
    self->check_health(monotonic_ns());
    self->watch_health();
  });
}

void Run::check_health(std::int64_t now_ns) {
  // When this process was kept from running (a suspended machine, a debugger), so were the nodes:
  // they get another interval.
  if (now_ns - health_checked_ns_ > 2 * plan_.health_check_interval.count()) return;
  const auto blocked = memory_.blocked_senders();
  for (NodeIndex node = 0; node < nodes_.size(); ++node) {
    const auto& timeout = plan_.nodes[node].health_check_timeout;
    const auto since = state_.running_since(node);
    if (!timeout || !since || !nodes_[node].process) continue;
    const std::string& name = plan_.nodes[node].id.text();
    // Who waits for room in somebody's queue is in a call of the library.
    if (std::ranges::find(blocked, name, &BlockedSender::node) != blocked.end()) continue;
    const std::int64_t active = std::max(memory_.bell_of(node)->last_active_ns(), *since);
    if (now_ns - active > timeout->count())
      perform(state_.on_silence(node, std::chrono::nanoseconds(now_ns - active), now_ns));
  }
}

}  // namespace dora::daemon

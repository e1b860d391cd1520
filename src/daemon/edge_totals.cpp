// SPDX-License-Identifier: Apache-2.0
#include "daemon/edge_totals.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace dora::daemon {
namespace {

namespace shm = shared_memory;

void add_drops(EdgeTotals& totals, const std::string& reason, std::uint64_t count) {
  if (count == 0) return;
  auto place = std::ranges::find(totals.drops, reason, &EdgeTotals::Drop::reason);
  if (place == totals.drops.end()) place = totals.drops.insert(place, {reason, 0});
  place->count += count;
}

}  // namespace

void add(EdgeTotals& totals, const shm::EdgeCounters& counters, bool is_over) {
  totals.sent += counters.sent;
  totals.delivered += counters.delivered;
  totals.bytes += counters.sent_bytes;
  for (std::size_t reason = 0; reason < counters.dropped.size(); ++reason)
    add_drops(totals, shm::to_string(static_cast<shm::Drop>(reason)), counters.dropped[reason]);
  add_drops(totals, "malformed", counters.malformed);
  if (is_over) {
    add_drops(totals, shm::to_string(shm::Drop::ConsumerGone), counters.in_flight);
  } else {
    totals.in_flight += counters.in_flight;
  }
}

void append(std::vector<EdgeTotals>& totals, std::vector<EdgeTotals> more) {
  for (EdgeTotals& each : more) {
    const auto same = std::ranges::find_if(totals, [&](const EdgeTotals& known) {
      return known.producer == each.producer && known.output == each.output &&
             known.consumer == each.consumer && known.input == each.input;
    });
    if (same == totals.end()) {
      totals.push_back(std::move(each));
      continue;
    }
    same->sent += each.sent;
    same->delivered += each.delivered;
    same->bytes += each.bytes;
    same->in_flight += each.in_flight;
    for (const EdgeTotals::Drop& drop : each.drops)
      add_drops(*same, drop.reason, drop.count);
  }
}

std::optional<Loss> find_loss(const EdgeTotals& totals) {
  // Dropped because somebody ended or asked for it: nothing that another setting would change.
  const std::string flushed = shm::to_string(shm::Drop::Flushed);
  const std::string gone = shm::to_string(shm::Drop::ConsumerGone);
  Loss loss;
  for (const EdgeTotals::Drop& drop : totals.drops) {
    if (drop.reason == flushed || drop.reason == gone) continue;
    loss.messages += drop.count;
    loss.reasons +=
        fmt::format("{}{} {}", loss.reasons.empty() ? "" : ", ", drop.reason, drop.count);
  }
  if (loss.messages == 0) return std::nullopt;
  return loss;
}

}  // namespace dora::daemon

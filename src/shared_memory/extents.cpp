// SPDX-License-Identifier: Apache-2.0
#include "shared_memory/extents.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace dora::shared_memory {

FreeExtents::FreeExtents(std::uint64_t begin, std::uint64_t end) {
  insert(begin, {.length = end - begin, .is_warm = false, .generation = 0});
}

void FreeExtents::insert(std::uint64_t offset, Run run) {
  (run.is_warm ? warm_ : cold_).emplace(run.length, offset);
  if (run.is_warm) warm_bytes_ += run.length;
  free_bytes_ += run.length;
  runs_.emplace(offset, run);
}

void FreeExtents::remove(Runs::iterator run) {
  (run->second.is_warm ? warm_ : cold_).erase({run->second.length, run->first});
  if (run->second.is_warm) warm_bytes_ -= run->second.length;
  free_bytes_ -= run->second.length;
  runs_.erase(run);
}

std::optional<Extent> FreeExtents::take_from(
    std::set<std::pair<std::uint64_t, std::uint64_t>>& by_length, std::uint64_t length) {
  auto found = by_length.lower_bound({length, 0});
  if (found == by_length.end()) return std::nullopt;
  const std::uint64_t offset = found->second;
  auto run = runs_.find(offset);
  const Run taken = run->second;
  remove(run);
  if (taken.length > length) {
    insert(offset + length, {taken.length - length, taken.is_warm, taken.generation});
  }
  return Extent{offset, length, taken.is_warm};
}

std::optional<Extent> FreeExtents::take(std::uint64_t length) {
  if (auto extent = take_from(warm_, length)) return extent;
  if (auto extent = take_from(cold_, length)) return extent;
  if (!join_across_warmth(length)) return std::nullopt;
  return take_from(cold_, length);
}

bool FreeExtents::join_across_warmth(std::uint64_t length) {
  // Rare: no single run is long enough, but a warm and a cold neighbour together may be. The joined
  // run counts as cold: its holes must be filled before use.
  for (auto first = runs_.begin(); first != runs_.end(); ++first) {
    std::uint64_t end = first->first + first->second.length;
    auto last = std::next(first);
    while (last != runs_.end() && last->first == end)
      end += (last++)->second.length;
    const std::uint64_t offset = first->first;
    if (end - offset < length) continue;
    while (first != last)
      remove(std::exchange(first, std::next(first)));
    insert(offset, {end - offset, false, generation_});
    return true;
  }
  return false;
}

void FreeExtents::give(std::uint64_t offset, std::uint64_t length) {
  auto next = runs_.lower_bound(offset);
  if (next != runs_.end() && next->first == offset + length && next->second.is_warm) {
    length += next->second.length;
    auto joined = next++;
    remove(joined);
  }
  if (next != runs_.begin()) {
    auto previous = std::prev(next);
    if (previous->first + previous->second.length == offset && previous->second.is_warm) {
      offset = previous->first;
      length += previous->second.length;
      remove(previous);
    }
  }
  insert(offset, {length, true, generation_});
}

std::vector<Extent> FreeExtents::cool(std::uint64_t keep) {
  std::vector<Extent> cooled;
  // The longest first: they are the least likely to be wanted again as they are.
  std::vector<std::pair<std::uint64_t, std::uint64_t>> candidates(warm_.rbegin(), warm_.rend());
  for (const auto& [length, offset] : candidates) {
    auto run = runs_.find(offset);
    if (run->second.generation >= generation_) continue;
    if (warm_bytes_ <= keep) break;
    const std::uint64_t surplus = std::min(length, warm_bytes_ - keep);
    remove(run);
    if (surplus < length) insert(offset, {length - surplus, true, generation_});
    const std::uint64_t begin = offset + length - surplus;
    insert(begin, {surplus, false, generation_});
    cooled.push_back({begin, surplus, false});
  }
  ++generation_;
  // Cold neighbours become one run again.
  for (auto run = runs_.begin(); run != runs_.end();) {
    auto next = std::next(run);
    if (next != runs_.end() && !run->second.is_warm && !next->second.is_warm &&
        run->first + run->second.length == next->first) {
      const std::uint64_t offset = run->first;
      const Run joined{run->second.length + next->second.length, false, generation_};
      remove(next);
      remove(run);
      insert(offset, joined);
      run = runs_.find(offset);
    } else {
      run = next;
    }
  }
  return cooled;
}

}  // namespace dora::shared_memory

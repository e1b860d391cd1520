// SPDX-License-Identifier: Apache-2.0
#include "interleaving/memory_model.hpp"

#include <algorithm>

#include "base/check.hpp"

namespace dora::interleaving {

std::uint64_t mix(std::uint64_t hash, std::uint64_t value) {
  // Two rounds of a 64-bit finaliser: neighbouring values must land far apart, as equal hashes are
  // taken for equal states.
  std::uint64_t mixed = (hash ^ (value + 0x9e3779b97f4a7c15ULL)) * 0xbf58476d1ce4e5b9ULL;
  mixed = (mixed ^ (mixed >> 29)) * 0x94d049bb133111ebULL;
  return mixed ^ (mixed >> 32);
}

void View::join_values(const View& other) {
  for (std::size_t i = 0; i < oldest.size(); ++i)
    oldest[i] = std::max(oldest[i], other.oldest[i]);
}

void View::join(const View& other) {
  join_values(other);
  for (std::size_t i = 0; i < clock.size(); ++i)
    clock[i] = std::max(clock[i], other.clock[i]);
}

std::uint64_t View::hash(std::size_t locations) const {
  std::uint64_t result = 0;
  for (std::size_t i = 0; i < locations; ++i)
    result = mix(result, oldest[i]);
  for (const std::uint16_t steps : clock)
    result = mix(result, steps);
  return result;
}

void Memory::clear() {
  for (auto& location : locations_)
    location.clear();
  hashes_.clear();
  fenced_ = {};
}

std::uint32_t Memory::add(Value initial) {
  const auto location = static_cast<std::uint32_t>(hashes_.size());
  CHECK(location < max_locations);
  hashes_.push_back(0);
  if (locations_.size() <= location) locations_.emplace_back();
  append(location, initial, View{});
  return location;
}

void Memory::append(std::uint32_t location, Value value, const View& view) {
  locations_[location].push_back({value, view});
  hashes_[location] = mix(mix(hashes_[location], value), view.hash(hashes_.size()));
}

void Memory::read(View& view, std::uint32_t location, std::uint32_t index,
                  std::memory_order order) const {
  view.oldest[location] =
      std::max<std::uint16_t>(view.oldest[location], static_cast<std::uint16_t>(index));
  if (is_acquire(order)) view.join(locations_[location][index].view);
}

void Memory::store(View& view, std::uint32_t location, Value value, std::memory_order order) {
  view.oldest[location] = static_cast<std::uint16_t>(locations_[location].size());
  View released{};
  if (is_release(order)) released = view;
  released.oldest[location] = view.oldest[location];
  append(location, value, released);
}

void Memory::read_modify_write(View& view, std::uint32_t location, Value value,
                               std::memory_order order) {
  const std::uint32_t last = newest(location);
  // The release sequence: whoever acquires the new value also acquires what the old one carried.
  View released = locations_[location][last].view;
  read(view, location, last, order);
  view.oldest[location] = static_cast<std::uint16_t>(last + 1);
  if (is_release(order)) released.join(view);
  released.oldest[location] = view.oldest[location];
  append(location, value, released);
}

void Memory::fence(View& view) {
  view.join_values(fenced_);
  fenced_.join_values(view);
}

std::uint64_t Memory::hash() const {
  std::uint64_t result = fenced_.hash(hashes_.size());
  for (const std::uint64_t hash : hashes_)
    result = mix(result, hash);
  return result;
}

}  // namespace dora::interleaving

// SPDX-License-Identifier: Apache-2.0
#include "operators/event_queue.hpp"

#include <algorithm>

namespace dora::operators {
namespace {

// Of inputs without a `queue_size`, see docs/queues.md.
constexpr std::int64_t fresh_ns = 100'000'000;
constexpr std::size_t longest_burst = 1024;

}  // namespace

EventQueue::~EventQueue() {
  for (const Item& item : items_) {
    if (item.event != nullptr) item.event->release();
  }
}

EventQueue::Input& EventQueue::input(int number) {
  const auto place = static_cast<std::size_t>(number);
  if (place >= inputs_.size()) inputs_.resize(place + 1);
  return inputs_[place];
}

void EventQueue::set_policy(int number, QueuePolicy policy) {
  input(number).policy = policy;
}

std::size_t EventQueue::push(Item item) {
  items_.push_back(item);
  if (item.input < 0) return 0;
  Input& own = input(item.input);
  own.waiting.push_back(std::prev(items_.end()));
  std::size_t dropped = 0;
  while (is_over(own, item.arrived_ns) && drop_one(own))
    ++dropped;
  return dropped;
}

std::optional<EventQueue::Item> EventQueue::pop(std::int64_t now_ns, std::size_t& dropped) {
  dropped = 0;
  if (items_.empty()) return std::nullopt;
  if (const int number = items_.front().input; number >= 0) {
    Input& own = input(number);
    // It may have grown old while it waited.
    while (own.policy.kind == QueuePolicy::Kind::Burst && is_over(own, now_ns) && drop_one(own))
      ++dropped;
  }
  const Item item = items_.front();
  if (item.input >= 0) input(item.input).waiting.pop_front();
  items_.pop_front();
  return item;
}

bool EventQueue::is_over(const Input& own, std::int64_t now_ns) const {
  const std::size_t count = own.waiting.size();
  switch (own.policy.kind) {
    case QueuePolicy::Kind::Backpressure:
      return false;
    case QueuePolicy::Kind::DropOldest:
      return count > own.policy.size;
    case QueuePolicy::Kind::Burst:
      break;
  }
  if (count > longest_burst) return true;
  if (count <= own.policy.size) return false;
  const std::int64_t since = std::max(own.waiting.front()->arrived_ns, lenient_until_ns_);
  return now_ns - since > fresh_ns;
}

bool EventQueue::drop_one(Input& own) {
  const auto oldest = std::ranges::find_if(
      own.waiting, [](const Items::iterator& item) { return !item->is_protected; });
  if (oldest == own.waiting.end()) return false;
  (*oldest)->event->release();
  items_.erase(*oldest);
  own.waiting.erase(oldest);
  return true;
}

std::size_t EventQueue::flush(int number) {
  std::size_t dropped = 0;
  while (drop_one(input(number)))
    ++dropped;
  return dropped;
}

void EventQueue::forget(std::size_t operator_index) {
  for (auto item = items_.begin(); item != items_.end();) {
    if (item->operator_index != operator_index || item->event == nullptr) {
      ++item;
      continue;
    }
    if (item->input >= 0) input(item->input).waiting.clear();
    item->event->release();
    item = items_.erase(item);
  }
}

std::size_t EventQueue::waiting(int number) const {
  const auto place = static_cast<std::size_t>(number);
  return place < inputs_.size() ? inputs_[place].waiting.size() : 0;
}

}  // namespace dora::operators

#pragma once
// SPDX-License-Identifier: Apache-2.0
// What waits for the operators of one thread: first come, first served over all their inputs. Each
// input keeps to its own limit, as docs/queues.md tells it for inputs of nodes.
//
// Nothing here waits or locks: the Runtime calls it under its mutex.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <optional>
#include <vector>

#include "node/event.hpp"

namespace dora::operators {

struct QueuePolicy {
  enum class Kind { Burst, DropOldest, Backpressure };
  Kind kind = Kind::Burst;
  std::uint32_t size = 10;
  bool operator==(const QueuePolicy&) const = default;
};

class EventQueue {
 public:
  struct Item {
    std::size_t operator_index = 0;
    int input = -1;                ///< of a message: its number
    node::Event* event = nullptr;  ///< owned; null: the operator has ended
    std::int64_t arrived_ns = 0;
    bool is_protected = false;  ///< never dropped to make room for others
  };

  EventQueue() = default;
  ~EventQueue();
  EventQueue(const EventQueue&) = delete;
  EventQueue& operator=(const EventQueue&) = delete;

  /// Inputs are numbered by the caller.
  void set_policy(int number, QueuePolicy policy);
  /// Messages count as fresh until then, whatever their age.
  void be_lenient_until(std::int64_t time_ns) { lenient_until_ns_ = time_ns; }

  /// Takes the item over. Returns how many messages were dropped to keep to the input's limit.
  std::size_t push(Item item);
  /// Before all others; for notices.
  void push_front(Item item) { items_.push_front(item); }
  /// The oldest item, and how many were dropped as it was taken.
  std::optional<Item> pop(std::int64_t now_ns, std::size_t& dropped);

  /// Drops the unprotected messages that wait on an input.
  std::size_t flush(int number);
  /// Forgets all events that wait for an operator.
  void forget(std::size_t operator_index);

  bool is_empty() const { return items_.empty(); }
  std::size_t waiting(int number) const;

 private:
  using Items = std::list<Item>;
  struct Input {
    QueuePolicy policy;
    std::deque<Items::iterator> waiting;
  };

  Input& input(int number);
  /// The oldest message that may go; false when there is none.
  bool drop_one(Input& own);
  bool is_over(const Input& own, std::int64_t now_ns) const;

  Items items_;
  std::vector<Input> inputs_;
  std::int64_t lenient_until_ns_ = 0;
};

}  // namespace dora::operators

#pragma once
// SPDX-License-Identifier: Apache-2.0
// One producer of an input: the edge its messages come through, and the types it has used.

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/result.hpp"
#include "node/event.hpp"
#include "node/payload_type.hpp"
#include "shared_memory/edge_consumer.hpp"

namespace dora::node {

class IncomingEdge {
 public:
  IncomingEdge(std::uint64_t number, shared_memory::EdgeConsumer consumer)
      : number_(number), consumer_(std::move(consumer)) {}

  std::uint64_t number() const { return number_; }
  /// The producer will send nothing more; what is queued is still given.
  void end() { ended_ = true; }
  bool has_ended() const { return ended_; }

  /// When the oldest waiting message was sent (monotonic).
  std::optional<std::int64_t> head_time();

  /// Takes the oldest waiting message. Nothing when the producer took it back meanwhile. A message
  /// that cannot be decoded becomes an ERROR event in its place.
  Event* take(MessageHead head, PayloadTypes& types);

  /// What is wrong with the whole edge, told once.
  std::optional<std::string> take_problem();

  void close() { consumer_.close(); }

 private:
  Result<PayloadTypePointer> type_at(std::uint64_t offset, PayloadTypes& types);
  Result<> split(const shared_memory::MessageHeader& header, Event& event, PayloadTypes& types);

  std::uint64_t number_;
  shared_memory::EdgeConsumer consumer_;
  std::unordered_map<std::uint64_t, PayloadTypePointer> types_by_offset_;
  std::uint64_t last_offset_ = 0;  // most edges carry one type
  PayloadTypePointer last_type_ = nullptr;
  bool ended_ = false;
  bool problem_told_ = false;
};

}  // namespace dora::node

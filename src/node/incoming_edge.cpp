// SPDX-License-Identifier: Apache-2.0
#include "node/incoming_edge.hpp"

#include <utility>

#include "node/message_block.hpp"

namespace dora::node {

std::optional<std::int64_t> IncomingEdge::head_time() {
  auto key = consumer_.peek();
  if (!key) return std::nullopt;
  return key->sent_ns;
}

std::optional<std::string> IncomingEdge::take_problem() {
  if (!consumer_.is_broken() || problem_told_) return std::nullopt;
  problem_told_ = true;
  return "its producer wrote nonsense into the shared queue; the connection is given up";
}

Event* IncomingEdge::take(MessageHead head, PayloadTypes& types) {
  auto received = consumer_.pop();
  if (!received) {
    return Event::create_notice(DORA_EVENT_ERROR, "",
                                "input '" + *head.input + "': " + received.error().message);
  }
  if (!*received) return nullptr;
  shared_memory::Received message = **std::move(received);
  head.sequence = message.header.sequence;
  head.sent_ns = message.header.sent_ns;
  head.timestamp_ns = message.header.timestamp_ns;
  auto parts = split(message, types);
  if (!parts) {
    return Event::create_notice(DORA_EVENT_ERROR, "",
                                "input '" + *head.input + "': " + parts.error().message);
  }
  return Event::create_message(std::move(head), std::move(message.block), *std::move(parts));
}

Result<MessageParts> IncomingEdge::split(const shared_memory::Received& received,
                                         PayloadTypes& types) {
  const auto& header = received.header;
  PayloadTypePointer type;
  if (header.type_offset != 0) type = TRY(type_at(header.type_offset, types));
  return split_block({.metadata_length = header.metadata_length,
                      .flags = header.flags,
                      .rank = header.rank,
                      .is_inline = header.block_offset == 0},
                     received.block.bytes(), type, types);
}

Result<PayloadTypePointer> IncomingEdge::type_at(std::uint64_t offset, PayloadTypes& types) {
  if (offset == last_offset_) return last_type_;
  auto& known = types_by_offset_[offset];
  if (!known) {
    auto encoded = consumer_.type(offset);
    auto found = encoded ? types.find(*encoded)
                         : Result<PayloadTypePointer>(std::unexpected(encoded.error()));
    if (!found) {
      // A sick producer must not fill our table with places that hold no type.
      types_by_offset_.erase(offset);
      return found;
    }
    known = *found;
  }
  last_offset_ = offset;
  last_type_ = known;
  return known;
}

}  // namespace dora::node

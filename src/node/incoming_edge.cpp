// SPDX-License-Identifier: Apache-2.0
#include "node/incoming_edge.hpp"

#include <utility>

#include "node/message_block.hpp"

namespace dora::node {

[[gnu::hot]] std::optional<std::int64_t> IncomingEdge::head_time() {
  auto key = consumer_.peek();
  if (!key) return std::nullopt;
  return key->sent_ns;
}

std::optional<std::string> IncomingEdge::take_problem() {
  if (!consumer_.is_broken() || problem_told_) return std::nullopt;
  problem_told_ = true;
  return "its producer wrote nonsense into the shared queue; the connection is given up";
}

[[gnu::hot]] Event* IncomingEdge::take(MessageHead head, PayloadTypes& types) {
  auto received = consumer_.pop();
  if (!received) {
    return Event::create_notice(DORA_EVENT_ERROR, "",
                                "input '" + *head.input + "': " + received.error().message);
  }
  if (!*received) return nullptr;
  shared_memory::Received& message = **received;
  head.sequence = message.header.sequence;
  head.sent_ns = message.header.sent_ns;
  head.timestamp_ns = message.header.timestamp_ns;
  Event* event = Event::create_message(head, std::move(message.block));
  if (auto done = split(message.header, *event, types); !done) {
    event->release();
    return Event::create_notice(DORA_EVENT_ERROR, "",
                                "input '" + *head.input + "': " + done.error().message);
  }
  return event;
}

[[gnu::hot]] Result<> IncomingEdge::split(const shared_memory::MessageHeader& header, Event& event,
                                          PayloadTypes& types) {
  MessageParts& parts = event.parts();
  if (header.type_offset != 0) parts.type = TRY(type_at(header.type_offset, types));
  return split_block({.metadata_length = header.metadata_length,
                      .flags = header.flags,
                      .rank = header.rank,
                      .is_inline = header.block_offset == 0},
                     event.block(), types, parts);
}

[[gnu::hot]] Result<PayloadTypePointer> IncomingEdge::type_at(std::uint64_t offset,
                                                              PayloadTypes& types) {
  if (offset == last_offset_) return last_type_;
  auto& known = types_by_offset_[offset];
  if (known == nullptr) {
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

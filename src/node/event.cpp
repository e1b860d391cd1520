// SPDX-License-Identifier: Apache-2.0
#include "node/event.hpp"

#include <utility>

namespace dora::node {

Event* Event::create_notice(dora_event_type type, std::string id, std::string text) {
  auto* event = new Event(type);
  event->id_ = std::move(id);
  event->text_ = std::move(text);
  return event;
}

[[gnu::hot]] Event* Event::create_message(MessageHead head, shared_memory::Block block) {
  return new Event(head, std::move(block));
}

Event* Event::create_local(MessageHead head, std::vector<std::byte> metadata,
                           LocalPayload::Pointer payload) {
  auto* event = new Event(DORA_EVENT_INPUT);
  event->head_ = head;
  event->local_ = std::move(payload);
  event->local_metadata_ = std::move(metadata);
  event->parts_.metadata = event->local_metadata_;
  return event;
}

[[gnu::hot]] void Event::release() {
  // acq_rel: whoever frees must have seen what all the others did with the event.
  if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
}

const std::vector<message::MetadataEntry>& Event::metadata() const {
  if (!metadata_read_) {
    metadata_read_ = true;
    if (auto entries = message::read_metadata(parts_.metadata)) metadata_ = *std::move(entries);
  }
  return metadata_;
}

}  // namespace dora::node

// SPDX-License-Identifier: Apache-2.0
#include "node/event.hpp"

#include <utility>

namespace dora::node {
namespace {
const std::string nothing;
}

const std::string& Event::id() const {
  if (head_.input != nullptr) return *head_.input;
  return notice_ ? notice_->id : nothing;
}

const std::string& Event::text() const {
  return notice_ ? notice_->text : nothing;
}

Event* Event::create_notice(dora_event_type type, std::string id, std::string text) {
  auto* event = new Event(type);
  event->notice_ = std::make_unique<Notice>(std::move(id), std::move(text));
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
  event->local_metadata_ = std::make_unique<const std::vector<std::byte>>(std::move(metadata));
  event->parts_.metadata = *event->local_metadata_;
  return event;
}

[[gnu::hot]] void Event::release() {
  // acq_rel: whoever frees must have seen what all the others did with the event.
  if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
}

const std::vector<message::MetadataEntry>& Event::metadata() const {
  if (metadata_ == nullptr) {
    auto entries = message::read_metadata(parts_.metadata);
    metadata_ = std::make_unique<std::vector<message::MetadataEntry>>(
        entries ? *std::move(entries) : std::vector<message::MetadataEntry>());
  }
  return *metadata_;
}

}  // namespace dora::node

// SPDX-License-Identifier: Apache-2.0
#include "node/tick_message.hpp"

#include <vector>

#include "base/check.hpp"
#include "message/metadata.hpp"
#include "node/payload.hpp"

namespace dora::node {

Event* create_tick_message(MessageHead head, const Tick& tick, bool carries_count,
                           PayloadTypes& types) {
  message::MetadataWriter metadata;
  if (tick.missed > 0) {
    CHECK(metadata.set_integer("missed", static_cast<std::int64_t>(tick.missed)));
  }
  const PayloadTypePointer type = types.primitive(carries_count ? "L" : "n");
  const std::int64_t one = 1;
  dora_tensor number{.data = &tick.number,
                     .shape = &one,
                     .rank = 1,
                     .format = 'L',
                     .item_bits = 64,
                     .is_ndarray = false,
                     .arrow_format = "L"};
  ArrowSchema schema{};
  ArrowArray nothing{};
  // An array without this function counts as released.
  nothing.release = [](ArrowArray* released) { released->release = nullptr; };
  Payload payload = carries_count ? Payload::tensor(number) : Payload::arrow(nothing, schema);
  CHECK(payload.prepare());
  auto body = payload.body_size(type->type, 8);
  CHECK(body.has_value());
  const std::size_t begin = metadata.size_bytes();
  std::vector<std::byte> bytes(begin + *body);
  metadata.write(bytes.data());
  payload.write_body(bytes.data() + begin);
  Event* event = Event::create_message(head, shared_memory::Block::copy(bytes));
  event->parts() = {.metadata = event->block().first(begin),
                    .shape = {},
                    .type = type,
                    .body = event->block().subspan(begin)};
  return event;
}

}  // namespace dora::node

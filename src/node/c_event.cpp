// SPDX-License-Identifier: Apache-2.0
// The C API of events: what a binding reads from a received message.
#include <cstdint>
#include <limits>
#include <span>
#include <string>

#include <fmt/format.h>

#include "array/decoder.hpp"
#include "array/primitive.hpp"
#include "dora/host.h"
#include "node/c_handles.hpp"

using dora::ErrorKind;
using dora::Result;
using dora::node::as_event;
using dora::node::Event;
using dora::node::set_status;

namespace {

const char* give(const std::string& text, size_t* length) {
  if (length != nullptr) *length = text.size();
  return text.c_str();
}

/// The product of the shape, or -1 when it is not a possible one.
int64_t element_count(std::span<const int64_t> shape) {
  int64_t count = 1;
  for (int64_t extent : shape) {
    if (extent < 0 || __builtin_mul_overflow(count, extent, &count)) return -1;
  }
  return count;
}

struct Facts {
  dora::node::PayloadTypePointer type = nullptr;
  bool is_ndarray = false;
  std::span<const int64_t> shape;
};

/// What the payload is, wherever it came from.
Result<Facts> facts_of(const Event& event) {
  if (const auto& local = event.local()) {
    const auto* view = TRY(local->view());
    return Facts{view->type, view->is_ndarray, view->shape};
  }
  const auto& parts = event.parts();
  if (!parts.type) return dora::fail(ErrorKind::NotFound, "this event has no payload");
  return Facts{parts.type, parts.is_ndarray, parts.shape};
}

/// The payload's type as others see it: an n-dimensional array shows its shape as the extension
/// type `dora.ndarray` over the flat array.
Result<dora::array::Type> visible_type(const Facts& facts) {
  if (!facts.is_ndarray) return facts.type->type;
  auto named = TRY(facts.type->type.with_metadata("ARROW:extension:name", "dora.ndarray"));
  return named.with_metadata("ARROW:extension:metadata",
                             fmt::format(R"({{"shape":[{}]}})", fmt::join(facts.shape, ",")));
}

Result<> write_schema(const Event& event, ArrowSchema* schema) {
  const Facts facts = TRY(facts_of(event));
  const auto type = TRY(visible_type(facts));
  return type.to_schema(schema);
}

void release_flat(ArrowArray* array) {
  array->release = nullptr;
  static_cast<Event*>(array->private_data)->release();
}

Result<> share_array(Event& event, ArrowArray* array) {
  if (const auto& local = event.local()) return local->share(array);
  const auto& parts = event.parts();
  event.retain();
  const auto view = dora::array::primitive_view(parts.type->type, parts.body);
  if (view && view->length > 0) {
    // What most arrays are: needs nothing that the event has not.
    *array = {.length = view->length,
              .null_count = 0,
              .offset = 0,
              .n_buffers = 2,
              .n_children = 0,
              .buffers = event.flat_buffers(view->data),
              .children = nullptr,
              .dictionary = nullptr,
              .release = release_flat,
              .private_data = &event};
    return {};
  }
  auto release = [](void* kept) { static_cast<Event*>(kept)->release(); };
  auto decoded = dora::array::decode(parts.type->type, parts.body, {release, &event}, array);
  if (!decoded) event.release();
  return decoded;
}

}  // namespace

extern "C" {

dora_event* dora_event_retain(dora_event* event) {
  as_event(event).retain();
  return event;
}

[[gnu::hot]] void dora_event_release(dora_event* event) {
  if (event != nullptr) as_event(event).release();
}

dora_event_type dora_event_get_type(const dora_event* event) {
  return as_event(event).type();
}

const char* dora_event_id(const dora_event* event, size_t* length) {
  return give(as_event(event).id(), length);
}

int32_t dora_event_input_index(const dora_event* event) {
  return as_event(event).head().input_index;
}

const char* dora_event_text(const dora_event* event, size_t* length) {
  return give(as_event(event).text(), length);
}

int64_t dora_event_timestamp_ns(const dora_event* event) {
  return as_event(event).head().timestamp_ns;
}

uint64_t dora_event_sequence(const dora_event* event) {
  return as_event(event).head().sequence;
}

int64_t dora_event_sent_monotonic_ns(const dora_event* event) {
  return as_event(event).head().sent_ns;
}

bool dora_event_is_log(const dora_event* event) {
  return as_event(event).head().is_log;
}

[[gnu::hot]] bool dora_event_tensor(const dora_event* event, dora_tensor* tensor) {
  if (const auto& local = as_event(event).local()) {
    auto seen = local->tensor();
    if (seen) *tensor = *seen;
    return seen.has_value();
  }
  const auto& parts = as_event(event).parts();
  if (!parts.type) return false;
  auto view = dora::array::primitive_view(parts.type->type, parts.body);
  if (!view) return false;
  if (parts.is_ndarray && element_count(parts.shape) != view->length) return false;
  tensor->data = view->data;
  tensor->shape = parts.is_ndarray ? parts.shape.data() : as_event(event).flat_shape(view->length);
  tensor->rank = parts.is_ndarray ? static_cast<int32_t>(parts.shape.size()) : 1;
  tensor->arrow_format = parts.type->format.c_str();
  tensor->format = tensor->arrow_format[0];
  tensor->item_bits = static_cast<uint8_t>(parts.type->type.bit_width());
  tensor->is_ndarray = parts.is_ndarray;
  return true;
}

uint64_t dora_event_type_key(const dora_event* event) {
  auto facts = facts_of(as_event(event));
  return facts ? facts->type->key : 0;
}

dora_status dora_event_schema(const dora_event* event, struct ArrowSchema* schema) {
  return set_status(write_schema(as_event(event), schema));
}

dora_status dora_event_arrow(dora_event* event, struct ArrowArray* array,
                             struct ArrowSchema* schema) {
  Event& source = as_event(event);
  if (auto facts = facts_of(source); !facts) return set_status(facts.error());
  if (schema != nullptr) {
    if (auto written = write_schema(source, schema); !written) return set_status(written.error());
  }
  auto shared = share_array(source, array);
  if (!shared && schema != nullptr) schema->release(schema);
  return set_status(shared);
}

size_t dora_event_message_size(const dora_event* event) {
  return as_event(event).block().size();
}

void* dora_event_object(const dora_event* event) {
  const auto& local = as_event(event).local();
  return local ? local->object() : nullptr;
}

}  // extern "C"

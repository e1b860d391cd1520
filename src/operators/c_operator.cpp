// SPDX-License-Identifier: Apache-2.0
// The C API that operators in libraries call.
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "dora/operator.h"
#include "node/c_handles.hpp"
#include "operators/native_operator.hpp"
#include "operators/runtime.hpp"

using dora::Result;
using dora::node::LocalPayload;
using dora::node::Payload;
using dora::node::set_status;
using dora::operators::as_operator;
using dora::operators::Runtime;

namespace {

const dora::message::MetadataWriter* writer(const dora_metadata* metadata) {
  return metadata == nullptr ? nullptr : &metadata->writer;
}

/// Sends an Arrow array, which is taken over, to everybody.
Result<> send(Runtime& runtime, std::uint32_t output, ArrowArray& array, const ArrowSchema& schema,
              const dora::message::MetadataWriter* metadata) {
  const auto payload = TRY(LocalPayload::of_array(array, schema, *runtime.types()));
  const auto* view = TRY(payload->view());
  const unsigned receivers = runtime.receivers(output);
  if ((receivers & DORA_RECEIVERS_OUTSIDE) != 0)
    TRY(runtime.send_outside(output, Payload::arrow(view->array, schema), metadata));
  if ((receivers & DORA_RECEIVERS_INSIDE) == 0) return {};
  return runtime.send_inside(output, payload, metadata);
}

/// An array over numbers of its own.
struct OwnedNumbers {
  std::vector<std::byte> bytes;
  const void* buffers[2];
};

ArrowArray copy_numbers(const void* data, std::size_t size, std::int64_t length) {
  auto* owned = new OwnedNumbers;
  const auto* from = static_cast<const std::byte*>(data);
  if (size > 0) owned->bytes.assign(from, from + size);
  owned->buffers[0] = nullptr;
  owned->buffers[1] = owned->bytes.data();
  ArrowArray array{};
  array.length = length;
  array.n_buffers = 2;
  array.buffers = owned->buffers;
  array.private_data = owned;
  array.release = [](ArrowArray* released) {
    delete static_cast<OwnedNumbers*>(released->private_data);
    released->release = nullptr;
  };
  return array;
}

/// Copies numbers once for the operators of this node, and once for all others.
Result<> send_copy(Runtime& runtime, std::uint32_t output, Payload payload, const void* data,
                   std::size_t size, std::int64_t length, const char* format,
                   const dora::message::MetadataWriter* metadata) {
  const unsigned receivers = runtime.receivers(output);
  if ((receivers & DORA_RECEIVERS_OUTSIDE) != 0)
    TRY(runtime.send_outside(output, payload, metadata));
  if ((receivers & DORA_RECEIVERS_INSIDE) == 0) return {};
  ArrowSchema schema{};
  schema.format = format;
  schema.name = "";
  schema.flags = ARROW_FLAG_NULLABLE;
  schema.release = [](ArrowSchema* released) { released->release = nullptr; };
  ArrowArray array = copy_numbers(data, size, length);
  const auto local = TRY(LocalPayload::of_array(array, schema, *runtime.types()));
  return runtime.send_inside(output, local, metadata);
}

Result<> send_tensor(Runtime& runtime, std::uint32_t output, const dora_tensor& tensor,
                     const dora::message::MetadataWriter* metadata) {
  Payload payload = Payload::tensor(tensor);
  TRY(payload.prepare());
  std::int64_t length = 1;
  for (const std::int64_t extent : payload.shape())
    length *= extent;
  const std::size_t size = (static_cast<std::size_t>(length) * tensor.item_bits + 7) / 8;
  const std::string format(payload.primitive_format());
  if (!tensor.is_ndarray) {
    return send_copy(runtime, output, payload, tensor.data, size, length, format.c_str(), metadata);
  }
  const unsigned receivers = runtime.receivers(output);
  if ((receivers & DORA_RECEIVERS_OUTSIDE) != 0)
    TRY(runtime.send_outside(output, payload, metadata));
  if ((receivers & DORA_RECEIVERS_INSIDE) == 0) return {};
  auto local = TRY(LocalPayload::of_ndarray(copy_numbers(tensor.data, size, length), format,
                                            payload.shape(), *runtime.types()));
  return runtime.send_inside(output, local, metadata);
}

/// Passes on a payload that is there already.
Result<> send_event(Runtime& runtime, std::uint32_t output, dora_event* event,
                    const dora::message::MetadataWriter* metadata) {
  dora_tensor tensor{};
  if (dora_event_tensor(event, &tensor) && tensor.is_ndarray) {
    // Only this form keeps the shape; see dora_operator_send_event.
    auto local = dora::node::as_event(event).local();
    if (local == nullptr) return send_tensor(runtime, output, tensor, metadata);
    const unsigned receivers = runtime.receivers(output);
    if ((receivers & DORA_RECEIVERS_OUTSIDE) != 0)
      TRY(runtime.send_outside(output, Payload::tensor(tensor), metadata));
    return (receivers & DORA_RECEIVERS_INSIDE) == 0 ? Result<>()
                                                    : runtime.send_inside(output, local, metadata);
  }
  ArrowArray array{};
  ArrowSchema schema{};
  if (const dora_status status = dora_event_arrow(event, &array, &schema); status != DORA_OK)
    return dora::fail(dora::ErrorKind::InvalidInput, dora_error_message());
  auto sent = send(runtime, output, array, schema, metadata);
  schema.release(&schema);
  return sent;
}

Result<> check_output(dora_operator* self, std::uint32_t output) {
  if (as_operator(self).runtime->is_output_of(as_operator(self).index, output)) return {};
  return dora::fail(dora::ErrorKind::NotFound, "no such output of this operator");
}

template <typename Send>
dora_status send_checked(dora_operator* self, std::uint32_t output, Send&& send_it) {
  auto checked = check_output(self, output);
  return set_status(checked ? send_it(*as_operator(self).runtime) : checked);
}

}  // namespace

extern "C" {

const char* dora_operator_id(const dora_operator* self) {
  return as_operator(self).id.c_str();
}
const char* dora_operator_node_id(const dora_operator* self) {
  return as_operator(self).node_id.c_str();
}

dora_status dora_operator_fail(dora_operator* self, const char* text, size_t length) {
  as_operator(self).failure.assign(text, length);
  return DORA_FAILED;
}

dora_status dora_operator_log(dora_operator* self, const char* level, const char* text,
                              size_t length) {
  as_operator(self).runtime->log(level, {text, length});
  return dora::node::set_ok();
}

dora_status dora_operator_find_output(dora_operator* self, const char* id, size_t length,
                                      uint32_t* output) {
  auto found = as_operator(self).runtime->find_output(as_operator(self).index, {id, length});
  if (found) *output = *found;
  return set_status(found);
}

dora_status dora_operator_send_bytes(dora_operator* self, uint32_t output, const void* data,
                                     size_t size, const dora_metadata* metadata) {
  return send_checked(self, output, [&](Runtime& runtime) {
    return send_copy(runtime, output, Payload::bytes(data, size), data, size,
                     static_cast<std::int64_t>(size), "C", writer(metadata));
  });
}

dora_status dora_operator_send_tensor(dora_operator* self, uint32_t output,
                                      const dora_tensor* tensor, const dora_metadata* metadata) {
  return send_checked(self, output, [&](Runtime& runtime) {
    return send_tensor(runtime, output, *tensor, writer(metadata));
  });
}

dora_status dora_operator_send_arrow(dora_operator* self, uint32_t output, struct ArrowArray* array,
                                     const struct ArrowSchema* schema,
                                     const dora_metadata* metadata) {
  const dora_status status = send_checked(self, output, [&](Runtime& runtime) {
    return send(runtime, output, *array, *schema, writer(metadata));
  });
  if (array->release != nullptr) array->release(array);
  return status;
}

dora_status dora_operator_send_event(dora_operator* self, uint32_t output, dora_event* event,
                                     const dora_metadata* metadata) {
  return send_checked(self, output, [&](Runtime& runtime) {
    return send_event(runtime, output, event, writer(metadata));
  });
}

}  // extern "C"

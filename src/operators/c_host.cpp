// SPDX-License-Identifier: Apache-2.0
// The C API of those who host operators of another language.
#include <array>
#include <memory>

#include "dora/host.h"
#include "node/c_handles.hpp"
#include "operators/runtime.hpp"

using dora::node::LocalPayload;
using dora::node::set_ok;
using dora::node::set_status;
using dora::operators::Runtime;

struct dora_runtime {
  std::unique_ptr<Runtime> runtime;
};

namespace {

dora_status give(Runtime::Outcome outcome, const Runtime::Delivery& delivery, size_t* index,
                 dora_event** event) {
  switch (outcome) {
    case Runtime::Outcome::Event:
      *index = delivery.operator_index;
      *event = dora::node::as_handle(delivery.event);
      return DORA_OK;
    case Runtime::Outcome::Ended:
      return DORA_OK;
    case Runtime::Outcome::TimedOut:
      return DORA_TIMED_OUT;
    case Runtime::Outcome::Interrupted:
      return DORA_INTERRUPTED;
  }
  return DORA_FAILED;
}

}  // namespace

extern "C" {

dora_status dora_runtime_open(dora_node* node, dora_runtime** runtime) {
  auto created = Runtime::create(node->node);
  if (!created) return set_status(created.error());
  *runtime = new dora_runtime{*std::move(created)};
  return set_ok();
}

void dora_runtime_close(dora_runtime* runtime) {
  delete runtime;
}

size_t dora_runtime_thread_count(const dora_runtime* runtime) {
  return runtime->runtime->thread_count();
}
size_t dora_runtime_operator_count(const dora_runtime* runtime) {
  return runtime->runtime->operator_count();
}
size_t dora_runtime_operator_thread(const dora_runtime* runtime, size_t index) {
  return runtime->runtime->thread_of(index);
}
bool dora_runtime_operator_is_hosted(const dora_runtime* runtime, size_t index) {
  return runtime->runtime->is_hosted(index);
}
const char* dora_runtime_operator_json(const dora_runtime* runtime, size_t index) {
  return runtime->runtime->config(index).json.c_str();
}

dora_status dora_runtime_next(dora_runtime* runtime, size_t thread, dora_operator_status answer,
                              int64_t timeout_ns, uint32_t seen_nudges, size_t* index,
                              dora_event** event) {
  *index = SIZE_MAX;
  *event = nullptr;
  Runtime::Delivery delivery;
  auto outcome = runtime->runtime->next(thread, answer, timeout_ns, seen_nudges, &delivery);
  return outcome ? give(*outcome, delivery, index, event) : set_status(outcome.error());
}

void dora_runtime_abort(dora_runtime* runtime) {
  runtime->runtime->abort("an operator on another thread failed");
}

void dora_runtime_reload(dora_runtime* runtime, size_t index) {
  runtime->runtime->reload(index);
}

dora_status dora_runtime_find_output(dora_runtime* runtime, size_t index, const char* id,
                                     size_t length, uint32_t* output) {
  auto found = runtime->runtime->find_output(index, {id, length});
  if (found) *output = *found;
  return set_status(found);
}

unsigned dora_runtime_receivers(dora_runtime* runtime, uint32_t output) {
  return runtime->runtime->receivers(output);
}

uint32_t dora_runtime_node_output(const dora_runtime* runtime, uint32_t output) {
  return runtime->runtime->node_output(output);
}

dora_status dora_runtime_send_object(dora_runtime* runtime, uint32_t output,
                                     const dora_object* object, const dora_metadata* metadata) {
  const auto payload = LocalPayload::of_object(*object, runtime->runtime->types());
  return set_status(runtime->runtime->send_inside(
      output, payload, metadata == nullptr ? nullptr : &metadata->writer));
}

}  // extern "C"

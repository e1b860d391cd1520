// SPDX-License-Identifier: Apache-2.0
// The C API of nodes: joining, receiving, sending.
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include "base/clock.hpp"
#include "base/version.hpp"
#include "dora/host.h"
#include "dora/node.h"
#include "message/node_config.hpp"
#include "node/c_handles.hpp"
#include "node/node.hpp"
#include "node/patience.hpp"

using dora::Error;
using dora::ErrorKind;
using dora::node::Event;
using dora::node::Node;
using dora::node::Payload;
using dora::node::set_ok;
using dora::node::set_status;

namespace dora::node {
namespace {

thread_local std::string last_error;

}  // namespace

dora_status set_ok() {
  last_error.clear();
  return DORA_OK;
}

dora_status set_status(const Error& error) {
  last_error = error.message;
  if (is_interruption(error)) return DORA_INTERRUPTED;
  switch (error.kind) {
    case ErrorKind::InvalidInput:
      return DORA_INVALID_INPUT;
    case ErrorKind::NotFound:
      return DORA_NOT_FOUND;
    case ErrorKind::Disconnected:
      return DORA_DISCONNECTED;
    case ErrorKind::TimedOut:
      return DORA_TIMED_OUT;
    case ErrorKind::Busy:
      return DORA_BUSY;
    case ErrorKind::Unsupported:
      return DORA_UNSUPPORTED;
    case ErrorKind::Failed:
      return DORA_FAILED;
  }
  return DORA_FAILED;
}

}  // namespace dora::node

struct dora_sample {
  std::shared_ptr<Node> node;
  dora::node::Sample sample;
};

namespace {

const dora::message::MetadataWriter* writer(const dora_metadata* metadata) {
  return metadata == nullptr ? nullptr : &metadata->writer;
}

/// Sends after the daemon's orders were followed: a consumer that is gone must not hold memory.
template <typename Send>
dora_status send(dora_node* node, Send&& send_it) {
  node->node->follow_orders();
  return set_status(send_it(node->node->outbox()));
}

/// Makes the node at the first call, and joins the dataflow.
dora_status create_and_join(dora_node** node, const char* id, size_t length) {
  if (*node == nullptr) {
    const dora_status created = dora_node_create(node, id, length);
    if (created != DORA_OK) return created;
  }
  const dora_status joined = dora_node_join(*node);
  // The handle is kept over an interruption, so that the call can be repeated.
  if (joined != DORA_OK && joined != DORA_INTERRUPTED) delete std::exchange(*node, nullptr);
  return joined;
}

}  // namespace

extern "C" {

const char* dora_error_message(void) {
  return dora::node::last_error.c_str();
}
const char* dora_version(void) {
  // The view is of a literal, which ends with NUL.
  return dora::version().data();
}

dora_status dora_node_open(dora_node** node) {
  return create_and_join(node, nullptr, 0);
}

dora_status dora_node_attach(dora_node** node, const char* id, size_t length) {
  return create_and_join(node, id, length);
}

dora_status dora_node_create(dora_node** node, const char* id, size_t length) {
  *node = nullptr;
  const char* config = std::getenv(dora::message::node_config_variable);
  if (id == nullptr && config == nullptr) {
    return set_status(Error{ErrorKind::NotFound,
                            "this process was not started by dora: DORA_NODE_CONFIG is not set"});
  }
  auto created = id == nullptr ? Node::create(config) : Node::attach({id, length});
  if (!created) return set_status(created.error());
  *node = new dora_node{*std::move(created)};
  return set_ok();
}

dora_status dora_node_join(dora_node* node) {
  return set_status(node->node->join());
}

void dora_node_close(dora_node* node) {
  if (node == nullptr) return;
  node->node->close();
  delete node;
}

const char* dora_node_id(const dora_node* node) {
  return node->node->id().c_str();
}
const char* dora_node_dataflow_id(const dora_node* node) {
  return node->node->dataflow_id().c_str();
}
uint32_t dora_node_restart_count(const dora_node* node) {
  return node->node->restart_count();
}
const char* dora_node_config_json(const dora_node* node) {
  return node->node->config_json().c_str();
}
const char* dora_node_dataflow_json(const dora_node* node) {
  return node->node->dataflow_json().c_str();
}

uint32_t dora_node_nudges(const dora_node* node) {
  return node->node->nudges();
}
void dora_node_nudge(dora_node* node) {
  node->node->nudge();
}
void dora_thread_limit_waits(int64_t timeout_ns, uint32_t seen_nudges) {
  auto& patience = dora::node::patience;
  patience.seen_nudges = seen_nudges;
  patience.deadline_ns = dora::shared_memory::no_deadline;
  if (timeout_ns == 0) patience.deadline_ns = 0;
  std::int64_t deadline = 0;
  if (timeout_ns > 0 && !__builtin_add_overflow(dora::monotonic_ns(), timeout_ns, &deadline))
    patience.deadline_ns = deadline;
}
void dora_thread_unlimit_waits(void) {
  dora::node::patience = {};
}

[[gnu::hot]] dora_status dora_node_next(dora_node* node, int64_t timeout_ns, dora_event** event) {
  return dora_node_next_unless_nudged(node, timeout_ns, node->node->nudges(), event);
}

[[gnu::hot]] dora_status dora_node_next_unless_nudged(dora_node* node, int64_t timeout_ns,
                                                      uint32_t seen_nudges, dora_event** event) {
  *event = nullptr;
  Event* taken = nullptr;
  switch (node->node->next(timeout_ns, &taken, seen_nudges)) {
    case Node::Outcome::Event:
      *event = dora::node::as_handle(taken);
      return DORA_OK;
    case Node::Outcome::Ended:
      return DORA_OK;
    case Node::Outcome::TimedOut:
      return DORA_TIMED_OUT;
    case Node::Outcome::Interrupted:
    case Node::Outcome::Nudged:
      return DORA_INTERRUPTED;
  }
  return DORA_FAILED;
}

bool dora_node_has_event(dora_node* node) {
  return node->node->has_event();
}
int dora_node_fd(dora_node* node) {
  return node->node->event_fd();
}
bool dora_node_arm(dora_node* node, int64_t* deadline_ns) {
  return node->node->arm(deadline_ns);
}

dora_status dora_node_find_output(dora_node* node, const char* id, size_t length,
                                  uint32_t* output) {
  auto found = node->node->outbox().find({id, length});
  if (found) *output = *found;
  return set_status(found);
}

[[gnu::hot]] dora_status dora_node_send_bytes(dora_node* node, uint32_t output, const void* data,
                                              size_t size, const dora_metadata* metadata) {
  return send(node, [&](auto& outbox) {
    return outbox.send(output, Payload::bytes(data, size), writer(metadata));
  });
}

[[gnu::hot]] dora_status dora_node_send_tensor(dora_node* node, uint32_t output,
                                               const dora_tensor* tensor,
                                               const dora_metadata* metadata) {
  return send(node, [&](auto& outbox) {
    return outbox.send(output, Payload::tensor(*tensor), writer(metadata));
  });
}

dora_status dora_node_send_arrow(dora_node* node, uint32_t output, const struct ArrowArray* array,
                                 const struct ArrowSchema* schema, const dora_metadata* metadata) {
  return send(node, [&](auto& outbox) {
    return outbox.send(output, Payload::arrow(*array, *schema), writer(metadata));
  });
}

dora_status dora_sample_create(dora_node* node, uint32_t output, size_t size,
                               const dora_metadata* metadata, dora_sample** sample) {
  node->node->follow_orders();
  auto loaned = node->node->outbox().loan(output, size, writer(metadata));
  if (!loaned) return set_status(loaned.error());
  *sample = new dora_sample{node->node, *std::move(loaned)};
  return set_ok();
}

void* dora_sample_data(dora_sample* sample) {
  return sample->sample.data();
}
size_t dora_sample_size(const dora_sample* sample) {
  return sample->sample.size();
}

dora_status dora_sample_send(dora_sample* sample) {
  sample->node->follow_orders();
  return set_status(sample->node->outbox().send(sample->sample));
}

void dora_sample_free(dora_sample* sample) {
  if (sample == nullptr) return;
  sample->node->outbox().give_back(sample->sample);
  delete sample;
}

dora_status dora_node_close_outputs(dora_node* node, const uint32_t* outputs, size_t count) {
  return set_status(node->node->close_outputs({outputs, count}));
}

}  // extern "C"

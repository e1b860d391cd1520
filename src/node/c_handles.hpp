#pragma once
// SPDX-License-Identifier: Apache-2.0
// What stands behind the opaque handles of <dora/node.h>, and the error text of this thread.

#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "dora/node.h"
#include "message/metadata.hpp"
#include "node/event.hpp"
#include "node/node.hpp"

struct dora_node {
  // Shared with samples, which may outlive the handle.
  std::shared_ptr<dora::node::Node> node;
};

struct dora_metadata {
  dora::message::MetadataWriter writer;
};

namespace dora::node {

// A dora_event is an Event; the C name exists only in the header.
inline const Event& as_event(const dora_event* event) {
  return *reinterpret_cast<const Event*>(event);
}
inline Event& as_event(dora_event* event) {
  return *reinterpret_cast<Event*>(event);
}
inline dora_event* as_handle(Event* event) {
  return reinterpret_cast<dora_event*>(event);
}

/// Remembers the error for dora_error_message and gives its status.
dora_status set_status(const Error& error);
dora_status set_ok();

template <typename T>
dora_status set_status(const Result<T>& result) {
  return result ? set_ok() : set_status(result.error());
}

}  // namespace dora::node

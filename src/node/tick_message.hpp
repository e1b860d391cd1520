#pragma once
// SPDX-License-Identifier: Apache-2.0
// A timer tick as a message: made inside the receiving node, laid out like any other.

#include "node/event.hpp"
#include "node/payload_type.hpp"
#include "node/timer.hpp"

namespace dora::node {

/// The payload is a Null array of length 0, or with `carries_count` the tick's number as one
/// UInt64. Metadata has `missed` when ticks were skipped. The caller owns the reference.
Event* create_tick_message(MessageHead head, const Tick& tick, bool carries_count,
                           PayloadTypes& types);

}  // namespace dora::node

#pragma once
// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <string>

#include "daemon/log_entry.hpp"

namespace dora::daemon {

/// What a line of a node's output says: a JSON object with a level and a timestamp is a structured
/// entry (node.log, the bridge of Python's logging, Rust's tracing), everything else is plain
/// output. Ids and stream are the caller's to set. `now_ns`: when the line came.
LogEntry parse_log_line(std::string text, std::int64_t now_ns);

}  // namespace dora::daemon

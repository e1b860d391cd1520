#pragma once
// SPDX-License-Identifier: Apache-2.0
// How a node says something to its log: a line of JSON on stdout, which the daemon understands.

#include <cstdint>
#include <string>
#include <string_view>

namespace dora::node {

/// One line with its end. `level` is "error", "warn" (or "warning"), "info", "debug" or "trace", in
/// any case; others count as "info".
std::string log_line(std::string_view node_id, std::string_view level, std::string_view text,
                     std::int64_t now_ns);

/// Writes it, in one piece.
void write_log(std::string_view node_id, std::string_view level, std::string_view text);

}  // namespace dora::node

#pragma once
// SPDX-License-Identifier: Apache-2.0
// What `dora run` says about a run besides the lines of its nodes. Pure: texts out of results.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daemon/run_result.hpp"

namespace dora::cli {

/// When waiting_text() is told, for who stops a dataflow at a terminal.
inline constexpr std::chrono::seconds before_waiting_is_told{2};
inline constexpr std::chrono::seconds between_waiting_texts{5};

/// Whom a stop still waits for, and what comes next for them: SIGTERM after `grace` (nothing: not
/// known), half of it later SIGKILL. `since_stop` has passed.
std::string waiting_text(const std::vector<std::string>& nodes,
                         std::optional<std::chrono::nanoseconds> grace,
                         std::chrono::nanoseconds since_stop);

/// "hello ran 11.2 s · 112 messages · 0 dropped · logs: out/0190... · exit 0"
std::string run_summary(const daemon::RunResult& result, int exit_code);

/// "sender ok (12 ms), receiver ok (15 ms)": how long each node took to end after `since_ns`
/// (monotonic). Those that had ended before are left out.
std::string stop_summary(const daemon::RunResult& result, std::int64_t since_ns);

}  // namespace dora::cli

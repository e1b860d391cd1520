#pragma once
// SPDX-License-Identifier: Apache-2.0
// What `dora run` says about a run besides the lines of its nodes. Pure: texts out of results.

#include <chrono>
#include <cstdint>
#include <string>

#include "daemon/run_result.hpp"

namespace dora::cli {

/// "hello ran 11.2 s · 112 messages · 0 dropped · logs: out/0190... · exit 0"
std::string run_summary(const daemon::RunResult& result, int exit_code);

/// "sender ok (12 ms), receiver ok (15 ms)": how long each node took to end after `since_ns`
/// (monotonic). Those that had ended before are left out.
std::string stop_summary(const daemon::RunResult& result, std::int64_t since_ns);

}  // namespace dora::cli

#pragma once
// SPDX-License-Identifier: Apache-2.0
// What somebody needs to know first when a node has failed: the guilty line, who is affected, and
// what to do next. Pure functions, but for source_lines().
//
//   ✗ detector crashed  (exit 1, ZeroDivisionError)  after 6.1 s
//       detector.py:41 in area_ratio
//         40 |     h = y2 - y1
//       > 41 |     return area / (w * h)
//            |            ~~~~~^~~~~~~~~ ZeroDivisionError: division by zero
//       input    image: 186 messages from camera/image
//       affects  plot (running)    policy restart: never
//       next     dora logs 0190a3f1 --node detector

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "daemon/error_report.hpp"
#include "daemon/failure_text.hpp"
#include "daemon/run_plan.hpp"

namespace dora::daemon {

struct FailureFacts {
  struct Input {
    std::string id;
    std::string source;  ///< "camera/image"
    std::uint64_t messages = 0;
  };
  struct Affected {
    std::string node;
    std::string status;
  };
  std::string node;
  std::string run_id;
  ExitStatus status;
  /// dora killed it, and told why.
  bool is_ended_by_dora = false;
  std::chrono::nanoseconds lived{0};
  std::optional<ErrorReport> report;
  /// Of the guilty file, up to the guilty line; empty: it cannot be read, or has changed.
  std::vector<std::string> source;
  std::filesystem::path folder;  ///< where the node ran
  std::vector<Input> inputs;
  std::vector<Affected> affected;
  RestartPlan restart;
  std::string core;  ///< core_hint()
};

std::string failure_card(const FailureFacts& facts);

/// The last `count` lines of a source up to the one at `place`, if that is still what the report
/// has seen. Never more than a look at a plain file.
std::vector<std::string> source_lines(const SourcePlace& place, const std::filesystem::path& folder,
                                      std::size_t count);

}  // namespace dora::daemon

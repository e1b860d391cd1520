#pragma once
// SPDX-License-Identifier: Apache-2.0
// The one line at the bottom of an attached screen. Pure: text out of what is known.
//
//   ─ hello · 2 up · sender/message 10.0 Hz 80 B/s · 4 s · [w]eb [t]op [r]estart [/]filter [q]uit ─

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/run_result.hpp"

namespace dora::cli {

struct OutputRate {
  std::string output;  ///< "sender/message"
  double hertz = 0;
  double bytes_per_second = 0;
};

/// Rates out of totals that grow.
class RateMeter {
 public:
  /// Per output since the last call, the busiest first; an output that several receive counts once.
  /// The first call knows no rates.
  std::vector<OutputRate> update(const std::vector<daemon::EdgeTotals>& edges,
                                 std::chrono::steady_clock::time_point now);

 private:
  struct Totals {
    std::uint64_t messages = 0;
    std::uint64_t bytes = 0;
  };
  std::map<std::string, Totals> before_;
  std::chrono::steady_clock::time_point at_{};
};

struct StatusFacts {
  std::string name;
  std::string state;  ///< "starting", "stopping", or empty while everything is as it should be
  std::size_t nodes_up = 0;
  std::size_t nodes = 0;
  std::vector<OutputRate> rates{};
  std::uint64_t dropped = 0;
  std::chrono::seconds age{0};
  /// What is hidden: "level warn", "/text"; or empty.
  std::string filter{};
};

/// At most `columns` wide; what matters least is left out when there is no room.
std::string status_text(const StatusFacts& facts, std::size_t columns);

/// "1.2 MB/s", in powers of 1000.
std::string format_byte_rate(double bytes_per_second);

}  // namespace dora::cli

#pragma once
// SPDX-License-Identifier: Apache-2.0
// Senders that wait for room in a queue with back pressure, and the circles in which each of them
// waits for another, so that none can go on. Values and pure functions.

#include <cstdint>
#include <string>
#include <vector>

namespace dora::daemon {

/// A node that waits until `consumer` takes a message from `input`.
struct BlockedSender {
  std::string node;
  std::string output;
  std::string consumer;
  std::string input;
  std::uint64_t edge = 0;
  std::int64_t since_ns = 0;  ///< CLOCK_MONOTONIC

  /// "consumer/input"
  std::string place() const { return consumer + "/" + input; }
};

/// A circle that begins and ends with the sender on `edge`; empty when there is none.
std::vector<BlockedSender> blocked_circle(const std::vector<BlockedSender>& senders,
                                          std::uint64_t edge);

/// What the user is told of a circle.
std::string circle_text(const std::vector<BlockedSender>& circle);

}  // namespace dora::daemon

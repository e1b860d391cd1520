#pragma once
// SPDX-License-Identifier: Apache-2.0
// Which background dora is meant: one per user, or more told apart by --coordinator-port.

#include <optional>
#include <string>

#include "base/result.hpp"
#include "cli/command_line.hpp"
#include "daemon/instance_directory.hpp"

namespace dora::cli {

struct DaemonAddress {
  /// The name of its instance: "default", or "port-6014".
  std::string instance;
  /// By flag or environment variable: look at no other one.
  bool is_chosen = false;

  std::optional<std::string> only() const {
    return is_chosen ? std::optional(instance) : std::nullopt;
  }
};

/// From --coordinator-addr and --coordinator-port, or the environment variables. Fails with
/// InvalidInput when one is malformed, with Disconnected for another machine.
Result<DaemonAddress> daemon_address(const ParsedCommand& command, const Environment& environment);

/// The running dora at `address`, if there is one.
Result<std::optional<daemon::Instance>> look_for_daemon(const DaemonAddress& address);

/// The same, but its absence is an error (Disconnected) that says what to do.
Result<daemon::Instance> find_daemon(const DaemonAddress& address);

}  // namespace dora::cli

#pragma once
// SPDX-License-Identifier: Apache-2.0
// Everything that is told of one node of a running dataflow. A value.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daemon/run_plan.hpp"
#include "daemon/run_result.hpp"

namespace dora::daemon {

struct NodeDescription {
  struct Output {
    std::string id;
    std::vector<std::string> subscribers;  ///< "node/input"
  };
  struct Input {
    std::string id;
    std::string source;  ///< as one writes it in YAML
  };

  std::string dataflow_id;
  NodeInfo info;
  std::optional<std::string> name;
  std::optional<std::string> description;
  std::string path;
  std::vector<Output> outputs;
  std::vector<Input> inputs;
  RestartPlan restart;
  std::optional<std::chrono::nanoseconds> health_check_timeout;
  std::optional<std::chrono::nanoseconds> finish_grace;
  /// Sent to it and not taken yet.
  std::uint64_t pending_messages = 0;
};

}  // namespace dora::daemon

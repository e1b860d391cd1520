#pragma once
// SPDX-License-Identifier: Apache-2.0
// What the dataflow says about the operators of one node. A value.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "operators/event_queue.hpp"

namespace dora::operators {

struct InputConfig {
  std::string id;  ///< as the operator calls it
  /// "<operator>/<output>" when an operator of the same node feeds it, else empty.
  std::string inner_source;
  QueuePolicy queue;
  /// It may be closed for being silent, and open again.
  bool may_recover = false;
  bool operator==(const InputConfig&) const = default;
};

struct OperatorConfig {
  std::string id;
  /// A library without `lib` and extension; empty: it is in another language, and the host's.
  std::string library;
  /// What it must be, when it is named by URL; may be empty.
  std::string sha256;
  /// Whether it runs on a thread of its own.
  bool has_own_thread = false;
  std::vector<InputConfig> inputs;
  std::vector<std::string> outputs;
  std::string json;
  bool operator==(const OperatorConfig&) const = default;
};

/// Reads them from the JSON of the dataflow. Fails with NotFound when it has no such node, or the
/// node no operators.
Result<std::vector<OperatorConfig>> read_operators(std::string_view dataflow_json,
                                                   std::string_view node_id);

}  // namespace dora::operators

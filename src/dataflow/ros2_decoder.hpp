#pragma once
// SPDX-License-Identifier: Apache-2.0
// Reads `ros2` of a node.

#include <optional>

#include "dataflow/fields.hpp"
#include "dataflow/node.hpp"

namespace dora::dataflow {

/// Also makes `node` a bridge. Its ports are known already: they must fit the direction.
std::optional<Ros2Bridge> decode_ros2(const Decoder& decoder, const Fields& fields, Node& node);

}  // namespace dora::dataflow

#pragma once
// SPDX-License-Identifier: Apache-2.0
// Reads `operator` and `operators` of a node.

#include "dataflow/fields.hpp"
#include "dataflow/node.hpp"

namespace dora::dataflow {

/// Sets what `node` has from its operators: `operators`, `is_single_operator` and `log`. `fields`
/// are those of the node; its own `inputs` and `outputs` go to its only operator.
void decode_operators(const Decoder& decoder, const Fields& fields, Node& node);

/// The ports of a node as its process sees them: those of its operators, as `<operator>/<port>`.
void gather_operator_ports(const Decoder& decoder, Node& node);

}  // namespace dora::dataflow

#pragma once
// SPDX-License-Identifier: Apache-2.0
// Reads the keys that nodes and operators share: ports, and what becomes of their logs. Sources
// stay text here; wiring.hpp gives them meaning once all nodes are known.

#include "dataflow/fields.hpp"
#include "dataflow/input.hpp"
#include "dataflow/operator.hpp"

namespace dora::dataflow {

/// `inputs`, with only `source_text` of the sources set. Also for the bindings of modules.
std::vector<Input> decode_inputs(const Decoder& decoder, const Fields& fields);
std::vector<Output> decode_outputs(const Decoder& decoder, const Fields& fields);
/// Both of the above, and types, framing, metadata and pattern.
Ports decode_ports(const Decoder& decoder, const Fields& fields);

LogSettings decode_log_settings(const Decoder& decoder, const Fields& fields);

}  // namespace dora::dataflow

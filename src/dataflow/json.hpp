#pragma once
// SPDX-License-Identifier: Apache-2.0
// A dataflow as JSON text, in the keys and forms of its YAML: reading it again gives the same
// dataflow.

#include <string>

#include "dataflow/dataflow.hpp"
#include "dataflow/diagnostic.hpp"

namespace dora::dataflow {

/// What `dataflow_descriptor()` returns: modules expanded, variables replaced, timers in their
/// normal form.
std::string to_json(const Dataflow& dataflow);

/// What `node_config()` returns: `inputs`, `outputs`, and types, framing and pool size when set.
std::string node_config_json(const Node& node);

/// The fields of `diagnostic`, for editors and scripts.
std::string to_json(const Diagnostic& diagnostic);

}  // namespace dora::dataflow

#pragma once
// SPDX-License-Identifier: Apache-2.0
// Gives the sources of all inputs their meaning, once every node is known.

#include <vector>

#include "dataflow/node_decoder.hpp"

namespace dora::dataflow {

/// The nodes of `drafts`, which hold no modules, with every source resolved. Reports ids that exist
/// twice and inputs that read what is not there.
std::vector<Node> wire(const Decoder& decoder, std::vector<NodeDraft> drafts);

}  // namespace dora::dataflow

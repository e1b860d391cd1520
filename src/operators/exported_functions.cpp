// SPDX-License-Identifier: Apache-2.0
#include "operators/exported_functions.hpp"

#include "dora/host.h"

namespace dora::operators {

// One of each source that has functions of <dora/node.h> and <dora/operator.h>: so all are linked
// into a program that may load operators, also those that it does not call itself.
std::span<void* const> exported_functions() {
  static void* const functions[] = {reinterpret_cast<void*>(&dora_node_open),
                                    reinterpret_cast<void*>(&dora_event_tensor),
                                    reinterpret_cast<void*>(&dora_metadata_create),
                                    reinterpret_cast<void*>(&dora_node_log),
                                    reinterpret_cast<void*>(&dora_operator_send_bytes),
                                    reinterpret_cast<void*>(&dora_runtime_open)};
  return functions;
}

}  // namespace dora::operators

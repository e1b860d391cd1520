#pragma once
// SPDX-License-Identifier: Apache-2.0
// How a process that no daemon started finds the dataflow it wants to be a node of: it asks every
// daemon of this user, through the sockets in their instance directories.

#include <string>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "message/datagram_socket.hpp"

namespace dora::node {

/// A connection to the daemon that runs the one dataflow with a dynamic node `id`, and which
/// dataflow that is. DORA_DATAFLOW (an id or a name) narrows the choice, DORA_DAEMON_SOCKET names
/// the one socket to ask.
///
/// Fails with NotFound when there is no such node, with InvalidInput when there are several or it
/// is not dynamic; the message says what there is.
struct DynamicPlace {
  message::DatagramSocket connection;
  std::string dataflow_id;
};
Result<DynamicPlace> find_dynamic_place(const NodeId& id);

}  // namespace dora::node

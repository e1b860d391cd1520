#pragma once
// SPDX-License-Identifier: Apache-2.0
// What a daemon says to a node. Order at the start:
//
//   node: Attach ─► daemon: Setup, ConnectOutput*, ConnectInput*, SetupDone ─► node: Ready
//   ... when every node is ready ─► daemon: Start         (or AttachRefused instead of any of
//   these)
//
// After Start anything else may come at any time; the daemon then sets the control bit of the
// node's doorbell. File descriptors travel beside the datagram (SCM_RIGHTS) in the order given
// here.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/ids.hpp"
#include "base/result.hpp"

namespace dora::message {

/// A timer that feeds an input of the node. It runs inside the node.
struct TimerInput {
  DataId input;
  std::int64_t interval_ns = 0;
  std::uint32_t queue_size = 10;
  /// Whether a tick carries its number (timers written as nodes) or a Null array.
  bool carries_count = false;
  bool operator==(const TimerInput&) const = default;
};

/// An input fed by another node's output, or by the log stream.
struct DataInput {
  DataId input;
  /// The log stream never closes; an input with this flag does not keep the node running.
  bool is_log = false;
  /// Of the circuit breaker, after the last message; 0: there is none.
  std::int64_t timeout_ns = 0;
  bool operator==(const DataInput&) const = default;
};

/// Who the node is, and all its ports.
/// Descriptors: [arena (read-write), doorbell page, event descriptor, dataflow JSON].
struct Setup {
  std::string version;
  std::string dataflow_id;
  NodeId node;
  std::vector<DataId> outputs;
  std::vector<DataInput> inputs;
  std::vector<TimerInput> timers;
  bool exit_when_nodes_finish = false;
  /// `latency: busy`: spin instead of sleeping.
  bool busy = false;
  /// The node has a health_check_timeout: it notes each call in its doorbell page.
  bool watched = false;
  std::uint32_t restart_count = 0;
  /// JSON text for node_config().
  std::string config;
  bool operator==(const Setup&) const = default;
};

/// A consumer of one of the node's outputs. Descriptors: [edge, the consumer's doorbell page, the
/// consumer's event descriptor].
struct ConnectOutput {
  std::uint64_t edge = 0;  ///< number of the edge, unique in the dataflow run
  DataId output;
  NodeId consumer;
  DataId input;
  std::uint32_t doorbell_bit = 0;
  bool operator==(const ConnectOutput&) const = default;
};

/// The producer of one of the node's inputs. Descriptors: [edge, the producer's arena (read-only)].
struct ConnectInput {
  std::uint64_t edge = 0;
  DataId input;
  NodeId producer;
  DataId output;
  std::uint32_t doorbell_bit = 0;
  bool operator==(const ConnectInput&) const = default;
};

struct SetupDone {
  bool operator==(const SetupDone&) const = default;
};

/// Everybody is attached: Node() returns. Timers tick at epoch_ns + k * interval (monotonic clock).
struct Start {
  std::int64_t epoch_ns = 0;
  bool operator==(const Start&) const = default;
};

/// The dataflow cannot start, or the node is not wanted; the text says why.
struct AttachRefused {
  std::string reason;
  bool operator==(const AttachRefused&) const = default;
};

/// STOP with id "MANUAL": overtakes everything that is queued.
struct Stop {
  bool operator==(const Stop&) const = default;
};

/// The producer of `edge` will send nothing more on it. The node delivers INPUT_CLOSED once the
/// edge is empty.
struct InputClosed {
  std::uint64_t edge = 0;
  DataId input;
  bool operator==(const InputClosed&) const = default;
};

/// The consumer of `edge` closed itself, but its process lives and may read what it took: send
/// nothing more on it, and take back what is returned. DisconnectOutput follows when it ends.
struct RetireOutput {
  std::uint64_t edge = 0;
  DataId output;
  bool operator==(const RetireOutput&) const = default;
};

/// The process of the consumer of `edge` is gone: take back what it held, send nothing on it.
struct DisconnectOutput {
  std::uint64_t edge = 0;
  DataId output;
  bool operator==(const DisconnectOutput&) const = default;
};

/// A node this one listens to was restarted.
struct NodeRestarted {
  NodeId node;
  bool operator==(const NodeRestarted&) const = default;
};

/// A node this one listens to failed for good. Comes before the InputClosed of its edges.
struct NodeFailed {
  NodeId node;
  std::string error;
  std::vector<DataId> inputs;
  bool operator==(const NodeFailed&) const = default;
};

/// A parameter was set, or (value empty) deleted. `value` is JSON text.
struct ParameterChanged {
  std::string key;
  std::optional<std::string> value;
  bool operator==(const ParameterChanged&) const = default;
};

/// Load the code of an operator anew.
struct Reload {
  std::string operator_id;
  bool operator==(const Reload&) const = default;
};

/// The answer to an ExtensionRequest.
struct ExtensionReply {
  std::uint64_t number = 0;
  std::string error;  ///< empty when it worked
  /// Of "load" and "take": the bytes as hexadecimal digits; null when there is no such entry.
  std::optional<std::string> value;
  std::vector<std::string> keys;  ///< of "dropped"
  bool operator==(const ExtensionReply&) const = default;
};

/// A node of a dataflow that runs.
struct Place {
  std::string dataflow_id;
  std::string dataflow_name;  ///< may be empty
  std::string file;           ///< the YAML
  NodeId node;
  bool is_dynamic = false;
  bool is_taken = false;  ///< somebody is attached as it
  bool operator==(const Place&) const = default;
};

/// The answer to ListPlaces, in pieces: `is_last` ends it.
struct Places {
  std::string version;
  std::vector<Place> places;
  bool is_last = true;
  bool operator==(const Places&) const = default;
};

using DaemonToNode =
    std::variant<Setup, ConnectOutput, ConnectInput, SetupDone, Start, AttachRefused, Stop,
                 InputClosed, RetireOutput, DisconnectOutput, NodeRestarted, NodeFailed,
                 ParameterChanged, Reload, ExtensionReply, Places>;

std::string encode(const DaemonToNode& message);
/// Fails with InvalidInput for anything that is not exactly such a message.
Result<DaemonToNode> decode_daemon_to_node(std::string_view text);

}  // namespace dora::message

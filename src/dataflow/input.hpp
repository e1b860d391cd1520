#pragma once
// SPDX-License-Identifier: Apache-2.0
// Inputs and outputs of nodes and operators.

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/ids.hpp"
#include "dataflow/source_text.hpp"

namespace dora::dataflow {

/// How much is said. Later ones are more important; Stdout is every plain line.
enum class LogLevel { Stdout, Trace, Debug, Info, Warn, Error };

/// The output of another node. For a node with operators the output is `<operator>/<output>`.
struct OutputSource {
  NodeId node;
  DataId output;
  bool operator==(const OutputSource&) const = default;
};

/// A clock that ticks every `interval`.
struct TimerSource {
  std::chrono::nanoseconds interval{0};
  /// Set when the timer was written as a node (`path: dora/timer/...`): its ticks carry their
  /// number in a UInt64 array; those of other timers carry a Null array.
  std::optional<OutputSource> node_output;
  bool operator==(const TimerSource&) const = default;
};

/// The log messages of the dataflow.
struct LogSource {
  LogLevel min_level = LogLevel::Stdout;
  /// Whether the level was written; `dora/logs` alone means every level.
  bool has_level = false;
  /// Only of this node.
  std::optional<NodeId> node;
  bool operator==(const LogSource&) const = default;
};

using InputSource = std::variant<OutputSource, TimerSource, LogSource>;

enum class QueuePolicy { DropOldest, Backpressure };

struct Input {
  DataId id;
  InputSource source;
  /// The source as it was written, e.g. `camera/image`.
  std::string source_text;
  /// As written; 0 means 1. Nothing: at least 10 are kept, and bursts survive.
  std::optional<std::uint32_t> queue_size;
  std::optional<QueuePolicy> queue_policy;
  /// When no message came for this long, the input counts as broken.
  std::optional<std::chrono::nanoseconds> input_timeout;
  /// Of the source's text, and of the id.
  Location location;
  Location id_location;
};

struct Output {
  DataId id;
  Location location;
};

enum class OutputFraming { Raw, ArrowIpc };

/// A type as written, e.g. `std/media/v1/Image`, and where.
struct TypeAnnotation {
  std::string urn;
  Location location;
};

/// What a node or an operator reads and sends, with the notes for the type checker.
struct Ports {
  /// Ordered by id, each once.
  std::vector<Input> inputs;
  /// Ordered by id, each once.
  std::vector<Output> outputs;
  std::map<DataId, TypeAnnotation> input_types;
  std::map<DataId, TypeAnnotation> output_types;
  std::map<DataId, OutputFraming> output_framing;
  /// Keys of metadata that messages of an output must have.
  std::map<DataId, std::vector<std::string>> output_metadata;
  std::optional<std::string> pattern;

  const Input* find_input(const DataId& id) const;
  const Output* find_output(const DataId& id) const;
};

/// `secs/2`, `millis/33`, `micros/50`, `nanos/33333333`: the coarsest unit that is exact.
std::string timer_text(std::chrono::nanoseconds interval);
/// The source as it is written in YAML, in its normal form: `camera/image`, `dora/timer/secs/2`,
/// `dora/logs/warn/camera`.
std::string source_text(const InputSource& source);

std::string_view to_text(LogLevel level);
std::string_view to_text(QueuePolicy policy);
std::string_view to_text(OutputFraming framing);

}  // namespace dora::dataflow

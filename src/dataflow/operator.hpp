#pragma once
// SPDX-License-Identifier: Apache-2.0
// Operators: code that runs inside a runtime process which it shares with others.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dataflow/input.hpp"

namespace dora::dataflow {

/// What of a node's words becomes messages and log files.
struct LogSettings {
  std::optional<DataId> send_stdout_as;
  std::optional<DataId> send_logs_as;
  std::optional<LogLevel> min_log_level;
  /// In bytes; nothing: unlimited.
  std::optional<std::uint64_t> max_log_size;
  /// How many rotated files are kept; nothing: 5. 0 keeps only the current file.
  std::optional<std::uint32_t> max_rotated_files;
  bool operator==(const LogSettings&) const = default;
};

enum class RestartPolicy { Never, OnFailure, Always };

struct RestartSettings {
  RestartPolicy policy = RestartPolicy::Never;
  /// 0: no limit.
  std::uint32_t max_restarts = 0;
  std::optional<std::chrono::nanoseconds> delay;
  std::optional<std::chrono::nanoseconds> max_delay;
  std::optional<std::chrono::nanoseconds> window;
  bool operator==(const RestartSettings&) const = default;
};

/// On which thread of its process an operator runs.
enum class OperatorThread { Shared, Own };

enum class OperatorLanguage { Python, SharedLibrary, Wasm };

struct Operator {
  /// `op` unless given.
  std::string id;
  std::optional<std::string> name;
  std::optional<std::string> description;
  OperatorLanguage language = OperatorLanguage::Python;
  /// A script, or a library without `lib` and extension; relative to the dataflow, or a URL.
  std::string source;
  /// Of a source that is a URL.
  std::optional<std::string> sha256;
  std::optional<std::string> conda_env;
  OperatorThread thread = OperatorThread::Shared;
  std::optional<std::string> build;
  /// With the ids the operator itself uses; those of its node begin with `<operator>/`.
  Ports ports;
  LogSettings log;
  /// Of the process, which it shares with others.
  RestartSettings restart;
  /// Of the source.
  Location location;
};

}  // namespace dora::dataflow

#pragma once
// SPDX-License-Identifier: Apache-2.0
// The text of an input's source: `camera/image`, `dora/timer/millis/33`, `dora/logs/warn`. Pure.

#include <chrono>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "dataflow/diagnostic.hpp"
#include "dataflow/input.hpp"

namespace dora::dataflow {

/// Whether `text` names something built in: it is `dora` or begins with `dora/`.
bool is_builtin_source(std::string_view text);

/// A source that needs no node: a timer or the log. The remark names the text, not the input.
std::expected<InputSource, Remark> parse_builtin_source(std::string_view text);

/// The two parts of `<node>/<output>`, split at the first `/`; nothing without one.
struct NodeAndOutput {
  std::string_view node;
  std::string_view output;
};
std::optional<NodeAndOutput> split_source(std::string_view text);

/// Whether `text`, the place of a program or an operator, is to be downloaded.
bool is_url(std::string_view text);

/// Whether `text`, what `python` of an operator says, is the name of a module rather than a file:
/// `package.module`, `package.module:Class`, `module:Class`. One word alone is a file.
bool is_python_module(std::string_view text);

/// In either case: `warn`, `WARN`.
std::optional<LogLevel> parse_log_level(std::string_view text);

}  // namespace dora::dataflow

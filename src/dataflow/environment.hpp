#pragma once
// SPDX-License-Identifier: Apache-2.0
// `env`: values for the environment of processes, with `$NAME` replaced.

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "dataflow/fields.hpp"
#include "dataflow/node.hpp"

namespace dora::dataflow {

/// Whether `env` and `--env` may not set `name`: it belongs to dora, decides what code a process
/// loads, or cannot be the name of a variable.
bool is_reserved_variable(std::string_view name);

/// Replaces `$NAME`, `${NAME}` and `${NAME:-default}`; `$$` is a dollar sign. Fails with
/// InvalidInput, naming it, when a variable without default is not set.
Result<std::string> expand_variables(std::string_view text, const EnvironmentLookup& environment);

/// The value of `env` in `fields`.
Environment decode_environment(const Decoder& decoder, const Fields& fields);

/// `path` with the few variables replaced that a path may contain (HOME, USER, DORA_WORKSPACE,
/// CARGO_MANIFEST_DIR, PWD); others stay, and the first of them goes to `*kept` if given.
std::string expand_path(std::string_view path, const EnvironmentLookup& environment,
                        std::string* kept = nullptr);

}  // namespace dora::dataflow

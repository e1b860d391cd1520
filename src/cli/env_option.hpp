#pragma once
// SPDX-License-Identifier: Apache-2.0
// `--env KEY=VALUE`: variables for all nodes of one run.

#include <map>
#include <span>
#include <string>

#include "base/result.hpp"

namespace dora::cli {

/// The last of equal keys wins. Fails with InvalidInput where the value could be understood
/// differently than it is written: with `$`, which is not expanded here, and when YAML would read
/// another text out of it, such as 1.10.
Result<std::map<std::string, std::string>> parse_env_options(std::span<const std::string> options);

}  // namespace dora::cli

#pragma once
// SPDX-License-Identifier: Apache-2.0
// What a Python script says in a comment about what it needs (PEP 723).

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace dora::build {

/// The text of the block `script`, which is TOML; nothing when there is none.
std::optional<std::string> read_script_block(const std::filesystem::path& script);

/// The value of `requires-python` in a block; empty: any Python will do.
std::string required_python(std::string_view block);

/// Whether a version ("3.11.2") is one of those that `specifier` allows (">=3.9, <3.13", PEP 440).
/// What cannot be understood allows none.
bool fits_version(std::string_view version, std::string_view specifier);

/// The text without blanks around it.
std::string_view trimmed(std::string_view text);

}  // namespace dora::build

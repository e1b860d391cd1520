#pragma once
// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <string_view>

#include "base/result.hpp"

namespace dora::build {

/// Writes the file as a whole: whoever reads it sees the old text or the new one, also when this
/// process is killed meanwhile.
Result<> replace_file(const std::filesystem::path& path, std::string_view text);

}  // namespace dora::build

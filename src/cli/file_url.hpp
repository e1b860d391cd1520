#pragma once
// SPDX-License-Identifier: Apache-2.0

#include <filesystem>
#include <string>

namespace dora::cli {

/// "file:///..." for a browser.
std::string file_url(const std::filesystem::path& path);

}  // namespace dora::cli

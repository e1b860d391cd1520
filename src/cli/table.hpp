#pragma once
// SPDX-License-Identifier: Apache-2.0
// Columns padded with two spaces, header first, no borders.

#include <string>
#include <vector>

namespace dora::cli {

/// Rows shorter than `header` are filled up with empty cells.
std::string format_table(const std::vector<std::string>& header,
                         const std::vector<std::vector<std::string>>& rows);

}  // namespace dora::cli

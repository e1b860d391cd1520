#pragma once
// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace dora::daemon {

/// Splits `text` into words as a POSIX shell does: blanks separate, '...' keeps everything, "..."
/// keeps all but \$ \` \" \\, a backslash keeps the next character. Nothing is expanded. Fails with
/// InvalidInput when a quote is not closed.
Result<std::vector<std::string>> split_shell_words(std::string_view text);

}  // namespace dora::daemon

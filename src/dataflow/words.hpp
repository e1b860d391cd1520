#pragma once
// SPDX-License-Identifier: Apache-2.0
// Splits `args` and lines of `build` into words as a POSIX shell does, without expanding anything.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace dora::dataflow {

/// `--label "front left" a\ b` is four words. Fails with InvalidInput when a quote is not closed or
/// the text ends in a backslash.
Result<std::vector<std::string>> split_words(std::string_view text);

}  // namespace dora::dataflow

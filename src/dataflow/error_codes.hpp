#pragma once
// SPDX-License-Identifier: Apache-2.0
// Every code that a diagnostic can carry, with the explanation that `dora explain` prints. A code
// keeps its meaning for ever. docs/errors.md shows the same table and is checked against it.

#include <span>
#include <string_view>

namespace dora::dataflow {

struct ErrorCode {
  std::string_view code;
  std::string_view title;
  /// A paragraph: what it means, an example, the fix.
  std::string_view explanation;
};

/// Ordered by code.
std::span<const ErrorCode> error_codes();

/// Nothing when there is no such code. Upper and lower case are the same.
const ErrorCode* find_error_code(std::string_view code);

}  // namespace dora::dataflow

#pragma once
// SPDX-License-Identifier: Apache-2.0
// What is looked at before and after the YAML parser: whether the bytes are text at all, and what
// a syntax error means in words that help.

#include <cstdint>
#include <optional>
#include <string_view>

#include "dataflow/diagnostic.hpp"
#include "dataflow/source_text.hpp"

namespace dora::dataflow {

struct TextProblem {
  std::uint32_t offset;
  Remark remark;
};

/// The first NUL byte or control character, the first byte that is not UTF-8, or the first line
/// that the YAML parser would take minutes for.
std::optional<TextProblem> find_text_problem(const SourceText& source);

/// The diagnostic for the YAML parser's `complaint` about the byte at `offset`.
Remark explain_syntax_error(const SourceText& source, std::uint32_t offset,
                            std::string_view complaint);

}  // namespace dora::dataflow

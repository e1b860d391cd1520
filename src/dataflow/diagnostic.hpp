#pragma once
// SPDX-License-Identifier: Apache-2.0
// What is wrong with a user's dataflow: where, why, and how to put it right. Values; every mistake
// of a file is reported at once. The codes and their explanations are in error_codes.hpp.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dataflow/source_text.hpp"

namespace dora::dataflow {

enum class Severity { Error, Warning };

struct Diagnostic {
  Severity severity = Severity::Error;
  /// "E013" for errors, "W001" for warnings. Stable: never reused for something else.
  std::string code;
  std::string message;

  std::string file;
  /// From 1; 0 when the message is about the file as a whole.
  std::size_t line = 0;
  /// From 1, in characters.
  std::size_t column = 0;
  /// In characters, at least 1, at most to the end of the line.
  std::size_t length = 0;

  /// The line to show, cut around the place when it is long.
  std::string source_line;
  /// Where the place begins in `source_line`, in characters from 0, and how much of it is there.
  std::size_t caret_column = 0;
  std::size_t caret_length = 0;

  /// Said under the place; may be empty.
  std::string label;
  /// The way out, e.g. "did you mean `outputs`?"; may be empty.
  std::string help;

  bool operator==(const Diagnostic&) const = default;
};

/// What one says about a place.
struct Remark {
  std::string code;
  std::string message;
  std::string label = {};
  std::string help = {};
};

/// A diagnostic about `at`, which lies in one of `sources`. Its severity follows from its code.
Diagnostic diagnose(const SourceTexts& sources, Location at, Remark remark);
/// A diagnostic about a file as a whole.
Diagnostic diagnose_file(std::string_view file, Remark remark);

enum class Color { No, Yes };

/// The text of one diagnostic, as a compiler would print it, ending with a line end.
std::string render(const Diagnostic& diagnostic, Color color = Color::No);
/// All of them with an empty line between.
std::string render(std::span<const Diagnostic> diagnostics, Color color = Color::No);

/// "2 errors", "1 error, 3 warnings"; empty when there is nothing.
std::string count_text(std::span<const Diagnostic> diagnostics);

bool has_errors(std::span<const Diagnostic> diagnostics);

}  // namespace dora::dataflow

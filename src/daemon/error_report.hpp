#pragma once
// SPDX-License-Identifier: Apache-2.0
// What a program's own report of its failure says: the error, and where it happened. Read from the
// text that it printed last, by Python, its faulthandler, Rust, C++ and assert(). Pure functions.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dora::daemon {

/// A place in a source, as a report names it.
struct SourcePlace {
  std::string file;
  std::uint32_t line = 0;
  std::string function{};  ///< empty: not told
  std::string text{};      ///< the line itself without its indentation; empty: not told
  std::string marks{};     ///< what stands below it: "~~~~^~~"
  bool operator==(const SourcePlace&) const = default;
};

struct ReportedError {
  std::string what;  ///< "ZeroDivisionError: division by zero"
  /// Where it happened: in the program's own sources, where the report has such a place.
  std::optional<SourcePlace> place{};
  bool operator==(const ReportedError&) const = default;
};

struct ErrorReport {
  /// What ended the program.
  ReportedError error;
  /// The error in whose handling that one happened, or from which it was raised.
  std::optional<ReportedError> because{};
  bool operator==(const ErrorReport&) const = default;
};

/// Reads what stderr_excerpt() chose. Nothing: no report of a known form.
std::optional<ErrorReport> read_error_report(std::string_view excerpt);

/// "ZeroDivisionError: division by zero (detector.py:41 in area_ratio)"; places below `folder`
/// are told from there.
std::string to_sentence(const ReportedError& error, std::string_view folder);

/// "detector.py:41 in area_ratio".
std::string to_text(const SourcePlace& place, std::string_view folder);

}  // namespace dora::daemon

// SPDX-License-Identifier: Apache-2.0
#include "dataflow/diagnostic.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace dora::dataflow {
namespace {

// Lines longer than this are cut around the place: a file of one line of megabytes stays readable.
constexpr std::size_t shown_width = 120;
constexpr std::size_t shown_before = 40;

bool begins_character(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
}

// The index of the byte where character number `count` of `text` begins, or its size.
std::size_t byte_of_character(std::string_view text, std::size_t count) {
  std::size_t characters = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (begins_character(text[i]) && characters++ == count) return i;
  }
  return text.size();
}

// Fills source_line, caret_column and caret_length from `line`, where column and length are known.
void cut_line(std::string_view line, Diagnostic& diagnostic) {
  std::size_t column = diagnostic.column - 1;
  std::size_t characters = count_characters(line);
  std::size_t first = 0;
  if (characters > shown_width && column > shown_before) first = column - shown_before;
  std::size_t last = std::min(characters, first + shown_width);

  std::size_t begin = byte_of_character(line, first);
  std::string_view window = line.substr(begin);
  window = window.substr(0, byte_of_character(window, last - first));
  // Tabs and control characters would move the caret or the terminal.
  std::string without_tabs(window);
  std::ranges::replace(without_tabs, '\t', ' ');
  diagnostic.source_line = printable(without_tabs);
  diagnostic.caret_column = column - first;
  diagnostic.caret_length =
      std::clamp<std::size_t>(diagnostic.length, 1, std::max<std::size_t>(last - column, 1));
  if (first > 0) {
    diagnostic.source_line.insert(0, "…");
    ++diagnostic.caret_column;
  }
  if (last < characters) diagnostic.source_line += "…";
}

struct Paint {
  std::string_view strong, severity, frame, off;
};

Paint paint(Severity severity, Color color) {
  if (color == Color::No) return {};
  return {"\033[1m", severity == Severity::Error ? "\033[1;31m" : "\033[1;33m", "\033[1;34m",
          "\033[0m"};
}

}  // namespace

Diagnostic diagnose_file(std::string_view file, Remark remark) {
  Diagnostic diagnostic;
  diagnostic.severity = remark.code.starts_with('W') ? Severity::Warning : Severity::Error;
  diagnostic.code = std::move(remark.code);
  diagnostic.message = std::move(remark.message);
  diagnostic.file = file;
  diagnostic.label = std::move(remark.label);
  diagnostic.help = std::move(remark.help);
  return diagnostic;
}

Diagnostic diagnose(const SourceTexts& sources, Location at, Remark remark) {
  if (at.source >= sources.size()) return diagnose_file("", std::move(remark));
  const SourceText& source = *sources[at.source];
  Diagnostic diagnostic = diagnose_file(shown(source.name(), 4096), std::move(remark));

  std::size_t offset = std::min<std::size_t>(at.offset, source.text().size());
  diagnostic.line = source.line_of(offset);
  std::string_view line = source.line(diagnostic.line);
  std::size_t in_line = std::min(offset - source.start_of_line(diagnostic.line), line.size());
  diagnostic.column = count_characters(line.substr(0, in_line)) + 1;
  diagnostic.length = std::max<std::size_t>(count_characters(line.substr(in_line, at.length)), 1);
  cut_line(line, diagnostic);
  return diagnostic;
}

std::string render(const Diagnostic& diagnostic, Color color) {
  Paint with = paint(diagnostic.severity, color);
  std::string_view word = diagnostic.severity == Severity::Error ? "error" : "warning";
  std::string text = fmt::format("{}{}[{}]{}{}: {}{}\n", with.severity, word, diagnostic.code,
                                 with.off, with.strong, diagnostic.message, with.off);
  if (diagnostic.line == 0) {
    if (!diagnostic.file.empty()) {
      text += fmt::format("  {}-->{} {}\n", with.frame, with.off, diagnostic.file);
    }
    if (!diagnostic.label.empty()) {
      text += fmt::format("   {}={} note: {}\n", with.frame, with.off, diagnostic.label);
    }
  } else {
    std::string number = std::to_string(diagnostic.line);
    // Line numbers of one and two digits share one gutter, so that most reports align.
    std::size_t gutter = std::max<std::size_t>(number.size(), 2);
    std::string blank(gutter, ' ');
    text += fmt::format("{}{}-->{} {}:{}:{}\n", blank, with.frame, with.off, diagnostic.file,
                        diagnostic.line, diagnostic.column);
    text += fmt::format("{} {}|{}\n", blank, with.frame, with.off);
    text += fmt::format("{}{:>{}} |{} {}\n", with.frame, number, gutter, with.off,
                        diagnostic.source_line);
    text += fmt::format("{} {}|{} {}{}{}", blank, with.frame, with.off,
                        std::string(diagnostic.caret_column, ' '), with.severity,
                        std::string(diagnostic.caret_length, '^'));
    if (!diagnostic.label.empty()) text += " " + diagnostic.label;
    text += fmt::format("{}\n", with.off);
  }
  if (!diagnostic.help.empty()) {
    // Under the bar of the line above.
    std::string blank(std::max<std::size_t>(std::to_string(diagnostic.line).size(), 2), ' ');
    text += fmt::format("{} {}={} help: {}\n", blank, with.frame, with.off, diagnostic.help);
  }
  return text;
}

std::string render(std::span<const Diagnostic> diagnostics, Color color) {
  std::string text;
  for (const Diagnostic& diagnostic : diagnostics) {
    if (!text.empty()) text += '\n';
    text += render(diagnostic, color);
  }
  return text;
}

bool has_errors(std::span<const Diagnostic> diagnostics) {
  return std::ranges::any_of(diagnostics,
                             [](const Diagnostic& d) { return d.severity == Severity::Error; });
}

std::string count_text(std::span<const Diagnostic> diagnostics) {
  auto errors = std::ranges::count_if(
      diagnostics, [](const Diagnostic& d) { return d.severity == Severity::Error; });
  auto warnings = std::ssize(diagnostics) - errors;
  std::string text;
  if (errors > 0) text = fmt::format("{} error{}", errors, errors == 1 ? "" : "s");
  if (warnings > 0) {
    text +=
        fmt::format("{}{} warning{}", text.empty() ? "" : ", ", warnings, warnings == 1 ? "" : "s");
  }
  return text;
}

}  // namespace dora::dataflow

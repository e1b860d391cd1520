// SPDX-License-Identifier: Apache-2.0
#include "daemon/error_report.hpp"

#include <algorithm>
#include <charconv>
#include <ranges>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace dora::daemon {
namespace {

/// Enough to know it by; the report itself has all of it.
constexpr std::size_t longest_error = 200;

std::string_view without_indent(std::string_view line) {
  const auto first = line.find_first_not_of(" \t");
  return first == std::string_view::npos ? std::string_view() : line.substr(first);
}

/// The line of an exception in a group, which stands behind a bar.
std::string_view without_bar(std::string_view line) {
  const std::string_view rest = without_indent(line);
  return rest.starts_with("| ") ? rest.substr(2) : line;
}

std::string shortened(std::string_view text) {
  if (text.size() <= longest_error) return std::string(text);
  std::size_t end = longest_error;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80)
    --end;
  return std::string(text.substr(0, end)) + "…";
}

std::optional<std::uint32_t> take_number(std::string_view& text) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

/// `File "a.py", line 3, in area`; the faulthandler leaves the second comma out.
std::optional<SourcePlace> read_frame(std::string_view line) {
  std::string_view rest = without_indent(line);
  constexpr std::string_view begin = "File \"";
  constexpr std::string_view middle = "\", line ";
  if (!rest.starts_with(begin)) return std::nullopt;
  rest.remove_prefix(begin.size());
  const auto end = rest.find(middle);
  if (end == std::string_view::npos) return std::nullopt;
  SourcePlace place{.file = std::string(rest.substr(0, end))};
  rest.remove_prefix(end + middle.size());
  const auto number = take_number(rest);
  if (!number) return std::nullopt;
  place.line = *number;
  if (rest.starts_with(',')) rest.remove_prefix(1);
  if (rest.starts_with(" in ")) place.function = rest.substr(4);
  return place;
}

/// `src/main.rs:3:5`, or without the column.
std::optional<SourcePlace> read_file_and_line(std::string_view text) {
  for (int colons = 0; colons < 2; ++colons) {
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos || colon == 0) return std::nullopt;
    std::string_view digits = text.substr(colon + 1);
    const auto number = take_number(digits);
    if (!number || !digits.empty()) return std::nullopt;
    text = text.substr(0, colon);
    const auto before = text.rfind(':');
    std::string_view column = before == std::string_view::npos ? "" : text.substr(before + 1);
    if (!take_number(column) || !column.empty())
      return SourcePlace{.file = std::string(text), .line = *number};
  }
  return std::nullopt;
}

/// Not in a library, nor in what Python makes up.
bool is_own(const SourcePlace& place) {
  const std::string_view file = place.file;
  return !file.starts_with('<') && file.find("/site-packages/") == std::string_view::npos &&
         file.find("/dist-packages/") == std::string_view::npos &&
         file.find("/lib/python") == std::string_view::npos;
}

/// Of the places from the outermost to the innermost, the one to look at.
std::optional<SourcePlace> guilty(const std::vector<SourcePlace>& places) {
  if (places.empty()) return std::nullopt;
  for (const SourcePlace& place : places | std::views::reverse)
    if (is_own(place)) return place;
  return places.back();
}

/// The tracebacks of Python in a text, in their order.
class Tracebacks {
 public:
  void take(std::string_view raw) {
    const std::string_view line = without_bar(raw);
    if (line.find("Traceback (most recent call last):") != std::string_view::npos) {
      places_.clear();
      is_inside_ = true;
      return;
    }
    if (auto place = read_frame(line)) {
      // A syntax error has no header.
      if (!std::exchange(is_inside_, true)) places_.clear();
      places_.push_back(*std::move(place));
      lines_below_ = 0;
      return;
    }
    if (!is_inside_ || places_.empty() || line.empty()) return;
    if (line.front() == ' ') return take_source(line);
    errors_.push_back({shortened(line), guilty(places_)});
    is_inside_ = false;
  }

  std::vector<ReportedError> take_errors() { return std::move(errors_); }

 private:
  void take_source(std::string_view line) {
    constexpr std::string_view indent = "    ";
    if (!line.starts_with(indent)) return;
    SourcePlace& place = places_.back();
    ++lines_below_;
    const std::string_view rest = line.substr(indent.size());
    if (lines_below_ == 1) place.text = rest;
    const bool is_marks = rest.find_first_not_of("^~ ") == std::string_view::npos;
    if (lines_below_ == 2 && is_marks) place.marks = rest;
  }

  std::vector<SourcePlace> places_;
  std::vector<ReportedError> errors_;
  bool is_inside_ = false;
  int lines_below_ = 0;  ///< the last place
};

/// What the faulthandler tells of a crash: the stack of the thread in which it was, the innermost
/// place first.
std::optional<ReportedError> read_fatal_error(const std::vector<std::string_view>& lines) {
  const auto begin = std::ranges::find_if(
      lines, [](std::string_view line) { return line.starts_with("Fatal Python error: "); });
  if (begin == lines.end()) return std::nullopt;
  std::vector<SourcePlace> places;
  bool is_current = false;
  for (auto line = begin + 1; line != lines.end(); ++line) {
    if (line->find("(most recent call first)") != std::string_view::npos) {
      is_current = line->starts_with("Current thread ");
    } else if (auto place = read_frame(*line); place && is_current) {
      places.insert(places.begin(), *std::move(place));
    }
  }
  return ReportedError{shortened(*begin), guilty(places)};
}

/// `terminate called after throwing an instance of 'std::runtime_error'`, `  what():  boom`.
std::optional<ReportedError> read_terminate(std::string_view line, std::string_view next) {
  constexpr std::string_view begin = "terminate called after throwing an instance of '";
  constexpr std::string_view what = "what():  ";
  if (!line.starts_with(begin) || !line.ends_with('\'')) return std::nullopt;
  std::string text(line.substr(begin.size(), line.size() - begin.size() - 1));
  const std::string_view told = without_indent(next);
  if (told.starts_with(what)) text += fmt::format(": {}", told.substr(what.size()));
  return ReportedError{shortened(text)};
}

/// `thread 'main' panicked at src/main.rs:3:5:`, and the message below it.
std::optional<ReportedError> read_panic(std::string_view line, std::string_view next) {
  constexpr std::string_view middle = " panicked at ";
  const auto at = line.find(middle);
  if (!line.starts_with("thread '") || at == std::string_view::npos) return std::nullopt;
  std::string_view place = line.substr(at + middle.size());
  if (place.ends_with(':')) place.remove_suffix(1);
  return ReportedError{shortened(fmt::format("panic: {}", next)), read_file_and_line(place)};
}

/// `node: node.cpp:12: int main(): Assertion `x > 0' failed.`
std::optional<ReportedError> read_assertion(std::string_view line) {
  const auto at = line.find(": Assertion `");
  if (at == std::string_view::npos || !line.ends_with(" failed.")) return std::nullopt;
  ReportedError error{shortened(line.substr(at + 2))};
  const auto program = line.find(": ");
  const auto place = program + 2;
  const auto end = line.find(": ", place);
  if (end > at) return error;
  error.place = read_file_and_line(line.substr(place, end - place));
  if (error.place && end < at) error.place->function = line.substr(end + 2, at - end - 2);
  return error;
}

/// What a program in C, C++ or Rust said before it gave up.
std::optional<ReportedError> read_last_words(const std::vector<std::string_view>& lines) {
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::string_view next = i + 1 < lines.size() ? lines[i + 1] : std::string_view();
    if (auto error = read_terminate(lines[i], next)) return error;
    if (auto error = read_panic(lines[i], next)) return error;
    if (auto error = read_assertion(lines[i])) return error;
  }
  return std::nullopt;
}

}  // namespace

std::optional<ErrorReport> read_error_report(std::string_view excerpt) {
  std::vector<std::string_view> lines;
  for (const auto part : excerpt | std::views::split('\n'))
    lines.emplace_back(part.begin(), part.end());
  auto last_words = read_last_words(lines);
  if (auto fatal = read_fatal_error(lines)) {
    if (!last_words) return ErrorReport{*std::move(fatal)};
    // That says what, the faulthandler where.
    if (!last_words->place) last_words->place = std::move(fatal->place);
    return ErrorReport{*std::move(last_words)};
  }
  Tracebacks tracebacks;
  for (const std::string_view line : lines)
    tracebacks.take(line);
  std::vector<ReportedError> errors = tracebacks.take_errors();
  if (!errors.empty()) {
    ErrorReport report{std::move(errors.back())};
    if (errors.size() > 1) report.because = std::move(errors[errors.size() - 2]);
    return report;
  }
  if (last_words) return ErrorReport{*std::move(last_words)};
  return std::nullopt;
}

std::string to_text(const SourcePlace& place, std::string_view folder) {
  std::string_view file = place.file;
  if (!folder.empty() && file.starts_with(folder) && file.substr(folder.size()).starts_with('/'))
    file.remove_prefix(folder.size() + 1);
  const bool has_function = !place.function.empty() && place.function != "<module>";
  return fmt::format("{}:{}{}{}", file, place.line, has_function ? " in " : "",
                     has_function ? place.function : "");
}

std::string to_sentence(const ReportedError& error, std::string_view folder) {
  return error.place ? fmt::format("{} ({})", error.what, to_text(*error.place, folder))
                     : error.what;
}

}  // namespace dora::daemon

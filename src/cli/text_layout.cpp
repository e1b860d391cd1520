// SPDX-License-Identifier: Apache-2.0
#include "cli/text_layout.hpp"

#include <vector>

#include <fmt/format.h>

#include "cli/console_text.hpp"

namespace dora::cli {
namespace {

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const auto end = text.find('\n');
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return lines;
}

// Adds words to lines; each line after the first begins with `hang`.
class Filler {
 public:
  Filler(std::string& into, std::size_t width, std::string hang)
      : into_(into), width_(width), hang_(std::move(hang)) {}

  void add(std::string_view words, std::size_t column) {
    column_ = column;
    is_at_start_ = true;
    append(words);
  }

  void append(std::string_view words) {
    while (!words.empty()) {
      const auto start = words.find_first_not_of(' ');
      if (start == std::string_view::npos) return;
      words.remove_prefix(start);
      const std::string_view word = words.substr(0, words.find(' '));
      words.remove_prefix(word.size());
      place(word);
    }
  }

 private:
  void place(std::string_view word) {
    const std::size_t size = display_width(word);
    if (!is_at_start_ && column_ + 1 + size > width_) {
      into_ += "\n" + hang_;
      column_ = hang_.size();
      is_at_start_ = true;
    }
    if (!is_at_start_) {
      into_ += ' ';
      ++column_;
    }
    into_ += word;
    column_ += size;
    is_at_start_ = false;
  }

  std::string& into_;
  std::size_t width_;
  std::string hang_;
  std::size_t column_ = 0;
  bool is_at_start_ = true;
};

}  // namespace

std::string wrap(std::string_view text, std::size_t width) {
  std::string result;
  Filler filler(result, width, "");
  bool is_in_paragraph = false;
  for (const std::string_view line : lines_of(text)) {
    if (line.empty() || line.front() == ' ') {
      if (is_in_paragraph) result += "\n";
      result += std::string(line) + "\n";
      is_in_paragraph = false;
    } else if (is_in_paragraph) {
      filler.append(line);
    } else {
      filler.add(line, 0);
      is_in_paragraph = true;
    }
  }
  if (is_in_paragraph) result += "\n";
  return result;
}

std::string row(std::string_view label, std::size_t label_width, std::string_view explanation) {
  const std::string hang(label_width + 4, ' ');
  const std::size_t size = display_width(label);
  std::string result = fmt::format("  {}", label);
  if (explanation.empty()) return result + "\n";
  if (size <= label_width) {
    result += std::string(label_width - size + 2, ' ');
  } else {
    result += "\n" + hang;
  }
  Filler(result, text_width, hang).add(explanation, hang.size());
  return result + "\n";
}

std::string indented(std::string_view lines, std::string_view prefix) {
  std::string result;
  for (const std::string_view line : lines_of(lines))
    result += line.empty() ? "\n" : fmt::format("{}{}\n", prefix, line);
  return result;
}

}  // namespace dora::cli

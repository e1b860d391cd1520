// SPDX-License-Identifier: Apache-2.0
#include "daemon/shell_words.hpp"

#include <fmt/format.h>

namespace dora::daemon {

Result<std::vector<std::string>> split_shell_words(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  bool in_word = false;
  char quote = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool has_next = i + 1 < text.size();
    if (quote == '\'') {
      if (c == '\'') {
        quote = 0;
      } else {
        word += c;
      }
    } else if (quote == '"') {
      if (c == '"') {
        quote = 0;
      } else if (c == '\\' && has_next && std::string_view("$`\"\\\n").contains(text[i + 1])) {
        if (text[++i] != '\n') word += text[i];
      } else {
        word += c;
      }
    } else if (c == '\'' || c == '"') {
      quote = c;
      in_word = true;
    } else if (c == '\\') {
      if (!has_next) return fail(ErrorKind::InvalidInput, "a backslash stands at the end");
      // A backslash before a line end continues the line.
      if (text[++i] != '\n') {
        word += text[i];
        in_word = true;
      }
    } else if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
      if (in_word) words.push_back(std::move(word));
      word.clear();
      in_word = false;
    } else {
      word += c;
      in_word = true;
    }
  }
  if (quote != 0)
    return fail(ErrorKind::InvalidInput, fmt::format("a quote ({}) is not closed", quote));
  if (in_word) words.push_back(std::move(word));
  return words;
}

}  // namespace dora::daemon

// SPDX-License-Identifier: Apache-2.0
#include "dataflow/words.hpp"

namespace dora::dataflow {
namespace {

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

// Inside double quotes a backslash only protects these.
bool is_special_in_quotes(char c) {
  return c == '$' || c == '`' || c == '"' || c == '\\' || c == '\n';
}

}  // namespace

Result<std::vector<std::string>> split_words(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  bool has_word = false;
  char quote = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (quote == '\'' || quote == '"') {
      if (c == quote) {
        quote = 0;
      } else if (quote == '"' && c == '\\' && i + 1 < text.size() &&
                 is_special_in_quotes(text[i + 1])) {
        if (text[++i] != '\n') word += text[i];
      } else {
        word += c;
      }
    } else if (is_blank(c)) {
      if (has_word) words.push_back(std::move(word));
      word.clear();
      has_word = false;
    } else if (c == '#' && !has_word) {
      // A comment, up to the end of the line.
      while (i + 1 < text.size() && text[i + 1] != '\n')
        ++i;
    } else {
      has_word = true;
      if (c == '\\') {
        if (i + 1 == text.size()) {
          return fail(ErrorKind::InvalidInput, "a backslash at the end protects nothing");
        }
        if (text[++i] != '\n') word += text[i];
      } else if (c == '\'' || c == '"') {
        quote = c;
      } else {
        word += c;
      }
    }
  }
  if (quote != 0) {
    return fail(ErrorKind::InvalidInput,
                quote == '"' ? "a double quote is not closed" : "a single quote is not closed");
  }
  if (has_word) words.push_back(std::move(word));
  return words;
}

}  // namespace dora::dataflow

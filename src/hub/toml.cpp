// SPDX-License-Identifier: Apache-2.0
#include "hub/toml.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <vector>

#include <boost/json.hpp>
#include <fmt/format.h>

namespace dora::hub {
namespace {

namespace json = boost::json;

constexpr int deepest = 64;

bool is_key_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-';
}

void append_utf8(std::string& text, std::uint32_t code) {
  if (code < 0x80) {
    text += static_cast<char>(code);
  } else if (code < 0x800) {
    text += static_cast<char>(0xC0 | (code >> 6));
    text += static_cast<char>(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    text += static_cast<char>(0xE0 | (code >> 12));
    text += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
    text += static_cast<char>(0x80 | (code & 0x3F));
  } else {
    text += static_cast<char>(0xF0 | (code >> 18));
    text += static_cast<char>(0x80 | ((code >> 12) & 0x3F));
    text += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
    text += static_cast<char>(0x80 | (code & 0x3F));
  }
}

class TomlReader {
 public:
  explicit TomlReader(std::string_view text) : text_(text) {}

  Result<json::object> read() {
    json::object root;
    std::vector<std::string> table;
    for (skip_lines(); at_ < text_.size(); skip_lines()) {
      if (peek() == '[') {
        table = TRY(read_header(root));
        continue;
      }
      auto key = TRY(read_key());
      skip_blanks();
      if (!take('=')) return refuse("`=` is missing");
      skip_blanks();
      json::value value = TRY(read_value(0));
      std::vector<std::string> path = table;
      path.insert(path.end(), key.begin(), key.end() - 1);
      json::object* where = find_table(root, path);
      if (where == nullptr || where->contains(key.back())) return refuse("a key is given twice");
      where->emplace(key.back(), std::move(value));
      if (!ends_line()) return refuse("something stands behind the value");
    }
    return root;
  }

 private:
  char peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  bool take(char wanted) {
    if (at_ >= text_.size() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }
  bool take(std::string_view wanted) {
    if (!text_.substr(at_).starts_with(wanted)) return false;
    at_ += wanted.size();
    return true;
  }
  void skip_blanks() {
    while (peek() == ' ' || peek() == '\t')
      ++at_;
  }
  void skip_comment() {
    if (peek() != '#') return;
    while (at_ < text_.size() && text_[at_] != '\n')
      ++at_;
  }
  void skip_lines() {
    for (;;) {
      skip_blanks();
      skip_comment();
      take('\r');
      if (!take('\n')) return;
    }
  }
  bool ends_line() {
    skip_blanks();
    skip_comment();
    take('\r');
    return at_ >= text_.size() || take('\n');
  }

  std::unexpected<Error> refuse(std::string_view why) const {
    const auto line = std::count(text_.begin(), text_.begin() + std::ptrdiff_t(at_), '\n') + 1;
    return fail(ErrorKind::InvalidInput, fmt::format("line {}: {}", line, why));
  }

  /// The table at `path`, made if it is not there; of a list of tables, the last.
  static json::object* find_table(json::object& root, const std::vector<std::string>& path) {
    json::object* table = &root;
    for (const std::string& key : path) {
      json::value& value = (*table)[key];
      if (value.is_null()) value = json::object();
      if (value.is_array() && !value.get_array().empty() && value.get_array().back().is_object()) {
        table = &value.get_array().back().get_object();
      } else if (value.is_object()) {
        table = &value.get_object();
      } else {
        return nullptr;
      }
    }
    return table;
  }

  Result<std::vector<std::string>> read_header(json::object& root) {
    const bool is_list = take("[[");
    if (!is_list) take('[');
    auto path = TRY(read_key());
    skip_blanks();
    if (!take(is_list ? "]]" : "]") || !ends_line()) return refuse("the name of a table is wrong");
    if (!is_list) {
      if (find_table(root, path) == nullptr) return refuse("a table has the name of a value");
      return path;
    }
    json::object* parent = find_table(root, std::vector<std::string>(path.begin(), path.end() - 1));
    if (parent == nullptr) return refuse("a table has the name of a value");
    json::value& list = (*parent)[path.back()];
    if (list.is_null()) list = json::array();
    if (!list.is_array()) return refuse("a table has the name of a value");
    list.get_array().emplace_back(json::object());
    return path;
  }

  Result<std::vector<std::string>> read_key() {
    std::vector<std::string> parts;
    do {
      skip_blanks();
      if (peek() == '"' || peek() == '\'') {
        parts.push_back(TRY(read_string()));
      } else {
        const std::size_t begin = at_;
        while (is_key_character(peek()))
          ++at_;
        if (at_ == begin) return refuse("a key is missing");
        parts.emplace_back(text_.substr(begin, at_ - begin));
      }
      if (parts.size() > deepest) return refuse("tables are nested too deeply");
      skip_blanks();
    } while (take('.'));
    return parts;
  }

  Result<json::value> read_value(int depth) {
    if (depth > deepest) return refuse("values are nested too deeply");
    if (peek() == '"' || peek() == '\'') return json::value(TRY(read_string()));
    if (peek() == '[') return read_list(depth);
    if (peek() == '{') return read_inline_table(depth);
    const std::size_t begin = at_;
    while (at_ < text_.size() &&
           std::string_view(",]}#\r\n").find(peek()) == std::string_view::npos)
      ++at_;
    std::string word(text_.substr(begin, at_ - begin));
    word.erase(word.find_last_not_of(" \t") + 1);
    if (word.empty()) return refuse("a value is missing");
    // Numbers, dates and times.
    const bool is_plain = std::ranges::all_of(
        word, [](char c) { return is_key_character(c) || std::string_view("+.: ").contains(c); });
    if (!is_plain) return refuse("a text must stand in quotes");
    if (word == "true" || word == "false") return json::value(word == "true");
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    if (error == std::errc() && end == word.data() + word.size()) return json::value(number);
    return json::value(word);
  }

  Result<json::value> read_list(int depth) {
    json::array list;
    take('[');
    for (;;) {
      skip_lines();
      if (take(']')) return json::value(std::move(list));
      list.push_back(TRY(read_value(depth + 1)));
      skip_lines();
      if (!take(',') && peek() != ']') return refuse("a list has no end");
    }
  }

  Result<json::value> read_inline_table(int depth) {
    json::object table;
    take('{');
    for (skip_blanks(); !take('}'); skip_blanks()) {
      auto key = TRY(read_key());
      if (!take('=')) return refuse("`=` is missing");
      skip_blanks();
      json::object* where = find_table(table, std::vector<std::string>(key.begin(), key.end() - 1));
      if (where == nullptr) return refuse("a key is given twice");
      where->insert_or_assign(key.back(), TRY(read_value(depth + 1)));
      skip_blanks();
      if (!take(',') && peek() != '}') return refuse("a table has no end");
    }
    return json::value(std::move(table));
  }

  Result<std::string> read_string() {
    const char quote = peek();
    const std::string whole(3, quote);
    const bool is_long = take(whole);
    if (!is_long) take(quote);
    if (is_long) {
      take('\r');
      take('\n');
    }
    std::string result;
    for (;;) {
      if (at_ >= text_.size() || (!is_long && peek() == '\n')) return refuse("a text has no end");
      if (is_long ? take(whole) : take(quote)) break;
      if (quote == '"' && take('\\')) {
        TRY(read_escape(result, is_long));
      } else {
        result += text_[at_++];
      }
    }
    // Up to two quotes may stand before the three that end a long text.
    while (is_long && take(quote))
      result += quote;
    return result;
  }

  Result<> read_escape(std::string& result, bool is_long) {
    if (at_ >= text_.size()) return refuse("a text has no end");
    const char c = text_[at_++];
    switch (c) {
      case 'b':
        result += '\b';
        return {};
      case 't':
        result += '\t';
        return {};
      case 'n':
        result += '\n';
        return {};
      case 'f':
        result += '\f';
        return {};
      case 'r':
        result += '\r';
        return {};
      case '"':
      case '\\':
        result += c;
        return {};
      case 'u':
      case 'U': {
        const std::size_t digits = c == 'u' ? 4 : 8;
        const std::string_view hex = text_.substr(std::min(at_, text_.size()), digits);
        std::uint32_t code = 0;
        const auto [end, error] = std::from_chars(hex.data(), hex.data() + hex.size(), code, 16);
        if (error != std::errc() || end != hex.data() + digits || code > 0x10FFFF ||
            (code >= 0xD800 && code < 0xE000))
          return refuse("a text holds a wrong escape");
        at_ += digits;
        append_utf8(result, code);
        return {};
      }
      default:
        break;
    }
    const bool is_line_end = is_long && (c == '\n' || c == ' ' || c == '\t' || c == '\r');
    if (!is_line_end) return refuse("a text holds a wrong escape");
    while (peek() == ' ' || peek() == '\t' || peek() == '\n' || peek() == '\r')
      ++at_;
    return {};
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

Result<json::object> parse_toml(std::string_view text) {
  return TomlReader(text).read();
}

}  // namespace dora::hub

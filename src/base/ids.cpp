// SPDX-License-Identifier: Apache-2.0
#include "base/ids.hpp"

#include <algorithm>

namespace dora {
namespace {

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

}  // namespace

Result<> NodeIdRules::check(std::string_view text) {
  if (text.empty()) return fail(ErrorKind::InvalidInput, "a node id must not be empty");
  if (text.size() > 64) {
    return fail(ErrorKind::InvalidInput, "a node id has at most 64 characters");
  }
  if (text.front() == '.' || text.front() == '-') {
    return fail(ErrorKind::InvalidInput, "a node id must not start with '.' or '-'");
  }
  if (text == "dora") {
    return fail(ErrorKind::InvalidInput, "'dora' is reserved for built-in sources");
  }
  if (!std::ranges::all_of(text, [](char c) { return is_word(c) || c == '.' || c == '-'; })) {
    return fail(ErrorKind::InvalidInput,
                "a node id consists of letters, digits, '_', '.' and '-' only");
  }
  return {};
}

Result<> DataIdRules::check(std::string_view text) {
  if (text.empty()) return fail(ErrorKind::InvalidInput, "an input or output id must not be empty");
  if (text.size() > 128) {
    return fail(ErrorKind::InvalidInput, "an input or output id has at most 128 characters");
  }
  if (text.front() == '/' || text.back() == '/' || text.contains("//")) {
    return fail(ErrorKind::InvalidInput,
                "an input or output id must not begin or end with '/', nor contain '//'");
  }
  if (!std::ranges::all_of(text,
                           [](char c) { return is_word(c) || c == '.' || c == '-' || c == '/'; })) {
    return fail(ErrorKind::InvalidInput,
                "an input or output id consists of letters, digits, '_', '.', '-' and '/' only");
  }
  return {};
}

}  // namespace dora

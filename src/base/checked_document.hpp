#pragma once
// SPDX-License-Identifier: Apache-2.0
// For tests only: a part of a document that is made of a table in the program. It stands between
// `<!-- table: NAME -->` and `<!-- end -->`. When DORA_WRITE_DOCUMENTS is set the test writes it
// instead of comparing.

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

namespace dora {

class CheckedDocument {
 public:
  explicit CheckedDocument(std::filesystem::path path) : path_(std::move(path)) {
    std::ifstream file(path_, std::ios::binary);
    text_.assign(std::istreambuf_iterator<char>(file), {});
  }

  const std::string& text() const { return text_; }

  /// What stands in the part; or `wanted`, written there.
  std::string part(std::string_view name, const std::string& wanted) {
    const std::string opening = "<!-- table: " + std::string(name) + " -->\n";
    const auto begin = text_.find(opening);
    const auto end = text_.find("<!-- end -->", begin);
    if (begin == std::string::npos || end == std::string::npos)
      return path_.string() + " has no part between " + opening + " and <!-- end -->";
    const auto first = begin + opening.size();
    if (std::getenv("DORA_WRITE_DOCUMENTS") != nullptr) {
      text_.replace(first, end - first, wanted);
      std::ofstream(path_, std::ios::binary) << text_;
      return wanted;
    }
    return text_.substr(first, end - first);
  }

 private:
  std::filesystem::path path_;
  std::string text_;
};

}  // namespace dora

// SPDX-License-Identifier: Apache-2.0
#include "cli/file_url.hpp"

#include <string_view>

#include <fmt/format.h>

namespace dora::cli {

std::string file_url(const std::filesystem::path& path) {
  std::string url = "file://";
  for (const char c : std::filesystem::absolute(path).string()) {
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                          (c >= '0' && c <= '9') || std::string_view("/-_.~").contains(c);
    url += is_plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return url;
}

}  // namespace dora::cli

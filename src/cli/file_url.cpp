// SPDX-License-Identifier: Apache-2.0
#include "cli/file_url.hpp"

#include <string_view>
#include <system_error>

#include <fmt/format.h>

namespace dora::cli {

std::string file_url(const std::filesystem::path& path) {
  std::string url = "file://";
  std::error_code error;  // of a folder that was removed: then as it is
  const std::filesystem::path whole = std::filesystem::absolute(path, error);
  for (const char c : (error ? path : whole).string()) {
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                          (c >= '0' && c <= '9') || std::string_view("/-_.~").contains(c);
    url += is_plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return url;
}

}  // namespace dora::cli

// SPDX-License-Identifier: Apache-2.0
// The `dora` program.
#include <cstdio>
#include <string_view>

#include "base/version.hpp"

int main(int argc, char** argv) {
  const std::string_view argument = argc == 2 ? argv[1] : "";
  if (argument == "--version" || argument == "-V") {
    const std::string_view version = dora::version();
    std::printf("dora %.*s\n", static_cast<int>(version.size()), version.data());
    return 0;
  }
  std::fputs("Usage: dora --version\n", stderr);
  return 2;
}

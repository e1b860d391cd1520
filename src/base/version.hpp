#pragma once
// SPDX-License-Identifier: Apache-2.0
#include <string_view>

namespace dora {

/// The version of this build, e.g. "0.1.0"; CMakeLists.txt is where it is written.
std::string_view version();

}  // namespace dora

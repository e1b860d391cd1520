#pragma once
// SPDX-License-Identifier: Apache-2.0
// What operators in libraries find in the program that loads them.

#include <span>

namespace dora::operators {

std::span<void* const> exported_functions();

}  // namespace dora::operators

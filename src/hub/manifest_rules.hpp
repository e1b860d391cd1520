#pragma once
// SPDX-License-Identifier: Apache-2.0
// What a name, a program, a platform or a variable of a manifest may be. Pure.

#include <string_view>

namespace dora::hub {

/// A relative path of plain characters that leads nowhere else.
bool is_confined_path(std::string_view text);
/// `<os>-<architecture>`.
bool is_platform(std::string_view text);
bool is_variable_name(std::string_view text);
/// Not one that changes which code a program loads, nor one of dora.
bool is_harmless_variable(std::string_view text);

}  // namespace dora::hub

#pragma once
// SPDX-License-Identifier: Apache-2.0
// Every command and flag of `dora`, as data: parsing, help, suggestions and the documentation are
// made from this one table.

#include <span>
#include <string_view>

namespace dora::cli {

struct Flag {
  enum class Takes { Nothing, Value, Values, OptionalValue };

  std::string_view name;          ///< "--stop-after"
  std::string_view short_name{};  ///< "-f", or empty
  std::string_view value{};       ///< "DUR" for help; empty when it takes nothing
  std::string_view help{};        ///< empty: accepted, but not listed
  Takes takes = Takes::Nothing;
  std::string_view environment{};  ///< gives the default when set, or empty
  std::string_view conflicts{};    ///< another flag of the command that excludes this one, or empty
};

struct Argument {
  std::string_view name;  ///< "PATH"
  std::string_view help{};
  std::size_t least = 0;
  std::size_t most = 0;
};

struct Command {
  std::string_view name;
  std::string_view alias{};  ///< or empty
  std::string_view group;    ///< heading in the general help
  std::string_view summary;
  Argument argument;
  std::span<const Flag> flags;
  std::string_view examples;  ///< lines
};

/// In the order of the general help.
std::span<const Command> commands();

/// By name or alias.
const Command* find_command(std::string_view word);

/// Flags that every command takes.
std::span<const Flag> common_flags();

/// Commands of dora that this version does not have.
std::span<const std::string_view> planned_commands();

}  // namespace dora::cli

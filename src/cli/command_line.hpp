#pragma once
// SPDX-License-Identifier: Apache-2.0
// What somebody typed after `dora`, taken apart by the command table. No flag is interpreted here:
// the commands do that.

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "cli/command_table.hpp"

namespace dora::cli {

/// Looks up an environment variable; nothing when it is not set or empty.
using Environment = std::function<std::optional<std::string>(std::string_view)>;

/// A command with the values of its flags.
class ParsedCommand {
 public:
  ParsedCommand(const Command& command, std::vector<std::string> arguments,
                std::map<std::string, std::vector<std::string>, std::less<>> flags)
      : command_(&command), arguments_(std::move(arguments)), flags_(std::move(flags)) {}

  const Command& command() const { return *command_; }
  const std::vector<std::string>& arguments() const { return arguments_; }

  /// Whether `flag` ("--all") was typed.
  bool has(std::string_view flag) const { return flags_.contains(flag); }
  /// The last value of `flag`, typed or from its environment variable. A flag with an optional
  /// value that was typed without one has the value "true".
  std::optional<std::string> value(std::string_view flag) const;
  /// All values of a flag that may be repeated.
  std::vector<std::string> values(std::string_view flag) const;

 private:
  const Command* command_;
  std::vector<std::string> arguments_;
  std::map<std::string, std::vector<std::string>, std::less<>> flags_;
};

/// A wish to read help, or the version. With neither command nor family: the general help.
struct HelpWanted {
  const Command* command = nullptr;
  const Family* family = nullptr;
};
struct VersionWanted {};

/// The command line makes no sense; exit code 2.
struct UsageError {
  std::string message;
  /// Whose usage to show; without both that of the program.
  const Command* command = nullptr;
  const Family* family = nullptr;
};

using CommandLine = std::variant<ParsedCommand, HelpWanted, VersionWanted, UsageError>;

/// `words` are what stands after the program's name. Without words the message of the error is
/// empty.
CommandLine parse_command_line(std::span<const std::string> words, const Environment& environment);

}  // namespace dora::cli

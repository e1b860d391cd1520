#pragma once
// SPDX-License-Identifier: Apache-2.0
// Every command and flag of `dora`, as data: parsing, help, suggestions, completion and the
// documentation are made from this one table. A command describes itself in the file that carries
// it out (`const Command stop_command` in stop.cpp); the table lists them.

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dora::cli {

struct CommandContext;

/// What completion offers for a value, beside `choices`.
enum class Complete {
  Nothing,
  Files,
  DataflowFiles,
  Dataflows,
  Nodes,
  NodeList,     ///< `node,node`
  LoggedNodes,  ///< those of an earlier run, too
  Outputs,
  Inputs,
  LogFilter,  ///< `node=level,node=level`
  Packages,   ///< of the hub
  DataflowFilesOrPackages,
  Parameters,
  Codes,
  Topics,
};

struct Flag {
  enum class Takes { Nothing, Value, Values, OptionalValue };

  std::string_view name;          ///< "--stop-after"
  std::string_view short_name{};  ///< "-f", or empty
  std::string_view value{};       ///< "DUR" for help; empty when it takes nothing
  std::string_view help{};        ///< empty: accepted, but not listed
  Takes takes = Takes::Nothing;
  std::string_view choices{};      ///< "table|json": the words it takes, in any case; empty: any
  std::string_view environment{};  ///< gives the default when set, or empty
  std::string_view conflicts{};    ///< another flag of the command that excludes this one, or empty
  Complete complete = Complete::Nothing;
};

struct Argument {
  enum class Takes { One, Optional, Several, AnyNumber };

  std::string_view name{};  ///< "PATH"; empty: there is no such argument
  std::string_view help{};
  Takes takes = Takes::One;
  Complete complete = Complete::Nothing;
  std::string_view choices{};  ///< "dataflow|module": offered by completion
};

/// The headings of the general help, in its order.
enum class Group { Write, Run, Look, Record, Machines, Help };
std::string_view to_text(Group group);

struct Command {
  std::string_view name;  ///< "run", or two words: "topic echo"
  std::array<std::string_view, 2> aliases{};
  Group group = Group::Help;
  std::string_view summary;  ///< one line, no full stop
  /// In this order; only the last may be taken several times.
  std::array<Argument, 3> arguments{};
  std::span<const Flag> flags{};
  /// Paragraphs for `--help` and the manual, an empty line between them; or empty.
  std::string_view description{};
  /// Lines, each a command and behind ` # ` what it does.
  std::string_view examples{};
  /// Returns the exit code of the program.
  int (*run)(const CommandContext& context) = nullptr;
  /// Known, but not listed.
  bool is_hidden = false;

  std::span<const Argument> own_arguments() const;
};

/// Commands of two words with the same first one.
struct Family {
  std::string_view name;
  std::string_view summary;
};

/// In the order of the help.
std::span<const Command* const> commands();
std::span<const Family> families();

/// By name or alias; words are separated by one space.
const Command* find_command(std::string_view name);
const Family* find_family(std::string_view name);
std::vector<const Command*> commands_of(const Family& family);

/// Flags that every command takes.
std::span<const Flag> common_flags();

/// Every command that has `--json` takes `--format json`, too.
extern const Flag plain_format;

/// Those of the command and the common ones; a command's own meaning of a name comes first.
const Flag* find_flag(const Command& command, std::string_view word);
const Flag* find_flag(std::span<const Flag> flags, std::string_view word);

/// What `choices` holds, one by one.
std::vector<std::string> split_choices(std::string_view choices);

/// Whether `word` begins a command of dora that this version does not have.
bool is_planned_command(std::string_view word);

}  // namespace dora::cli

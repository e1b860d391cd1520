// SPDX-License-Identifier: Apache-2.0
#include "cli/command_line.hpp"

#include <algorithm>
#include <cctype>
#include <filesystem>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/spelling.hpp"
#include "base/version.hpp"

namespace dora::cli {
namespace {

using FlagValues = std::map<std::string, std::vector<std::string>, std::less<>>;

std::string suggestion(std::string_view word, std::span<const std::string> known) {
  const auto near = closest_match(word, known);
  return near ? fmt::format(", did you mean `{}`?", *near) : std::string();
}

// "a, b or c"
std::string or_list(const std::vector<std::string>& words) {
  if (words.size() < 2) return words.empty() ? "" : words.front();
  return fmt::format("{} or {}", fmt::join(words.begin(), words.end() - 1, ", "), words.back());
}

bool equal_in_any_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(
      a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

// A folder that `dora run` would take.
bool names_dataflow(std::string_view word) {
  std::error_code error;
  const std::filesystem::path folder(word);
  return !word.empty() && (std::filesystem::is_regular_file(folder / "dataflow.yml", error) ||
                           std::filesystem::is_regular_file(folder / "dataflow.yaml", error));
}

UsageError unknown_command(std::string_view word) {
  if (is_planned_command(word))
    return {fmt::format("`dora {}` is not in this version yet (dora {})", word, version())};
  if (word.ends_with(".yml") || word.ends_with(".yaml"))
    return {fmt::format("unknown command `{}`, did you mean `dora run {}`?", word, word)};
  if (names_dataflow(word))
    return {fmt::format("unknown command `{}`, did you mean `dora run {}`?", word, word)};
  if (word == "version") return {"unknown command `version`, did you mean `dora --version`?"};
  std::vector<std::string> known;
  for (const Command* command : commands()) {
    if (command->is_hidden) continue;
    for (const std::string_view alias : command->aliases)
      if (alias.starts_with(word) && alias.substr(word.size()).starts_with(' '))
        return {fmt::format("`dora {}` needs a command: `dora {}`", word, alias)};
    known.emplace_back(command->name);
    for (const std::string_view alias : command->aliases)
      if (!alias.empty()) known.emplace_back(alias);
  }
  for (const Family& family : families())
    known.emplace_back(family.name);
  return {fmt::format("unknown command `{}`{}", word, suggestion(word, known))};
}

UsageError unknown_command_of(const Family& family, std::string_view word) {
  std::vector<std::string> known;
  for (const Command* command : commands_of(family))
    known.emplace_back(command->name.substr(family.name.size() + 1));
  const auto near = closest_match(word, known);
  return {fmt::format("unknown command `{} {}`{}", family.name, word,
                      near ? fmt::format(", did you mean `{} {}`?", family.name, *near) : ""),
          nullptr, &family};
}

UsageError unknown_flag(const Command* command, std::string_view word) {
  std::vector<std::string> known;
  const auto add = [&](std::span<const Flag> flags) {
    for (const Flag& flag : flags)
      known.emplace_back(flag.name);
  };
  if (command != nullptr) {
    add(command->flags);
    if (find_flag(*command, plain_format.name) != nullptr) known.emplace_back(plain_format.name);
  }
  add(common_flags());
  const std::string where = command == nullptr ? "dora" : fmt::format("dora {}", command->name);
  // `-uv` for `--uv`.
  const std::string with_two = fmt::format("-{}", word);
  if (word.size() > 2 && std::ranges::find(known, with_two) != known.end())
    return {fmt::format("unknown flag `{}` for `{}`, did you mean `{}`?", word, where, with_two),
            command};
  // `dora --json list`.
  const bool is_of_commands =
      command == nullptr && std::ranges::any_of(commands(), [&](auto* each) {
        return find_flag(each->flags, word) != nullptr;
      });
  if (is_of_commands)
    return {
        fmt::format("unknown flag `{}` for `dora`: it stands behind the command, as in `dora "
                    "COMMAND {}`",
                    word, word)};
  return {fmt::format("unknown flag `{}` for `{}`{}", word, where, suggestion(word, known)),
          command};
}

// `value` as `flag` spells it, or nothing.
std::optional<std::string> choice_of(const Flag& flag, const std::string& value) {
  if (flag.choices.empty()) return value;
  for (std::string& choice : split_choices(flag.choices))
    if (equal_in_any_case(choice, value)) return std::move(choice);
  return std::nullopt;
}

std::string wrong_choice(const Flag& flag, std::string_view shown, const std::string& value) {
  const auto choices = split_choices(flag.choices);
  return fmt::format("{}: use {}{}", shown, or_list(choices), suggestion(value, choices));
}

// `-` is a file's name, and `-1` a number.
bool is_flag_like(std::string_view word) {
  return word.size() > 1 && word.front() == '-' &&
         std::isdigit(static_cast<unsigned char>(word[1])) == 0 && word[1] != '.';
}

// Takes the words of one command apart.
class WordReader {
 public:
  WordReader(const Command& command, std::span<const std::string> words)
      : command_(command), words_(words) {}

  std::optional<UsageError> read() {
    while (next_ < words_.size()) {
      const std::string& word = words_[next_++];
      if (word == "--") {
        arguments.insert(arguments.end(), words_.begin() + std::ptrdiff_t(next_), words_.end());
        break;
      }
      if (!is_flag_like(word)) {
        arguments.push_back(word);
        continue;
      }
      auto mistake = word.starts_with("--") ? read_long(word) : read_short(word);
      if (mistake) return mistake;
    }
    return check_arguments();
  }

  std::optional<UsageError> read_environment(const Environment& environment) {
    for (const auto list : {command_.flags, common_flags()}) {
      for (const Flag& flag : list) {
        if (flag.environment.empty() || flags.contains(flag.name)) continue;
        const auto value = environment(flag.environment);
        if (!value) continue;
        auto choice = choice_of(flag, *value);
        if (!choice)
          return UsageError{
              wrong_choice(flag, fmt::format("{}={}", flag.environment, *value), *value),
              &command_};
        flags[std::string(flag.name)] = {std::move(*choice)};
      }
    }
    return std::nullopt;
  }

  std::vector<std::string> arguments;
  FlagValues flags;

 private:
  std::optional<UsageError> read_long(const std::string& word) {
    const auto equals = word.find('=');
    const std::string name = word.substr(0, equals);
    const Flag* flag = find_flag(command_, name);
    if (flag == nullptr) return unknown_flag(&command_, name);
    if (flag->takes == Flag::Takes::Nothing) {
      if (equals != std::string::npos)
        return UsageError{fmt::format("`{}` takes no value", name), &command_};
      return set(*flag, "true");
    }
    if (equals != std::string::npos) return set(*flag, word.substr(equals + 1));
    // In `--flag word` the word is no value when it may be left out.
    if (flag->takes == Flag::Takes::OptionalValue) return set(*flag, "true");
    return set_from_next_word(*flag, name);
  }

  // `-f json`, `-fjson`, `-af` (two flags).
  std::optional<UsageError> read_short(const std::string& word) {
    for (std::size_t i = 1; i < word.size(); ++i) {
      const std::string name{'-', word[i]};
      const Flag* flag = find_flag(command_, name);
      if (flag == nullptr)
        return unknown_flag(&command_, find_flag(command_, "-" + word) ? word : name);
      if (flag->takes == Flag::Takes::Nothing || flag->takes == Flag::Takes::OptionalValue) {
        if (auto mistake = set(*flag, "true")) return mistake;
        continue;
      }
      if (i + 1 == word.size()) return set_from_next_word(*flag, name);
      return set(*flag, word.substr(word[i + 1] == '=' ? i + 2 : i + 1));
    }
    return std::nullopt;
  }

  std::optional<UsageError> set_from_next_word(const Flag& flag, const std::string& name) {
    const bool is_there =
        next_ < words_.size() && words_[next_] != "--" &&
        (!is_flag_like(words_[next_]) ||
         find_flag(command_, words_[next_].substr(0, words_[next_].find('='))) == nullptr);
    if (!is_there)
      return UsageError{fmt::format("`{}` needs a value: {} {}", name, flag.name, flag.value),
                        &command_};
    return set(flag, words_[next_++]);
  }

  std::optional<UsageError> set(const Flag& flag, const std::string& value) {
    auto choice = choice_of(flag, value);
    if (!choice)
      return UsageError{wrong_choice(flag, fmt::format("`{} {}`", flag.name, value), value),
                        &command_};
    if (&flag != &plain_format) {
      flags[std::string(flag.name)].push_back(std::move(*choice));
    } else if (*choice == "json") {
      flags["--json"] = {"true"};
    }
    return std::nullopt;
  }

  std::optional<UsageError> check_arguments() const {
    const auto wanted = command_.own_arguments();
    const auto is_required = [](const Argument& argument) {
      return argument.takes == Argument::Takes::One || argument.takes == Argument::Takes::Several;
    };
    for (std::size_t i = arguments.size(); i < wanted.size(); ++i) {
      if (is_required(wanted[i]))
        return UsageError{
            fmt::format("`dora {}` needs {}: {}", command_.name, wanted[i].name, wanted[i].help),
            &command_};
    }
    const bool is_open = !wanted.empty() && (wanted.back().takes == Argument::Takes::Several ||
                                             wanted.back().takes == Argument::Takes::AnyNumber);
    if (is_open || arguments.size() <= wanted.size()) return std::nullopt;
    if (wanted.empty())
      return UsageError{
          fmt::format("`dora {}` takes no argument, not `{}`", command_.name, arguments.front()),
          &command_};
    if (wanted.size() == 1) {
      const bool has_node = find_flag(command_.flags, "--node") != nullptr;
      return UsageError{
          fmt::format("`dora {}` takes only one {}, not also `{}`{}", command_.name,
                      wanted.front().name, arguments[1],
                      has_node ? fmt::format(": name a node with `--node {}`", arguments[1]) : ""),
          &command_};
    }
    return UsageError{fmt::format("`dora {}` takes {} arguments, not also `{}`", command_.name,
                                  wanted.size(), arguments[wanted.size()]),
                      &command_};
  }

  const Command& command_;
  std::span<const std::string> words_;
  std::size_t next_ = 0;
};

std::optional<UsageError> find_conflict(const Command& command, const FlagValues& flags) {
  for (const Flag& flag : command.flags) {
    if (flag.conflicts.empty() || !flags.contains(flag.name) || !flags.contains(flag.conflicts))
      continue;
    return UsageError{fmt::format("`{}` and `{}` exclude each other", flag.name, flag.conflicts),
                      &command};
  }
  return std::nullopt;
}

CommandLine parse_words(const Command& command, std::span<const std::string> words,
                        const Environment& environment) {
  for (const std::string& word : words) {
    if (word == "--") break;
    if (word == "--help" || word == "-h") return HelpWanted{.command = &command};
    // `dora hub publish --version 1.2.3` is about something else.
    const bool is_own = find_flag(command.flags, word) != nullptr;
    if ((word == "--version" || word == "-V") && !is_own) return VersionWanted{};
  }
  WordReader reader(command, words);
  if (auto mistake = reader.read()) return std::move(*mistake);
  if (auto conflict = find_conflict(command, reader.flags)) return std::move(*conflict);
  if (auto mistake = reader.read_environment(environment)) return std::move(*mistake);
  return ParsedCommand(command, std::move(reader.arguments), std::move(reader.flags));
}

}  // namespace

std::optional<std::string> ParsedCommand::value(std::string_view flag) const {
  const auto found = flags_.find(flag);
  return found == flags_.end() ? std::nullopt : std::optional(found->second.back());
}

std::vector<std::string> ParsedCommand::values(std::string_view flag) const {
  const auto found = flags_.find(flag);
  return found == flags_.end() ? std::vector<std::string>{} : found->second;
}

CommandLine parse_command_line(std::span<const std::string> words, const Environment& environment) {
  // Flags before the command are those of every command; they are passed on to it.
  std::vector<std::string> rest;
  std::size_t i = 0;
  for (; i < words.size() && words[i].starts_with('-'); ++i) {
    const std::string& word = words[i];
    const Flag* flag = find_flag(common_flags(), word.substr(0, word.find('=')));
    if (flag == nullptr) return unknown_flag(nullptr, word.substr(0, word.find('=')));
    if (flag->name == "--help") return HelpWanted{};
    if (flag->name == "--version") return VersionWanted{};
    rest.push_back(word);
    if (flag->takes == Flag::Takes::Value && word.find('=') == std::string::npos &&
        i + 1 < words.size())
      rest.push_back(words[++i]);
  }
  if (i == words.size()) {
    if (words.size() == 1 && words[0] == "-v")
      return UsageError{"no command was given, did you mean `dora --version`?"};
    return UsageError{words.empty() ? "" : "no command was given"};
  }
  const std::string& first = words[i++];
  const Command* command =
      i < words.size() ? find_command(fmt::format("{} {}", first, words[i])) : nullptr;
  if (command != nullptr) {
    ++i;
  } else {
    command = find_command(first);
  }
  if (command != nullptr) {
    rest.insert(rest.end(), words.begin() + std::ptrdiff_t(i), words.end());
    return parse_words(*command, rest, environment);
  }
  const Family* family = find_family(first);
  if (family == nullptr) return unknown_command(first);
  if (i == words.size())
    return UsageError{fmt::format("`dora {}` needs a command", first), nullptr, family};
  if (words[i] == "--help" || words[i] == "-h") return HelpWanted{.family = family};
  return unknown_command_of(*family, words[i]);
}

}  // namespace dora::cli

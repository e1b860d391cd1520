// SPDX-License-Identifier: Apache-2.0
// The only file that includes CLI11. Its own messages never reach the user: the words are looked
// through first, so that what is wrong can be told together with what was meant.
#include "cli/command_line.hpp"

#include <algorithm>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/spelling.hpp"
#include "base/version.hpp"

namespace dora::cli {
namespace {

const Flag* find_flag(std::span<const Flag> flags, std::string_view word) {
  const auto found = std::ranges::find_if(flags, [&](const Flag& flag) {
    return flag.name == word || (!flag.short_name.empty() && flag.short_name == word);
  });
  return found == flags.end() ? nullptr : &*found;
}

// The flag of `command`, or of every command, that `word` names. A command's own meaning of a short
// name comes first.
const Flag* find_flag(const Command& command, std::string_view word) {
  if (const Flag* flag = find_flag(command.flags, word)) return flag;
  return find_flag(common_flags(), word);
}

std::string suggestion(std::string_view word, std::span<const std::string> known) {
  const auto near = closest_match(word, known);
  return near ? fmt::format(", did you mean `{}`?", *near) : std::string();
}

UsageError unknown_command(std::string_view word) {
  if (std::ranges::find(planned_commands(), word) != planned_commands().end())
    return {fmt::format("`dora {}` is not in this version yet (dora {})", word, version()),
            nullptr};
  std::vector<std::string> known{"help"};
  for (const Command& command : commands()) {
    known.emplace_back(command.name);
    if (!command.alias.empty()) known.emplace_back(command.alias);
  }
  if (word.ends_with(".yml") || word.ends_with(".yaml"))
    return {fmt::format("unknown command `{}`, did you mean `dora run {}`?", word, word), nullptr};
  return {fmt::format("unknown command `{}`{}", word, suggestion(word, known)), nullptr};
}

UsageError unknown_flag(const Command* command, std::string_view word) {
  std::vector<std::string> known;
  const auto add = [&](std::span<const Flag> flags) {
    for (const Flag& flag : flags)
      known.emplace_back(flag.name);
  };
  if (command != nullptr) add(command->flags);
  add(common_flags());
  const std::string where = command == nullptr ? "dora" : fmt::format("dora {}", command->name);
  return {fmt::format("unknown flag `{}` for `{}`{}", word, where, suggestion(word, known)),
          command};
}

// What CLI11 would only call an error: a flag nobody knows, a value that is missing.
std::optional<UsageError> find_mistake(const Command& command, std::span<const std::string> words) {
  std::size_t arguments = 0;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word == "--") {
      arguments += words.size() - i - 1;
      break;
    }
    if (!word.starts_with('-') || word == "-") {
      ++arguments;
      continue;
    }
    const auto equals = word.starts_with("--") ? word.find('=') : std::string::npos;
    std::string name = word.substr(0, equals);
    // `-fjson` and `-af` are one word each.
    const bool is_joined = !word.starts_with("--") && word.size() > 2;
    if (is_joined) name = word.substr(0, 2);
    const Flag* flag = find_flag(command, name);
    if (flag == nullptr) return unknown_flag(&command, name);
    const bool needs_value =
        flag->takes == Flag::Takes::Value || flag->takes == Flag::Takes::Values;
    if (flag->takes == Flag::Takes::Nothing && equals != std::string::npos)
      return UsageError{fmt::format("`{}` takes no value", name), &command};
    if (flag->takes == Flag::Takes::Nothing && is_joined) {
      for (const char c : word.substr(2)) {
        const std::string next{'-', c};
        const Flag* other = find_flag(command, next);
        if (other == nullptr) return unknown_flag(&command, next);
        if (other->takes != Flag::Takes::Nothing)
          return UsageError{fmt::format("write `{}` apart from the others: it takes a value", next),
                            &command};
      }
    }
    if (needs_value && equals == std::string::npos && !is_joined) {
      if (++i == words.size())
        return UsageError{fmt::format("`{}` needs a value: {} {}", name, flag->name, flag->value),
                          &command};
    }
  }
  const Argument& wanted = command.argument;
  if (arguments < wanted.least)
    return UsageError{fmt::format("`dora {}` needs {}: {}", command.name, wanted.name, wanted.help),
                      &command};
  if (arguments > wanted.most)
    return UsageError{wanted.most == 0
                          ? fmt::format("`dora {}` takes no argument", command.name)
                          : fmt::format("`dora {}` takes only one {}", command.name, wanted.name),
                      &command};
  return std::nullopt;
}

void add_flag(CLI::App& app, const Flag& flag, bool with_short_name,
              std::map<std::string, std::vector<std::string>, std::less<>>& into) {
  std::string names(flag.name);
  if (with_short_name && !flag.short_name.empty())
    names = fmt::format("{},{}", flag.short_name, flag.name);
  const auto collect = [&into, name = std::string(flag.name)](const CLI::results_t& values) {
    into[name] = values;
    return true;
  };
  if (flag.takes == Flag::Takes::Nothing) {
    app.add_flag_callback(names, [&into, name = std::string(flag.name)] { into[name] = {"true"}; })
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  } else {
    app.add_option(names, collect)
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
        ->allow_extra_args(false);
  }
}

// A flag whose value is optional takes it only behind `=`: in `--flag word` the word is no value.
void complete_optional_values(const Command& command, std::vector<std::string>& words) {
  for (std::string& word : words) {
    if (word == "--") return;
    const Flag* flag = find_flag(command, word);
    if (flag != nullptr && flag->takes == Flag::Takes::OptionalValue) word += "=true";
  }
}

std::optional<UsageError> find_conflict(const ParsedCommand& parsed) {
  for (const Flag& flag : parsed.command().flags) {
    if (flag.conflicts.empty() || !parsed.has(flag.name) || !parsed.has(flag.conflicts)) continue;
    return UsageError{fmt::format("`{}` and `{}` exclude each other", flag.name, flag.conflicts),
                      &parsed.command()};
  }
  return std::nullopt;
}

CommandLine parse_words(const Command& command, std::vector<std::string> words,
                        const Environment& environment) {
  if (auto mistake = find_mistake(command, words)) return std::move(*mistake);
  complete_optional_values(command, words);
  std::map<std::string, std::vector<std::string>, std::less<>> flags;
  std::vector<std::string> arguments;
  CLI::App app;
  app.set_help_flag();
  try {
    for (const Flag& flag : command.flags)
      add_flag(app, flag, true, flags);
    for (const Flag& flag : common_flags()) {
      if (find_flag(command.flags, flag.name) != nullptr) continue;
      const bool is_free = find_flag(command.flags, flag.short_name) == nullptr;
      add_flag(app, flag, is_free, flags);
    }
    if (command.argument.most > 0)
      app.add_option("argument", arguments)->expected(0, static_cast<int>(command.argument.most));
    std::ranges::reverse(words);
    app.parse(std::move(words));
  } catch (const CLI::Error& error) {
    return UsageError{error.what(), &command};
  }
  for (const auto list : {command.flags, common_flags()}) {
    for (const Flag& flag : list) {
      if (flag.environment.empty() || flags.contains(flag.name)) continue;
      if (const auto value = environment(flag.environment))
        flags[std::string(flag.name)] = {*value};
    }
  }
  ParsedCommand parsed(command, std::move(arguments), std::move(flags));
  if (auto conflict = find_conflict(parsed)) return std::move(*conflict);
  return parsed;
}

}  // namespace

std::optional<std::string> ParsedCommand::value(std::string_view flag) const {
  const auto found = flags_.find(flag);
  if (found == flags_.end()) return std::nullopt;
  return found->second.empty() ? "true" : found->second.back();
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
  if (i == words.size()) return UsageError{words.empty() ? "" : "no command was given", nullptr};
  const bool wants_help = words[i] == "help";
  if (wants_help && ++i == words.size()) return HelpWanted{};
  const Command* command = find_command(words[i]);
  if (command == nullptr) return unknown_command(words[i]);
  if (wants_help) return HelpWanted{command};
  const auto own = words.subspan(i + 1);
  const auto end = std::ranges::find(own, "--");
  if (std::find_if(own.begin(), end,
                   [](const std::string& word) { return word == "--help" || word == "-h"; }) != end)
    return HelpWanted{command};
  rest.insert(rest.end(), own.begin(), own.end());
  return parse_words(*command, std::move(rest), environment);
}

}  // namespace dora::cli

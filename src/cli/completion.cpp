// SPDX-License-Identifier: Apache-2.0
#include "cli/completion.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace dora::cli {
namespace {

// Bash hands `--format=json` and `camera=info` over as three words.
std::vector<std::string> join_at_equals(std::span<const std::string> words) {
  std::vector<std::string> joined;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] != "=" || joined.empty()) {
      joined.push_back(words[i]);
      continue;
    }
    joined.back() += "=";
    if (i + 1 < words.size()) joined.back() += words[++i];
  }
  return joined;
}

bool takes_next_word(const Flag& flag) {
  return flag.takes == Flag::Takes::Value || flag.takes == Flag::Takes::Values;
}

class Completer {
 public:
  Completer(std::span<const std::string> words, CompletionSource& source)
      : words_(join_at_equals(words)), source_(source) {
    if (words_.empty()) words_.emplace_back();
    begun_ = words_.back();
    words_.pop_back();
  }

  std::vector<Candidate> run() {
    find_command_of_words();
    if (command_ == nullptr) {
      if (begun_.starts_with('-'))
        offer_flags(common_flags());
      else if (family_ != nullptr)
        offer_family();
      else if (!has_first_word_)
        offer_commands();
      return std::move(found_);
    }
    const Flag* open = read_words();
    if (open != nullptr) {
      offer_values(*open, begun_, "");
    } else if (is_after_dashes_ || !begun_.starts_with('-')) {
      offer_argument();
    } else if (const auto equals = begun_.find('='); equals != std::string::npos) {
      const Flag* flag = find_flag(*command_, begun_.substr(0, equals));
      if (flag != nullptr)
        offer_values(*flag, begun_.substr(equals + 1), begun_.substr(0, equals + 1));
    } else {
      offer_flags(command_->flags);
      offer_flags(common_flags());
    }
    return std::move(found_);
  }

 private:
  void find_command_of_words() {
    while (next_ < words_.size() && words_[next_].starts_with('-')) {
      const Flag* flag = find_flag(common_flags(), words_[next_]);
      next_ += flag != nullptr && takes_next_word(*flag) ? 2 : 1;
    }
    if (next_ >= words_.size()) {
      next_ = words_.size();
      return;
    }
    has_first_word_ = true;
    const std::string& first = words_[next_++];
    if (next_ < words_.size()) command_ = find_command(first + " " + words_[next_]);
    if (command_ != nullptr) {
      ++next_;
      return;
    }
    family_ = find_family(first);
    if (family_ == nullptr) command_ = find_command(first);
  }

  // Counts the arguments; returns the flag that waits for a value.
  const Flag* read_words() {
    while (next_ < words_.size()) {
      const std::string& word = words_[next_++];
      if (word == "--") {
        is_after_dashes_ = true;
        while (next_ < words_.size())
          read_argument(words_[next_++]);
        return nullptr;
      }
      if (!word.starts_with('-') || word == "-") {
        read_argument(word);
        continue;
      }
      const auto equals = word.find('=');
      const Flag* flag = find_flag(*command_, word.substr(0, equals));
      if (flag == nullptr) continue;
      if (equals != std::string::npos) {
        remember(flag->complete, std::string_view(word).substr(equals + 1));
        continue;
      }
      if (!takes_next_word(*flag)) continue;
      if (next_ == words_.size()) return flag;
      remember(flag->complete, words_[next_++]);
    }
    return nullptr;
  }

  void read_argument(std::string_view word) {
    const auto wanted = command_->own_arguments();
    if (!wanted.empty()) remember(wanted[std::min(arguments_, wanted.size() - 1)].complete, word);
    ++arguments_;
  }

  // What was typed before tells which names can follow.
  void remember(Complete kind, std::string_view word) {
    if (kind == Complete::DataflowFiles) query_.file = word;
    if (kind == Complete::Dataflows) query_.dataflow = word;
    if (kind == Complete::Nodes) query_.node = word;
  }

  std::vector<Candidate> names(Complete kind, std::string_view begun) {
    NameQuery query = query_;
    query.kind = kind;
    query.begun = begun;
    const bool is_filter = kind == Complete::LogFilter;
    if (!is_filter && kind != Complete::NodeList) return source_.names(query);
    // Of `camera=info,det` the part behind the comma is being typed.
    const auto comma = begun.rfind(',');
    const std::string before(begun.substr(0, comma == std::string_view::npos ? 0 : comma + 1));
    query.begun = begun.substr(before.size());
    std::vector<Candidate> found;
    const auto equals = query.begun.find('=');
    if (is_filter && equals != std::string::npos) {
      for (const char* level : {"error", "warn", "info", "debug", "trace", "stdout"})
        found.push_back({before + query.begun.substr(0, equals + 1) + level, ""});
      return found;
    }
    query.kind = is_filter ? Complete::LoggedNodes : Complete::Nodes;
    for (const Candidate& node : source_.names(query))
      found.push_back({before + node.word + (is_filter ? "=" : ""), node.help});
    return found;
  }

  void offer(std::string_view word, std::string_view help) {
    if (!word.starts_with(begun_)) return;
    if (std::ranges::find(found_, word, &Candidate::word) != found_.end()) return;
    found_.push_back({std::string(word), std::string(help)});
  }

  void offer_commands() {
    for (const Command* command : commands()) {
      if (command->is_hidden) continue;
      if (const auto space = command->name.find(' '); space != std::string_view::npos) {
        const Family* family = find_family(command->name.substr(0, space));
        if (family != nullptr) offer(family->name, family->summary);
      } else {
        offer(command->name, command->summary);
      }
    }
  }

  void offer_family() {
    for (const Command* command : commands_of(*family_))
      if (!command->is_hidden)
        offer(command->name.substr(family_->name.size() + 1), command->summary);
  }

  void offer_flags(std::span<const Flag> flags) {
    for (const Flag& flag : flags)
      if (!flag.help.empty()) offer(flag.name, flag.help);
  }

  void offer_values(const Flag& flag, std::string_view begun, const std::string& before) {
    const auto add = [&](const std::string& word, const std::string& help) {
      const std::string whole = before + word;
      if (!word.starts_with(begun) ||
          std::ranges::find(found_, whole, &Candidate::word) != found_.end())
        return;
      found_.push_back({whole, help});
    };
    for (const std::string& choice : split_choices(flag.choices))
      add(choice, "");
    for (const Candidate& each : names(flag.complete, begun))
      add(each.word, each.help);
  }

  void offer_argument() {
    const auto wanted = command_->own_arguments();
    if (wanted.empty()) return;
    const Argument& last = wanted.back();
    const bool is_open =
        last.takes == Argument::Takes::Several || last.takes == Argument::Takes::AnyNumber;
    if (arguments_ >= wanted.size() && !is_open) return;
    const Argument& argument = wanted[std::min(arguments_, wanted.size() - 1)];
    for (const std::string& choice : split_choices(argument.choices))
      offer(choice, "");
    for (const Candidate& each : names(argument.complete, begun_))
      offer(each.word, each.help);
  }

  std::vector<std::string> words_;
  CompletionSource& source_;
  std::string begun_;
  const Command* command_ = nullptr;
  const Family* family_ = nullptr;
  std::size_t next_ = 0;
  std::size_t arguments_ = 0;
  bool has_first_word_ = false;
  bool is_after_dashes_ = false;
  NameQuery query_;
  std::vector<Candidate> found_;
};

constexpr std::string_view bash_script = R"(# Completion of dora for bash. Put this into ~/.bashrc:
#   source <(dora completion bash)
_dora() {
  local word before= at=$COMP_CWORD
  # Behind a `=` bash has begun a new word: what stands before it is not to be typed again.
  [[ ${COMP_WORDS[at]} == = ]] && before==
  while ((at > 0)) && [[ ${COMP_WORDS[at]} == = || ${COMP_WORDS[at-1]} == = ]]; do
    ((at--))
    before=${COMP_WORDS[at]}$before
  done
  COMPREPLY=()
  while IFS=$'\t' read -r word _; do
    COMPREPLY+=("${word#"$before"}")
  done < <("${COMP_WORDS[0]}" __complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[/=] ]] && compopt -o nospace
  return 0
}
complete -F _dora dora
)";

constexpr std::string_view zsh_script = R"(#compdef dora
# Completion of dora for zsh. Put this into ~/.zshrc, behind compinit:
#   source <(dora completion zsh)
_dora() {
  local line
  local -a plain folders
  while IFS= read -r line; do
    local word=${line%%$'\t'*} help=${line#*$'\t'}
    if [[ $word == *[/=] ]]; then
      folders+=("$word")
    else
      plain+=("${word//:/\\:}:${help}")
    fi
  done < <("${words[1]}" __complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)
  (( ${#plain} )) && _describe -V dora plain
  (( ${#folders} )) && compadd -S '' -- "${folders[@]}"
  return 0
}
if [[ $funcstack[1] == _dora ]]; then
  _dora "$@"
else
  compdef _dora dora
fi
)";

constexpr std::string_view fish_script =
    R"(# Completion of dora for fish. Put this into ~/.config/fish/config.fish:
#   dora completion fish | source
function __dora_complete
    set -l words (commandline -opc) (commandline -ct)
    command $words[1] __complete -- $words[2..-1] 2>/dev/null
end
complete -c dora -f -a '(__dora_complete)'
)";

constexpr std::string_view elvish_script = R"(use str
set edit:completion:arg-completer[dora] = {|@words|
  e:dora __complete -- $@words[1..] | each {|line|
    var word @help = (str:split "\t" $line)
    edit:complex-candidate $word &display=(str:join '  ' [$word $@help])
  }
}
)";

constexpr std::string_view powershell_script =
    R"(Register-ArgumentCompleter -Native -CommandName dora -ScriptBlock {
  param($begun, $line, $cursor)
  $words = @($line.CommandElements | Select-Object -Skip 1 | ForEach-Object { "$_" })
  if ($begun -eq '') { $words += '' }
  dora __complete -- @words | ForEach-Object {
    $word, $help = $_ -split "`t", 2
    if (-not $help) { $help = $word }
    [System.Management.Automation.CompletionResult]::new($word, $word, 'ParameterValue', $help)
  }
}
)";

}  // namespace

std::vector<Candidate> complete(std::span<const std::string> words, CompletionSource& source) {
  return Completer(words, source).run();
}

std::string_view completion_script(std::string_view shell) {
  if (shell == "bash") return bash_script;
  if (shell == "zsh") return zsh_script;
  if (shell == "fish") return fish_script;
  if (shell == "elvish") return elvish_script;
  if (shell == "powershell" || shell == "pwsh") return powershell_script;
  return "";
}

}  // namespace dora::cli

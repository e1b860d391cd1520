#pragma once
// SPDX-License-Identifier: Apache-2.0
// What can stand at a place of a command line. Made of the command table; names that only running
// dataflows and the disk know come through a seam.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/command_table.hpp"

namespace dora::cli {

struct Candidate {
  std::string word;
  std::string help;
  bool operator==(const Candidate&) const = default;
};

/// What is asked for, and what of the command line narrows it down.
struct NameQuery {
  Complete kind = Complete::Nothing;
  /// What was typed of the word, for files.
  std::string begun{};
  /// A dataflow's file, the name of a running dataflow, one of its nodes; empty where none was
  /// typed.
  std::string file{};
  std::string dataflow{};
  std::string node{};
};

/// Where names come from.
class CompletionSource {
 public:
  virtual ~CompletionSource() = default;
  virtual std::vector<Candidate> names(const NameQuery& query) = 0;
};

/// The words that may stand where the last of `words` is being typed; `words` are what stands
/// behind the program, the last one perhaps empty. Only those that begin as it does.
std::vector<Candidate> complete(std::span<const std::string> words, CompletionSource& source);

/// The script that makes a shell ask us, for `bash`, `zsh`, `fish`, `elvish` or `powershell`; empty
/// for others.
std::string_view completion_script(std::string_view shell);

}  // namespace dora::cli

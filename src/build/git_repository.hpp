#pragma once
// SPDX-License-Identifier: Apache-2.0
// The repository that a node's `git` names, and its clones beside the dataflow: one folder for each
// commit, git/<host>/<path>/<commit>. A clone appears complete or not at all: it is made under
// another name, `.<commit>.partial-<process>`, and renamed at the end.

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "build/command.hpp"
#include "build/stop_signal.hpp"
#include "dataflow/node.hpp"

namespace dora::build {

/// The address without a user's name and password, for messages and files.
std::string public_address(std::string_view url);

/// "branch main", "tag v1", "rev 12ab" or "HEAD": what of the repository is wanted.
std::string reference_text(const dataflow::GitSource& source);

/// Prepares what git inherits: nothing of a git that started us, and nobody to ask for a password.
void forget_outer_git(std::map<std::string, std::string>& variables);

/// Where the clones of a repository are, in the folder of the dataflow.
std::filesystem::path clones_of(std::string_view url, const std::filesystem::path& folder);

class GitRepository {
 public:
  /// `folder` is that of the dataflow, where relative addresses begin. `variables` is what git
  /// inherits. `on_line` and `stop` outlive it.
  GitRepository(const dataflow::GitSource& source, std::filesystem::path folder,
                std::map<std::string, std::string> variables, const OnLine& on_line,
                const StopSignal& stop);

  /// The commit that is wanted, in full. Asks the repository, unless `rev` says it in full or
  /// names a clone. Blocks.
  ///
  /// Fails with NotFound when the repository has no such branch, tag or commit.
  Result<std::string> find_commit();

  /// The folder of the clone of `commit`, with its submodules, made if it is not there. Blocks.
  Result<std::filesystem::path> clone(const std::string& commit) {
    return clone_into(clones_, commit);
  }
  /// The same in the folder `clones`, which another program looks after.
  Result<std::filesystem::path> clone_into(const std::filesystem::path& clones,
                                           const std::string& commit);

  /// The same without asking anybody; empty: there is none.
  std::filesystem::path find_clone(const std::string& commit) const;

 private:
  Command git(std::vector<std::string> words, const std::filesystem::path& directory) const;
  Result<std::string> find_in_list();
  Result<std::string> find_revision();
  Result<> fill(const std::filesystem::path& partial, const std::string& revision);
  /// Fails with NotFound when there is no such commit in it.
  Result<> check_out(const std::filesystem::path& partial, const std::string& commit);
  Result<> fetch_submodules(const std::filesystem::path& partial);

  dataflow::GitSource source_;
  std::filesystem::path folder_;
  /// For git: absolute when it is a path.
  std::string address_;
  std::filesystem::path clones_;
  std::map<std::string, std::string> variables_;
  const OnLine& on_line_;
  const StopSignal& stop_;
};

}  // namespace dora::build

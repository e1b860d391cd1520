#pragma once
// SPDX-License-Identifier: Apache-2.0
// The managed Python environment of one node, `.dora/python-envs/<node>` in its folder: made by uv,
// with this installation of dora in it, for this node alone. A stamp in it says for which dataflow
// and from what it was built; without its stamp it is a ruin, and is made anew.
//
//   none or ruin ──create()──► no stamp ──add_dora(), the node's commands, check()──► set_stamp()
//                                  └──────────── whatever goes wrong ───────────► ruin

#include <filesystem>
#include <map>
#include <string>

#include "base/result.hpp"
#include "build/command.hpp"

namespace dora::build {

using Variables = std::map<std::string, std::string>;

/// "" for a variable that is not set.
std::string value_of(const Variables& variables, std::string_view name);

/// What environments are made with.
struct PythonTools {
  std::filesystem::path uv;
  /// A Python that has this dora.
  std::filesystem::path own_python;
};

class PythonEnvironment {
 public:
  /// `tools` and `stop` outlive it.
  PythonEnvironment(std::filesystem::path folder, const PythonTools& tools, const OnLine& on_line,
                    const StopSignal& stop);

  /// Makes it anew. `python` is the interpreter it is for, or a version that uv looks for
  /// (">=3.12"); empty: uv chooses.
  Result<> create(const std::string& python, const std::filesystem::path& working_directory,
                  const Variables& variables);
  /// Puts this dora into it, what dora needs, and pip. Removes another `dora`.
  Result<> add_dora(const Variables& variables);
  /// Whether `import dora` there is this dora.
  Result<> check(const Variables& variables);

  std::string stamp() const;
  void remove_stamp();
  Result<> set_stamp(const std::string& stamp);

  /// What programs see that shall use it and nothing else: `variables` changed.
  static Variables entered(Variables variables, const std::filesystem::path& folder);

 private:
  std::filesystem::path python() const { return folder_ / "bin/python"; }

  std::filesystem::path folder_;
  const PythonTools& tools_;
  const OnLine& on_line_;
  const StopSignal& stop_;
};

/// The stamp of the environment in `folder`; empty: there is none that was finished.
std::string environment_stamp(const std::filesystem::path& folder);

/// uv with the settings that pip would have: where it looks for packages, and which it trusts.
/// What is set for uv itself comes first.
void add_pip_settings(Variables& variables);

}  // namespace dora::build

#pragma once
// SPDX-License-Identifier: Apache-2.0
// What the package that a node's `hub` names turned out to be. The module `hub` finds it; whoever
// builds, checks or runs the node reads it.

#include <filesystem>
#include <map>
#include <string>

#include "base/ids.hpp"
#include "dataflow/type_library.hpp"

namespace dora::dataflow {

struct HubPackage {
  /// `<namespace>/<name>`.
  std::string key{};
  /// Empty: a folder that takes the place of the package.
  std::string version{};
  /// Of the manifest; another one is another contract.
  std::string manifest_digest{};

  /// Relative to the folder of the package, or the name of a program in its Python environment.
  std::string entrypoint{};
  bool is_python = false;
  /// One command per line.
  std::string build{};

  /// Where its source is: a repository, the whole hash of a commit, and the folder in it.
  std::string repository{};
  std::string commit{};
  std::string subfolder{};
  /// Or a program to be downloaded.
  std::string url{};
  std::string sha256{};
  std::string platform{};
  /// Or a folder of this machine.
  std::filesystem::path folder{};

  std::map<DataId, std::string> input_types{};
  std::map<DataId, std::string> output_types{};
  /// By their full names.
  std::map<std::string, TypeDefinition> types{};
};

}  // namespace dora::dataflow

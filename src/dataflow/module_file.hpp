#pragma once
// SPDX-License-Identifier: Apache-2.0
// Module files: read, checked, and kept, so that a module used often is read once.

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "dataflow/node_decoder.hpp"

namespace dora::dataflow {

/// In bytes.
inline constexpr std::size_t module_size_limit = 1u << 20;

/// Which inner node sends an output of a module.
struct ModuleExport {
  /// `child`, or `child.grandchild` for a module in the module.
  std::string node;
  std::string output;
};

struct ModuleFile {
  std::string name;
  /// From the dataflow's directory, without `..`.
  std::filesystem::path path;
  std::set<DataId> inputs;
  std::set<DataId> optional_inputs;
  /// Outputs that are declared but wrong are not in it; that was reported.
  std::map<DataId, ModuleExport> exports;
  std::set<DataId> outputs;
  std::optional<std::string> build;
  std::vector<NodeDraft> nodes;
  /// 1 without modules inside, else one more than the highest of them.
  std::size_t height = 1;
};

class ModuleLoader {
 public:
  /// `files` may be null: then no module can be read.
  ModuleLoader(Report& report, const EnvironmentLookup& environment, FileSource* files,
               std::filesystem::path base_directory, std::filesystem::path shown_directory)
      : report_(report),
        environment_(environment),
        files_(files),
        base_directory_(std::move(base_directory)),
        shown_directory_(std::move(shown_directory)) {}

  /// Sets the file of every module that `drafts` use; `directory` is where they are written, from
  /// the dataflow's directory.
  void load_modules(std::vector<NodeDraft>& drafts, const std::filesystem::path& directory);

 private:
  std::shared_ptr<const ModuleFile> load(const ModuleUse& use,
                                         const std::filesystem::path& directory);
  std::shared_ptr<const ModuleFile> read(const ModuleUse& use, const std::filesystem::path& path);
  void find_exports(ModuleFile& file, const Fields& header);

  Report& report_;
  const EnvironmentLookup& environment_;
  FileSource* files_;
  std::filesystem::path base_directory_;
  std::filesystem::path shown_directory_;
  /// By path; nothing for a file that cannot be used.
  std::map<std::string, std::shared_ptr<const ModuleFile>> loaded_;
  /// The files that are being read now, outermost first.
  std::vector<std::string> open_;
};

}  // namespace dora::dataflow

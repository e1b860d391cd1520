#pragma once
// SPDX-License-Identifier: Apache-2.0
// Puts the nodes of modules in the place of the nodes that use them. The node `n` of the module
// used as `m` becomes `m.n`; what it reads as `_mod/<port>` becomes what is bound to that port.

#include <filesystem>
#include <vector>

#include "dataflow/module_file.hpp"

namespace dora::dataflow {

/// `drafts`, whose modules are loaded, without modules. `files` tells bare command names from files
/// beside a module; it may be null.
std::vector<NodeDraft> expand_modules(const Decoder& decoder, const std::vector<NodeDraft>& drafts,
                                      FileSource* files,
                                      const std::filesystem::path& base_directory);

/// `args` of a node in a module with `$PARAM_<KEY>` and `${_param.<key>}` replaced, in one pass.
std::string replace_params(std::string_view args, const std::map<std::string, std::string>& params);

}  // namespace dora::dataflow

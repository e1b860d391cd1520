#pragma once
// SPDX-License-Identifier: Apache-2.0
// Reads one entry of `nodes`. The result is a draft: sources are text, modules stand unexpanded.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "dataflow/fields.hpp"
#include "dataflow/node.hpp"

namespace dora::dataflow {

struct ModuleFile;

/// The part of a draft that says which module takes its place. The bindings are the inputs of the
/// draft's node.
struct ModuleUse {
  /// As written.
  std::string path;
  Location location;
  std::map<std::string, std::string> params;
  /// Nothing when it could not be used; then that was reported.
  std::shared_ptr<const ModuleFile> file;
};

struct NodeDraft {
  Node node;
  /// Empty when the id is wrong, which was reported.
  std::string written_id;
  /// Whether the node's outputs are known for sure. If not, inputs that read them are not judged.
  bool has_known_outputs = true;
  std::shared_ptr<ModuleUse> module;
};

/// One entry, a map. `number` is its place, counted from 1, for those that have no id.
NodeDraft decode_node(const Decoder& decoder, const YamlNode& written, std::size_t number);

/// The nodes of `fields`, which is a dataflow or a module file. What is no map is left out.
std::vector<NodeDraft> decode_nodes(const Decoder& decoder, const Fields& fields);

}  // namespace dora::dataflow

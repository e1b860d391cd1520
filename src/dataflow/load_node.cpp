// SPDX-License-Identifier: Apache-2.0
#include "dataflow/load_node.hpp"

#include <utility>

#include <fmt/format.h>

#include "dataflow/node_decoder.hpp"
#include "dataflow/parsed_text.hpp"
#include "dataflow/wiring.hpp"

namespace dora::dataflow {
namespace {

constexpr std::size_t longest_definition = 1u << 20;

/// The map that defines the node; null, and a report, when there is not exactly one.
const YamlNode* find_definition(const YamlNode* root, std::uint32_t source, Report& report) {
  const YamlNode* found = root;
  if (found != nullptr && found->is_mapping())
    if (const YamlNode* nodes = found->find("nodes")) found = nodes;
  if (found != nullptr && found->is_sequence() && found->children.size() == 1)
    found = found->children.front();
  if (found != nullptr && found->is_mapping()) return found;
  if (!report.has_errors()) {
    report.add(found != nullptr ? found->at : Location{source, 0, 0},
               {.code = "E006",
                .message = "the file must hold the definition of exactly one node",
                .help = "write what would stand below `nodes:`, e.g. `id: camera` and "
                        "`path: camera.py`"});
  }
  return nullptr;
}

NodeDraft draft_of_known(const KnownNode& known) {
  NodeDraft draft;
  draft.node.id = known.id;
  draft.written_id = known.id.text();
  for (const DataId& output : known.outputs)
    draft.node.ports.outputs.emplace_back().id = output;
  return draft;
}

std::optional<Node> decode_definition(const Decoder& decoder, const YamlNode& definition,
                                      const std::vector<KnownNode>& known) {
  NodeDraft draft = decode_node(decoder, definition, 1);
  if (draft.module) {
    decoder.report.add(definition.at, {.code = "E006",
                                       .message = "a module is not one node",
                                       .help = "add the nodes of the module one by one"});
    return std::nullopt;
  }
  std::vector<NodeDraft> drafts;
  for (const KnownNode& each : known)
    drafts.push_back(draft_of_known(each));
  drafts.push_back(std::move(draft));
  return std::move(wire(decoder, std::move(drafts)).back());
}

}  // namespace

LoadResult load_node(const std::filesystem::path& path, const std::filesystem::path& base_directory,
                     const std::vector<KnownNode>& known, const EnvironmentLookup& environment) {
  LoadResult result;
  DiskFileSource files;
  const auto text = files.read(path, longest_definition);
  if (!text) {
    const std::string name = shown(path.string(), 4096);
    result.diagnostics.push_back(diagnose_file(
        name, {.code = "E001",
               .message = fmt::format("cannot read `{}`: {}", name, text.error().message)}));
    return result;
  }
  ParsedText parsed(path.string(), *text, environment);
  std::optional<Node> node;
  if (const YamlNode* definition = find_definition(parsed.root(), parsed.source, parsed.report))
    node = decode_definition(parsed.decoder(), *definition, known);
  result.diagnostics = parsed.report.finish(result.omitted);
  if (!node || parsed.report.has_errors()) return result;
  Dataflow dataflow;
  dataflow.nodes.push_back(*std::move(node));
  dataflow.base_directory = base_directory;
  dataflow.sources = parsed.report.sources();
  result.dataflow = std::move(dataflow);
  return result;
}

}  // namespace dora::dataflow

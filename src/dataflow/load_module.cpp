// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "dataflow/load.hpp"
#include "dataflow/module_file.hpp"
#include "dataflow/yaml_document.hpp"

namespace dora::dataflow {
namespace {

std::string in_quotes(std::string_view text) {
  std::string result = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + "\"";
}

const YamlNode* entry_of(const YamlNode* mapping, std::string_view key) {
  if (mapping == nullptr || !mapping->is_mapping()) return nullptr;
  for (std::size_t i = 0; i + 1 < mapping->children.size(); i += 2)
    if (mapping->children[i]->text == key) return mapping->children[i + 1];
  return nullptr;
}

// The ports that must be bound, as far as they can be read; what is wrong is told later.
std::string bindings_of(const std::string& text) {
  Report report;
  const auto source = report.add_source(std::make_shared<SourceText>("", text));
  const YamlDocument document = YamlDocument::parse(source, report);
  const YamlNode* inputs = entry_of(entry_of(document.root(), "module"), "inputs");
  std::string bindings;
  if (inputs == nullptr || !inputs->is_sequence()) return bindings;
  for (const YamlNode* input : inputs->children)
    if (input->is_scalar()) bindings += in_quotes(input->text) + ": dora/timer/secs/1, ";
  return bindings;
}

}  // namespace

LoadResult load_module(const std::filesystem::path& path, const EnvironmentLookup& environment) {
  DiskFileSource files;
  const auto text = files.read(path, module_size_limit);
  std::error_code error;
  const std::filesystem::path real = std::filesystem::canonical(path, error);
  if (!text || error) {
    const std::string name = shown(path.string(), 4096);
    LoadResult result;
    result.diagnostics.push_back(diagnose_file(
        name, {.code = "E001",
               .message = fmt::format("cannot read `{}`: {}", name,
                                      text ? error.message() : text.error().message)}));
    return result;
  }
  const std::string use = fmt::format("nodes: [{{id: module, module: {}, inputs: {{{}}}}}]\n",
                                      in_quotes(real.filename().string()), bindings_of(*text));
  return parse(use, {.file_name = (path.parent_path() / "a use of the module").string(),
                     .base_directory = real.parent_path(),
                     .environment = environment,
                     .files = &files});
}

}  // namespace dora::dataflow

// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "dataflow/load.hpp"
#include "dataflow/module_file.hpp"
#include "dataflow/parsed_text.hpp"

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

// The ports that must be bound, as far as they can be read; what is wrong is told later.
std::string bindings_of(const std::string& text) {
  const ParsedText parsed("", text);
  const YamlNode* header = parsed.root() ? parsed.root()->find("module") : nullptr;
  const YamlNode* inputs = header ? header->find("inputs") : nullptr;
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

// SPDX-License-Identifier: Apache-2.0
#include "dataflow/module_file.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "dataflow/scalar.hpp"

namespace dora::dataflow {
namespace {

constexpr std::size_t module_nesting_limit = 8;

bool leaves_directory(const std::filesystem::path& normal) {
  return !normal.empty() && *normal.begin() == "..";
}

std::set<DataId> decode_ports_of(const Fields& header, std::string_view key) {
  auto ids = header.data_ids(key);
  return {ids.begin(), ids.end()};
}

// The outputs of a direct child that have the id `output`.
std::vector<ModuleExport> candidates(const NodeDraft& child, const DataId& output) {
  std::vector<ModuleExport> found;
  if (child.module) {
    if (!child.module->file) return found;
    const auto& exports = child.module->file->exports;
    if (auto inner = exports.find(output); inner != exports.end()) {
      found.push_back({child.written_id + "." + inner->second.node, inner->second.output});
    }
    return found;
  }
  if (child.node.kind == NodeKind::Operators) {
    for (const Operator& each : child.node.operators) {
      if (!each.ports.find_output(output)) continue;
      found.push_back({child.written_id, each.id + "/" + output.text()});
    }
    return found;
  }
  if (child.node.ports.find_output(output)) found.push_back({child.written_id, output.text()});
  return found;
}

}  // namespace

void ModuleLoader::load_modules(std::vector<NodeDraft>& drafts,
                                const std::filesystem::path& directory) {
  for (NodeDraft& draft : drafts) {
    if (draft.module && !draft.module->path.empty()) {
      draft.module->file = load(*draft.module, directory);
    }
    if (draft.module && !draft.module->file) draft.has_known_outputs = false;
  }
}

std::shared_ptr<const ModuleFile> ModuleLoader::load(const ModuleUse& use,
                                                     const std::filesystem::path& directory) {
  auto refuse = [&](std::string code, std::string message, std::string help) {
    report_.add(use.location,
                {.code = std::move(code), .message = std::move(message), .help = std::move(help)});
    return nullptr;
  };
  std::filesystem::path written(use.path);
  std::filesystem::path path = (directory / written).lexically_normal();
  if (written.is_absolute() || leaves_directory(path)) {
    return refuse(
        "E030",
        fmt::format("the module `{}` is not inside the dataflow's directory", shown(use.path)),
        "write a path relative to the file that uses the module");
  }
  std::string key = path.generic_string();
  if (auto cycle = std::ranges::find(open_, key); cycle != open_.end()) {
    std::vector<std::string> way(cycle, open_.end());
    way.push_back(key);
    return refuse("E031",
                  fmt::format("the module `{}` contains itself: {}", shown(key),
                              shown(fmt::format("{}", fmt::join(way, " -> ")), 300)),
                  "remove one of these uses");
  }
  auto known = loaded_.find(key);
  std::size_t height = known != loaded_.end() && known->second ? known->second->height : 1;
  if (open_.size() + height > module_nesting_limit) {
    return refuse("E032",
                  fmt::format("modules are nested more than {} levels deep", module_nesting_limit),
                  "use the inner module in the dataflow itself");
  }
  if (known != loaded_.end()) return known->second;
  open_.push_back(key);
  auto file = read(use, path);
  open_.pop_back();
  loaded_[key] = file;
  return file;
}

std::shared_ptr<const ModuleFile> ModuleLoader::read(const ModuleUse& use,
                                                     const std::filesystem::path& path) {
  Result<std::string> text = fail(ErrorKind::NotFound, "module files cannot be read here");
  if (files_) text = files_->read(base_directory_ / path, module_size_limit);
  if (!text) {
    std::optional<std::string> near;
    if (files_ && text.error().kind == ErrorKind::NotFound)
      near = closest_yaml(*files_, base_directory_ / path);
    // As it was written, with the other name.
    const std::string folder = use.path.substr(0, use.path.rfind('/') + 1);
    report_.add(use.location,
                {.code = "E030",
                 .message = fmt::format("the module `{}` cannot be used: {}",
                                        shown(path.generic_string()), text.error().message),
                 .help = near ? fmt::format("did you mean `{}{}`?", shown(folder),
                                            shown(std::filesystem::path(*near).filename().string()))
                              : ""});
    return nullptr;
  }
  if (text->starts_with("\xEF\xBB\xBF")) text->erase(0, 3);
  std::string name = (shown_directory_ / path).lexically_normal().generic_string();
  auto source = report_.add_source(std::make_shared<SourceText>(name, std::move(*text)));
  YamlDocument document = YamlDocument::parse(source, report_);
  if (!document.root()) return nullptr;
  if (!document.root()->is_mapping()) {
    report_.add(document.root()->at, {.code = "E006",
                                      .message = fmt::format("a module file must be a map, not {}",
                                                             describe(*document.root())),
                                      .help = "it begins with `module:` and has `nodes:`"});
    return nullptr;
  }
  Decoder decoder{report_, document, environment_};
  Fields fields(decoder, *document.root(), module_file_keys, "the module file");
  for (std::string_view key : {"module", "nodes"}) {
    if (!fields.is_written(key)) fields.require(key);
  }
  auto file = std::make_shared<ModuleFile>();
  file->path = path;
  file->build = fields.text("build");
  file->nodes = decode_nodes(decoder, fields);
  load_modules(file->nodes, path.parent_path());
  for (const NodeDraft& draft : file->nodes) {
    if (draft.module && draft.module->file) {
      file->height = std::max(file->height, draft.module->file->height + 1);
    }
  }
  const YamlNode* map = fields.map("module");
  if (!map) return file;
  Fields header(decoder, *map, module_header_keys, "`module`");
  if (!header.has("name")) header.require("name");
  file->name = header.text("name").value_or("");
  file->inputs = decode_ports_of(header, "inputs");
  file->optional_inputs = decode_ports_of(header, "inputs_optional");
  file->outputs = decode_ports_of(header, "outputs");
  find_exports(*file, header);
  return file;
}

void ModuleLoader::find_exports(ModuleFile& file, const Fields& header) {
  bool has_unknown_outputs = std::ranges::any_of(
      file.nodes, [](const NodeDraft& draft) { return !draft.has_known_outputs; });
  for (const DataId& output : file.outputs) {
    std::vector<ModuleExport> found;
    for (const NodeDraft& child : file.nodes) {
      if (child.written_id.empty()) continue;
      std::ranges::move(candidates(child, output), std::back_inserter(found));
    }
    if (found.size() == 1) {
      file.exports.emplace(output, std::move(found[0]));
      continue;
    }
    if (found.empty() && has_unknown_outputs) continue;
    report_.add(header.key_location("outputs"),
                {.code = "E033",
                 .message = fmt::format("the output `{}` of module `{}` is sent by {} of its nodes",
                                        output.text(), shown(file.name),
                                        found.empty() ? "none" : "more than one"),
                 .help = "exactly one node of the module must have it in its `outputs`"});
  }
}

}  // namespace dora::dataflow

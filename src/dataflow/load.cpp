// SPDX-License-Identifier: Apache-2.0
#include "dataflow/load.hpp"

#include <algorithm>
#include <system_error>

#include <fmt/format.h>

#include "dataflow/environment.hpp"
#include "dataflow/module_expansion.hpp"
#include "dataflow/module_file.hpp"
#include "dataflow/node_fields.hpp"
#include "dataflow/old_spelling.hpp"
#include "dataflow/scalar.hpp"
#include "dataflow/wiring.hpp"

namespace dora::dataflow {
namespace {

constexpr std::size_t dataflow_size_limit = 4u << 20;

std::vector<TypeRule> decode_type_rules(const Decoder& decoder, const Fields& fields) {
  std::vector<TypeRule> rules;
  for (const YamlNode* item : fields.list("type_rules")) {
    if (!item->is_mapping()) {
      decoder.report.add(item->at, {.code = "E006",
                                    .message = fmt::format("an entry of `type_rules` must be a "
                                                           "map, not {}",
                                                           describe(*item)),
                                    .help = "write `{from: <type>, to: <type>}`"});
      continue;
    }
    Fields inner(decoder, *item, type_rule_keys, "an entry of `type_rules`");
    auto type = [&](std::string_view key) {
      if (!inner.has(key)) inner.require(key);
      const YamlNode* value = inner.find(key);
      return TypeAnnotation{inner.text(key).value_or(""), value ? value->at : item->at};
    };
    TypeAnnotation from = type("from");
    rules.push_back({std::move(from), type("to")});
  }
  return rules;
}

bool decode_debug(const Decoder& decoder, const Fields& fields) {
  const YamlNode* map = fields.map("debug");
  if (!map) return false;
  const YamlNode& now = with_new_spelling(decoder, *map, debug_spelling);
  Fields inner(decoder, now, debug_keys, "`debug`");
  return inner.boolean("enable_debug_inspection").value_or(false);
}

void decode_root(const Decoder& decoder, const YamlNode& root, const ParseOptions& options,
                 Dataflow& dataflow) {
  Fields fields(decoder, with_new_spelling(decoder, root, root_spelling), root_keys,
                "the dataflow");
  if (!fields.is_written("nodes")) fields.require("nodes");
  dataflow.env = decode_environment(decoder, fields);
  dataflow.strict_types = fields.boolean("strict_types").value_or(false);
  dataflow.type_rules = decode_type_rules(decoder, fields);
  dataflow.health_check_interval = fields.duration("health_check_interval", Fields::Zero::Refused)
                                       .value_or(std::chrono::seconds(5));
  dataflow.exit_when_nodes_finish = fields.boolean("exit_when_nodes_finish");
  dataflow.deploy = decode_deploy(decoder, fields, "deploy");
  dataflow.enable_debug_inspection = decode_debug(decoder, fields);

  std::vector<NodeDraft> drafts = decode_nodes(decoder, fields);
  ModuleLoader loader(decoder.report, decoder.environment, options.files, options.base_directory,
                      std::filesystem::path(options.file_name).parent_path());
  loader.load_modules(drafts, {});
  dataflow.nodes =
      wire(decoder, expand_modules(decoder, drafts, options.files, options.base_directory));
}

void parse_document(std::uint32_t source, Report& report, const ParseOptions& options,
                    Dataflow& dataflow) {
  YamlDocument document = YamlDocument::parse(source, report);
  const YamlNode* root = document.root();
  if (!root || root->is_null()) {
    if (report.has_errors()) return;
    report.add(root ? root->at : Location{source, 0, 0},
               {.code = "E021",
                .message = "the file is empty",
                .help = "a dataflow needs `nodes:`; `dora new` makes an example"});
    return;
  }
  if (!root->is_mapping()) {
    report.add(root->at,
               {.code = "E006",
                .message = fmt::format("a dataflow must be a map, not {}", describe(*root)),
                .help = "it begins with `nodes:`"});
    return;
  }
  Decoder decoder{report, document, options.environment};
  decode_root(decoder, *root, options, dataflow);
}

// Whether nothing can be drawn of a dataflow with this mistake.
bool spoils_sketch(const Diagnostic& diagnostic) {
  constexpr std::string_view harmless[] = {"E011", "E013", "E014"};
  return diagnostic.severity == Severity::Error &&
         std::ranges::find(harmless, diagnostic.code) == std::end(harmless);
}

LoadResult cannot_read(const std::string& name, const std::string& reason, std::string help) {
  LoadResult result;
  result.diagnostics.push_back(
      diagnose_file(name, {.code = "E001",
                           .message = fmt::format("cannot read `{}`: {}", name, reason),
                           .help = std::move(help)}));
  return result;
}

}  // namespace

LoadResult parse(std::string_view text, const ParseOptions& options) {
  if (text.size() > dataflow_size_limit) {
    return cannot_read(shown(options.file_name, 4096), "it is larger than 4 MiB", "");
  }
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  Report report;
  auto source =
      report.add_source(std::make_shared<SourceText>(options.file_name, std::string(text)));
  Dataflow dataflow;
  parse_document(source, report, options, dataflow);
  LoadResult result;
  result.diagnostics = report.finish(result.omitted);
  dataflow.base_directory = options.base_directory;
  dataflow.sources = report.sources();
  if (!report.has_errors()) {
    result.dataflow = std::move(dataflow);
  } else if (result.omitted == 0 && std::ranges::none_of(result.diagnostics, spoils_sketch)) {
    result.sketch = std::move(dataflow);
  }
  return result;
}

LoadResult load(const std::filesystem::path& path, const EnvironmentLookup& environment) {
  DiskFileSource files;
  std::string name = path.string();
  auto text = files.read(path, dataflow_size_limit);
  if (!text) {
    std::string help;
    if (files.exists(path / "dataflow.yml")) {
      help = fmt::format("did you mean `{}`?", shown((path / "dataflow.yml").string(), 4096));
    } else if (text.error().kind == ErrorKind::NotFound) {
      if (const auto near = closest_yaml(files, path))
        help = fmt::format("did you mean `{}`?", shown(*near, 4096));
    }
    return cannot_read(shown(name, 4096), text.error().message, std::move(help));
  }
  std::error_code error;
  std::filesystem::path real = std::filesystem::canonical(path, error);
  if (error) return cannot_read(shown(name, 4096), error.message(), "");
  return parse(*text, {.file_name = std::move(name),
                       .base_directory = real.parent_path(),
                       .environment = environment,
                       .files = &files});
}

}  // namespace dora::dataflow

// SPDX-License-Identifier: Apache-2.0
#include "hub/manifest.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/semantic_version.hpp"
#include "base/spelling.hpp"
#include "build/fingerprint.hpp"
#include "dataflow/file_source.hpp"
#include "dataflow/parsed_text.hpp"
#include "dataflow/scalar.hpp"
#include "hub/manifest_rules.hpp"

namespace dora::hub {
namespace {

using dataflow::Decoder;
using dataflow::Fields;
using dataflow::Key;
using dataflow::KeyTable;
using dataflow::Location;
using dataflow::ScalarKind;
using dataflow::YamlNode;

constexpr Key manifest_key_list[] = {
    {"apiVersion", "number", "required", "The version of the form: 1."},
    {"name", "text", "required", "The name of the package."},
    {"namespace", "text", "required", "Whose package it is."},
    {"description", "text", "none", "One line for people."},
    {"categories", "list of words", "none", "What it is for."},
    {"keywords", "list of texts", "none", "Words by which it is found."},
    {"runtime", "`python`, `rust`, `c` or `cpp`", "required", "The language of the node."},
    {"entrypoint", "path", "required", "What is started."},
    {"build", "text", "none", "Commands, one per line."},
    {"platforms", "list of texts", "all", "Where it runs."},
    {"dora", "requirement", "any", "Which versions of dora it is made for."},
    {"inputs", "map of ports", "none", "What it reads."},
    {"outputs", "map of ports", "none", "What it sends."},
    {"env", "map of variables", "none", "The variables it reads."},
    {"types", "map of types", "none", "Types that it brings along."},
    {"requirements", "map", "none", "What else it needs, for people."},
    {"example", "text", "none", "A piece of a dataflow, for people."},
};
constexpr Key port_key_list[] = {
    {"type", "type", "none", "The type of its messages."},
    {"required", "true or false", "`true`", "Whether it must be connected."},
    {"description", "text", "none", "For people."},
};
constexpr Key variable_key_list[] = {
    {"type", "`string`, `int`, `float` or `bool`", "`string`", "What it holds."},
    {"default", "value", "none", "What holds without it."},
    {"description", "text", "none", "For people."},
};
constexpr Key requirement_key_list[] = {
    {"hardware", "list of texts", "none", "For people."},
    {"system", "map of texts", "none", "For people."},
};
const KeyTable manifest_keys{"node manifest", "A node manifest", manifest_key_list};
const KeyTable port_keys{"port", "A port of a manifest", port_key_list};
const KeyTable variable_keys{"env", "A variable of a manifest", variable_key_list};
const KeyTable requirement_keys{"requirements", "`requirements` of a manifest",
                                requirement_key_list};

constexpr std::pair<std::string_view, std::string_view> runtimes[] = {
    {"python", "python"}, {"rust", "rust"}, {"c", "c"}, {"cpp", "cpp"}};
constexpr std::pair<std::string_view, std::string_view> variable_types[] = {
    {"string", "string"}, {"int", "int"}, {"float", "float"}, {"bool", "bool"}};

void add_to_fingerprint(const YamlNode& node, build::Fingerprint& fingerprint) {
  fingerprint.add(node.is_mapping() ? "map" : node.is_sequence() ? "list" : node.text);
  for (const YamlNode* child : node.children)
    add_to_fingerprint(*child, fingerprint);
  fingerprint.add("end");
}

class ManifestDecoder {
 public:
  ManifestDecoder(const Decoder& decoder, const YamlNode& root)
      : decoder_(decoder), fields_(decoder, root, manifest_keys, "the node manifest") {}

  Manifest decode() {
    for (const std::string_view key : {"apiVersion", "name", "namespace", "runtime", "entrypoint"})
      if (!fields_.has(key)) fields_.require(key);
    fields_.number("apiVersion", 1, 1);
    manifest_.name = checked("name", is_package_name,
                             "small letters, digits, `-`, `_` and `.` in between, at most 64");
    manifest_.name_space =
        checked("namespace", is_namespace,
                "small letters, digits and single `-` in between, at most 39, and not `std`");
    manifest_.entrypoint =
        checked("entrypoint", is_entrypoint,
                "a relative path of letters, digits, `.`, `_`, `-` and `/` without `..`");
    std::ranges::replace(manifest_.entrypoint, '\\', '/');
    manifest_.description = fields_.text("description").value_or("");
    manifest_.build = fields_.text("build").value_or("");
    manifest_.runtime = fields_.word("runtime", runtimes).value_or("");
    manifest_.keywords = fields_.texts("keywords");
    decode_categories();
    decode_platforms();
    decode_requirement();
    decode_types();
    decode_ports("inputs", manifest_.inputs);
    decode_ports("outputs", manifest_.outputs);
    decode_variables();
    if (const YamlNode* map = fields_.map("requirements"))
      Fields(decoder_, *map, requirement_keys, "`requirements`");
    manifest_.example = fields_.text("example").value_or("");
    return std::move(manifest_);
  }

 private:
  void refuse(Location at, std::string message, std::string help = {}) {
    decoder_.report.add(at,
                        {.code = "E050", .message = std::move(message), .help = std::move(help)});
  }

  std::string checked(std::string_view key, bool (*is_right)(std::string_view),
                      std::string_view rule) {
    const auto text = fields_.text(key);
    if (!text) return {};
    if (!is_right(*text)) {
      refuse(fields_.find(key)->at,
             fmt::format("`{}` of the node manifest may not be `{}`", key, dataflow::shown(*text)),
             fmt::format("it consists of {}", rule));
    }
    return *text;
  }

  void decode_categories() {
    std::vector<std::string> known;
    for (std::string_view rest = categories; !rest.empty();) {
      const std::size_t end = std::min(rest.find('|'), rest.size());
      known.emplace_back(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    manifest_.categories = fields_.texts("categories");
    for (const std::string& each : manifest_.categories) {
      if (std::ranges::find(known, each) != known.end()) continue;
      const auto meant = closest_match(each, known);
      refuse(fields_.find("categories")->at,
             fmt::format("there is no category `{}`", dataflow::shown(each)),
             meant ? fmt::format("did you mean `{}`?", *meant)
                   : fmt::format("there are {}", categories));
    }
  }

  void decode_platforms() {
    manifest_.platforms = fields_.texts("platforms");
    for (const std::string& each : manifest_.platforms) {
      if (!is_platform(each)) {
        refuse(fields_.find("platforms")->at,
               fmt::format("`{}` is no platform", dataflow::shown(each)),
               "write `linux`, `macos` or `windows`, `-`, and `x86_64`, `aarch64` or `armv7`");
      }
    }
  }

  void decode_requirement() {
    const auto text = fields_.text("dora");
    if (!text) return;
    if (const auto parsed = VersionRequirement::parse(*text); !parsed)
      refuse(fields_.find("dora")->at, "`dora` of the node manifest: " + parsed.error().message);
  }

  void decode_types() {
    const YamlNode* map = fields_.map("types");
    if (map == nullptr) return;
    for (const auto& [name, value] : dataflow::entries_of(*map)) {
      const auto parsed = dataflow::parse_type_name(name->text);
      if (!parsed || !parsed->parameters.empty() ||
          !name->text.starts_with(manifest_.name_space + "/") || name->text.contains("/../") ||
          name->text.contains("/./")) {
        refuse(name->at,
               fmt::format("the package may not bring a type `{}`", dataflow::shown(name->text)),
               fmt::format("its types are called `{}/<...>/v<N>/<Name>`", manifest_.name_space));
        continue;
      }
      if (auto type = dataflow::decode_type(*name, *value, decoder_.report))
        manifest_.types.emplace(name->text, *std::move(type));
    }
  }

  void decode_ports(std::string_view key, std::map<std::string, Port>& ports) {
    const YamlNode* map = fields_.map(key);
    if (map == nullptr) return;
    auto library = dataflow::TypeLibrary::standard();
    for (const auto& [name, type] : manifest_.types)
      library.add(name, type);
    for (const auto& [name, value] : dataflow::entries_of(*map)) {
      const std::string where =
          fmt::format("the {} `{}`", key.substr(0, key.size() - 1), dataflow::shown(name->text));
      const auto id = DataId::parse(name->text);
      if (!id || name->text.contains('/')) {
        refuse(name->at, fmt::format("{} has a name that is not allowed", where),
               id ? "it may not hold `/`" : id.error().message);
      }
      Port& port = ports[name->text];
      if (value->is_null()) continue;
      if (!value->is_mapping()) {
        refuse(value->at, fmt::format("{} must be a map, not {}", where, describe(*value)),
               "write `type: std/media/v1/Image` below it, or nothing");
        continue;
      }
      const Fields inner(decoder_, *value, port_keys, where);
      port.type = inner.text("type").value_or("");
      port.description = inner.text("description").value_or("");
      port.is_required = inner.boolean("required").value_or(true);
      if (key == "outputs" && inner.has("required"))
        refuse(inner.key_location("required"), fmt::format("{} has `required`", where),
               "only inputs have it");
      if (!port.type.empty()) check_type(port.type, inner.find("type")->at, where, library);
    }
  }

  void check_type(const std::string& type, Location at, const std::string& where,
                  const dataflow::TypeLibrary& library) {
    const auto name = dataflow::parse_type_name(type);
    if (name && library.find(name->base) != nullptr) return;
    const auto meant = closest_match(name ? name->base : type, library.names());
    refuse(at, fmt::format("{} has the unknown type `{}`", where, dataflow::shown(type)),
           meant ? fmt::format("did you mean `{}`?", *meant)
                 : "declare it below `types`, or leave it out");
  }

  void decode_variables() {
    const YamlNode* map = fields_.map("env");
    if (map == nullptr) return;
    for (const auto& [name, value] : dataflow::entries_of(*map)) {
      const std::string where = fmt::format("the variable `{}`", dataflow::shown(name->text));
      if (!is_variable_name(name->text))
        refuse(name->at, where + " has a name that is not allowed", "write it like `MODEL_PATH`");
      if (!is_harmless_variable(name->text)) {
        refuse(name->at, where + " may not be declared by a package",
               "it changes which code programs load, or belongs to dora");
      }
      Variable& variable = manifest_.env[name->text];
      if (value->is_null()) continue;
      if (!value->is_mapping()) {
        refuse(value->at, fmt::format("{} must be a map, not {}", where, describe(*value)),
               fmt::format("write `default: {}` below it", dataflow::shown(value->text)));
        continue;
      }
      const Fields inner(decoder_, *value, variable_keys, where);
      variable.type = inner.word("type", variable_types).value_or("");
      variable.description = inner.text("description").value_or("");
      const YamlNode* fallback = inner.find("default");
      if (fallback == nullptr) continue;
      variable.fallback = fallback->text;
      if (!fits(*fallback, variable.type)) {
        refuse(fallback->at, fmt::format("the default of {} is no {}", where,
                                         variable.type.empty() ? "scalar" : variable.type));
      }
    }
  }

  static bool fits(const YamlNode& value, std::string_view type) {
    if (!value.is_scalar()) return false;
    const ScalarKind kind = scalar_kind(value);
    if (type == "int") return kind == ScalarKind::Integer;
    if (type == "float") return kind == ScalarKind::Integer || kind == ScalarKind::Float;
    return type != "bool" || kind == ScalarKind::Bool;
  }

  const Decoder& decoder_;
  const Fields fields_;
  Manifest manifest_;
};

}  // namespace

std::optional<Manifest> decode_manifest(const Decoder& decoder, const YamlNode& root) {
  if (!root.is_mapping()) {
    decoder.report.add(
        root.at, {.code = "E006",
                  .message = fmt::format("a node manifest must be a map, not {}", describe(root)),
                  .help = "it begins with `apiVersion: 1`"});
    return std::nullopt;
  }
  Manifest manifest = ManifestDecoder(decoder, root).decode();
  build::Fingerprint fingerprint;
  add_to_fingerprint(root, fingerprint);
  manifest.digest = fingerprint.text();
  return manifest;
}

LoadedManifest parse_manifest(const std::string& name, std::string text) {
  LoadedManifest loaded;
  dataflow::ParsedText parsed(name, std::move(text));
  const YamlNode* root = parsed.root();
  if (root == nullptr && !parsed.report.has_errors()) {
    parsed.report.add(parsed.beginning(), {.code = "E021",
                                           .message = "the file is empty",
                                           .help = "`dora hub init` writes a manifest"});
  }
  if (root != nullptr) loaded.manifest = decode_manifest(parsed.decoder(), *root);
  std::size_t omitted = 0;
  loaded.diagnostics = parsed.report.finish(omitted);
  if (parsed.report.has_errors()) loaded.manifest.reset();
  return loaded;
}

LoadedManifest load_manifest(const std::filesystem::path& path) {
  dataflow::DiskFileSource files;
  auto text = files.read(path, manifest_size_limit);
  if (text) return parse_manifest(path.string(), *std::move(text));
  const std::string name = dataflow::shown(path.string(), 4096);
  return {.manifest = {},
          .diagnostics = {dataflow::diagnose_file(
              name, {.code = "E001",
                     .message = fmt::format("cannot read `{}`: {}", name, text.error().message),
                     .help = "`dora hub init` writes a node manifest"})}};
}

}  // namespace dora::hub

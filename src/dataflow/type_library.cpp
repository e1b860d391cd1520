// SPDX-License-Identifier: Apache-2.0
#include "dataflow/type_library.hpp"

#include <algorithm>
#include <system_error>

#include <fmt/format.h>

#include "dataflow/yaml_document.hpp"

namespace dora::dataflow {
namespace {

constexpr std::size_t file_size_limit = 1u << 20;
constexpr std::size_t file_count_limit = 1000;
constexpr int folder_depth_limit = 8;

struct StandardType {
  std::string_view name;
  std::string_view arrow;
  /// "x: Float64, y: Float64"; empty when it is no Struct.
  std::string_view fields = {};
};

constexpr StandardType standard_types[] = {
    {"std/core/v1/Float32", "Float32"},
    {"std/core/v1/Float64", "Float64"},
    {"std/core/v1/Int8", "Int8"},
    {"std/core/v1/Int16", "Int16"},
    {"std/core/v1/Int32", "Int32"},
    {"std/core/v1/Int64", "Int64"},
    {"std/core/v1/UInt8", "UInt8"},
    {"std/core/v1/UInt16", "UInt16"},
    {"std/core/v1/UInt32", "UInt32"},
    {"std/core/v1/UInt64", "UInt64"},
    {"std/core/v1/String", "Utf8"},
    {"std/core/v1/Bytes", "LargeBinary"},
    {"std/core/v1/Bool", "Boolean"},
    {"std/math/v1/Vector3", "Struct", "x: Float64, y: Float64, z: Float64"},
    {"std/math/v1/Quaternion", "Struct", "x: Float64, y: Float64, z: Float64, w: Float64"},
    {"std/math/v1/Pose", "Struct", "position: Vector3, orientation: Quaternion"},
    {"std/math/v1/Transform", "Struct", "translation: Vector3, rotation: Quaternion"},
    {"std/control/v1/Twist", "Struct", "linear: Vector3, angular: Vector3"},
    {"std/control/v1/JointState", "Struct",
     "names: List<Utf8>, positions: List<Float64>, velocities: List<Float64>, "
     "efforts: List<Float64>"},
    {"std/control/v1/Odometry", "Struct", "pose: Pose, twist: Twist, frame_id: Utf8"},
    {"std/media/v1/Image", "Struct",
     "width: UInt32, height: UInt32, encoding: Utf8, data: LargeBinary"},
    {"std/media/v1/CompressedImage", "LargeBinary"},
    {"std/media/v1/PointCloud", "Struct", "points: LargeBinary, width: UInt32, height: UInt32"},
    {"std/media/v1/AudioFrame", "Struct",
     "sample_rate: UInt32, channels: UInt32, data: LargeBinary"},
    {"std/vision/v1/BoundingBox", "Struct",
     "x: Float32, y: Float32, width: Float32, height: Float32, confidence: Float32, label: Utf8"},
    {"std/vision/v1/Detection", "Struct", "boxes: List<BoundingBox>"},
    {"std/vision/v1/Segmentation", "Struct",
     "width: UInt32, height: UInt32, num_classes: UInt32, mask: LargeBinary, "
     "class_names: List<Utf8>"},
};

std::vector<TypeField> split_fields(std::string_view text) {
  std::vector<TypeField> fields;
  while (!text.empty()) {
    const auto colon = text.find(": ");
    const auto end = text.find(", ");
    fields.push_back({std::string(text.substr(0, colon)),
                      std::string(text.substr(
                          colon + 2, end == std::string_view::npos ? end : end - colon - 2))});
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 2);
  }
  return fields;
}

bool is_type_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-' || c == '.';
}

bool is_name(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, is_type_name_character);
}

// The relative paths of the YAML files below `folder`, in order.
std::vector<std::filesystem::path> type_files(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  std::error_code error;
  std::filesystem::recursive_directory_iterator entry(folder, error);
  const std::filesystem::recursive_directory_iterator end;
  while (!error && entry != end && files.size() < file_count_limit) {
    if (entry.depth() >= folder_depth_limit) entry.disable_recursion_pending();
    const auto extension = entry->path().extension();
    if (extension == ".yml" || extension == ".yaml")
      files.push_back(entry->path().lexically_relative(folder));
    entry.increment(error);
  }
  std::ranges::sort(files);
  return files;
}

}  // namespace

std::optional<TypeDefinition> decode_type(const YamlNode& name, const YamlNode& value,
                                          Report& report) {
  const auto refuse = [&](const YamlNode& at, std::string_view problem) {
    report.add(at.at, {.code = "E035",
                       .message = fmt::format("the type `{}` {}", shown(name.text), problem),
                       .help = "write `arrow: Float32`, or `arrow: Struct` with `fields`, a list "
                               "of `{name: ..., type: ...}`"});
    return std::nullopt;
  };
  if (!value.is_mapping()) return refuse(value, "is not a map");
  TypeDefinition definition{.arrow = value.text_of("arrow"), .fields = {}};
  if (definition.arrow.empty()) return refuse(name, "does not say its Arrow type");
  const YamlNode* fields = value.find("fields");
  if (fields == nullptr || fields->is_null()) {
    if (definition.arrow == "Struct") return refuse(name, "is a Struct without fields");
    return definition;
  }
  if (!fields->is_sequence()) return refuse(*fields, "has `fields` that are not a list");
  for (const YamlNode* item : fields->children) {
    if (!item->is_mapping() || item->text_of("name").empty() || item->text_of("type").empty())
      return refuse(*item, "has a field without `name` or `type`");
    definition.fields.push_back({item->text_of("name"), item->text_of("type")});
  }
  return definition;
}

std::optional<TypeName> parse_type_name(std::string_view text) {
  TypeName name;
  const auto bracket = text.find('[');
  name.base = text.substr(0, bracket);
  const auto slash = name.base.rfind('/');
  if (slash == std::string::npos || slash == 0 || !is_name(name.base.substr(slash + 1)))
    return std::nullopt;
  for (std::string_view rest = std::string_view(name.base).substr(0, slash); !rest.empty();) {
    const auto end = rest.find('/');
    if (!is_name(rest.substr(0, end))) return std::nullopt;
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  if (bracket == std::string_view::npos) return name;
  if (!text.ends_with(']')) return std::nullopt;
  std::string_view list = text.substr(bracket + 1, text.size() - bracket - 2);
  while (!list.empty()) {
    const std::string_view pair = list.substr(0, list.find(','));
    const auto equals = pair.find('=');
    if (equals == std::string_view::npos || !is_name(pair.substr(0, equals))) return std::nullopt;
    name.parameters.try_emplace(std::string(pair.substr(0, equals)), pair.substr(equals + 1));
    list.remove_prefix(std::min(list.size(), pair.size() + 1));
  }
  return name;
}

TypeLibrary TypeLibrary::standard() {
  TypeLibrary library;
  for (const StandardType& each : standard_types)
    library.types_.try_emplace(std::string(each.name),
                               TypeDefinition{std::string(each.arrow), split_fields(each.fields)});
  return library;
}

std::vector<Diagnostic> TypeLibrary::add_folder(const std::filesystem::path& folder,
                                                FileSource& files) {
  Report report;
  std::vector<Diagnostic> unreadable;
  for (const std::filesystem::path& file : type_files(folder)) {
    const std::string name = (folder / file).string();
    auto text = files.read(folder / file, file_size_limit);
    const std::string prefix = std::filesystem::path(file).replace_extension().generic_string();
    const bool is_reserved = prefix == "std" || prefix.starts_with("std/");
    if (!text || is_reserved) {
      unreadable.push_back(diagnose_file(
          shown(name, 4096),
          {.code = "E035",
           .message = text ? std::string("the prefix `std` is reserved for the types of dora")
                           : fmt::format("cannot read the type file: {}", text.error().message)}));
      continue;
    }
    const auto source = report.add_source(std::make_shared<SourceText>(name, std::move(*text)));
    const YamlDocument document = YamlDocument::parse(source, report);
    const YamlNode* root = document.root();
    if (root == nullptr || root->is_null()) continue;
    const YamlNode* types = root->find("types");
    if (types == nullptr || !types->is_mapping()) {
      report.add(root->at, {.code = "E035",
                            .message = "a type file holds one map, `types`",
                            .help = "write `types:` and the types below it"});
      continue;
    }
    for (std::size_t i = 0; i + 1 < types->children.size(); i += 2) {
      const YamlNode& key = *types->children[i];
      if (!is_name(key.text)) {
        report.add(key.at, {.code = "E035",
                            .message = fmt::format("the type `{}` has a name with other "
                                                   "characters than letters, digits, `_`, `-` "
                                                   "and `.`",
                                                   shown(key.text))});
        continue;
      }
      if (auto definition = decode_type(key, *types->children[i + 1], report))
        types_.insert_or_assign(prefix + "/" + key.text, *std::move(definition));
    }
  }
  std::size_t omitted = 0;
  std::vector<Diagnostic> diagnostics = report.finish(omitted);
  std::ranges::move(unreadable, std::back_inserter(diagnostics));
  return diagnostics;
}

const TypeDefinition* TypeLibrary::find(std::string_view base) const {
  const auto found = types_.find(base);
  return found == types_.end() ? nullptr : &found->second;
}

std::vector<std::string> TypeLibrary::names() const {
  std::vector<std::string> result;
  for (const auto& [name, definition] : types_)
    result.push_back(name);
  return result;
}

std::string TypeLibrary::full_field_type(std::string_view type) const {
  if (type.starts_with("List<") && type.ends_with('>'))
    return fmt::format("List<{}>", full_field_type(type.substr(5, type.size() - 6)));
  if (find(type) != nullptr) return std::string(type);
  const std::string ending = "/" + std::string(type);
  std::string full;
  for (const auto& [name, definition] : types_) {
    if (!name.ends_with(ending)) continue;
    if (!full.empty()) return std::string(type);  // Two types have this name: neither is meant.
    full = name;
  }
  // A name such as `Float64` is a type of Arrow first.
  if (const TypeDefinition* found = find(full); found != nullptr && found->fields.empty())
    return found->arrow;
  return full.empty() ? std::string(type) : full;
}

}  // namespace dora::dataflow

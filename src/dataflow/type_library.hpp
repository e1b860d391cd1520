#pragma once
// SPDX-License-Identifier: Apache-2.0
// The types that ports can be annotated with: the standard ones, and those of the `types` folder
// beside a dataflow. Annotations never change what is delivered.

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dataflow/diagnostic.hpp"
#include "dataflow/file_source.hpp"

namespace dora::dataflow {

/// `std/media/v1/AudioFrame[sample_type=f32]`, taken apart.
struct TypeName {
  std::string base;
  std::map<std::string, std::string> parameters;
  bool operator==(const TypeName&) const = default;
};

/// Nothing when `text` has not the form `<prefix>/<Name>[key=value,...]`.
std::optional<TypeName> parse_type_name(std::string_view text);

struct TypeField {
  std::string name;
  /// `Float64`, `List<Utf8>`, or another type by its name with or without prefix.
  std::string type;
};

struct TypeDefinition {
  /// The Arrow type: `Float32`, `Utf8`, ..., or `Struct`.
  std::string arrow;
  /// Of a Struct.
  std::vector<TypeField> fields;
};

class TypeLibrary {
 public:
  /// The types below `std/`.
  static TypeLibrary standard();

  /// Reads every YAML file below `folder`, whose relative path without extension is the prefix of
  /// the types in it. What is wrong with them is returned; a folder that is not there is empty.
  std::vector<Diagnostic> add_folder(const std::filesystem::path& folder, FileSource& files);

  /// Adds a type that a package brings along, unless there is one of that name.
  void add(const std::string& name, TypeDefinition definition) {
    types_.try_emplace(name, std::move(definition));
  }

  /// Nothing when there is no such type. `base` is the full name without parameters.
  const TypeDefinition* find(std::string_view base) const;
  std::vector<std::string> names() const;
  /// The type of a field in its full form: `Float64`, `List<Utf8>`, or the full name of a type.
  std::string full_field_type(std::string_view type) const;

 private:
  std::map<std::string, TypeDefinition, std::less<>> types_;
};

class Report;
struct YamlNode;

/// Reads the definition of the type `name` (a key) from `value`. Nothing, and a report, when it is
/// none.
std::optional<TypeDefinition> decode_type(const YamlNode& name, const YamlNode& value,
                                          Report& report);

}  // namespace dora::dataflow

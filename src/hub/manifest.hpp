#pragma once
// SPDX-License-Identifier: Apache-2.0
// A node manifest, dora-node.yml: what a package of a node is called, how it is built and started,
// and which ports it has. It stands beside pyproject.toml or Cargo.toml, which know the rest.

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dataflow/diagnostic.hpp"
#include "dataflow/fields.hpp"
#include "dataflow/type_library.hpp"

namespace dora::hub {

inline constexpr std::string_view manifest_name = "dora-node.yml";
inline constexpr std::size_t manifest_size_limit = 1U << 20;

/// What a package is for, of which `dora hub search --category` finds those of one kind.
inline constexpr std::string_view categories =
    "sensor|actuator|robot|transform|filter|ml-inference|llm|speech|communication|recorder|"
    "visualization|simulator|debug";

/// Where a package can run.
inline constexpr std::string_view platforms =
    "linux-x86_64|linux-aarch64|linux-armv7|macos-x86_64|macos-aarch64|macos-armv7|"
    "windows-x86_64|windows-aarch64|windows-armv7";

struct Port {
  /// Empty: it says nothing.
  std::string type;
  bool is_required = true;
  std::string description;
};

/// A variable that the node reads, for people.
struct Variable {
  std::string type;
  std::optional<std::string> fallback;
  std::string description;
};

struct Manifest {
  std::string name;
  std::string name_space;
  std::string description;
  std::vector<std::string> categories;
  std::vector<std::string> keywords;
  /// "python", "rust", "c" or "cpp".
  std::string runtime;
  std::string entrypoint;
  /// One command per line; may be empty.
  std::string build;
  /// Empty: all.
  std::vector<std::string> platforms;
  std::map<std::string, Port> inputs;
  std::map<std::string, Port> outputs;
  std::map<std::string, Variable> env;
  std::map<std::string, dataflow::TypeDefinition> types;
  std::string example;
  /// Another one for each other content.
  std::string digest;
};

/// Reads a manifest. Whatever is wrong with it goes to the report; nothing when it is no map.
std::optional<Manifest> decode_manifest(const dataflow::Decoder& decoder,
                                        const dataflow::YamlNode& root);

struct LoadedManifest {
  /// Nothing when there is an error.
  std::optional<Manifest> manifest;
  std::vector<dataflow::Diagnostic> diagnostics;
};

/// Reads and checks the file at `path`.
LoadedManifest load_manifest(const std::filesystem::path& path);
/// The same of a text, which is called `name` in messages.
LoadedManifest parse_manifest(const std::string& name, std::string text);

/// Whether `text` may be the namespace or the name of a package, and so a folder of an index.
bool is_namespace(std::string_view text);
bool is_package_name(std::string_view text);
bool is_entrypoint(std::string_view text);

/// `<os>-<architecture>` of this machine, as in `platforms`.
std::string_view own_platform();

}  // namespace dora::hub

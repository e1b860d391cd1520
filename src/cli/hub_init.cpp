// SPDX-License-Identifier: Apache-2.0
// `dora hub init`: a manifest to begin with, from what pyproject.toml, Cargo.toml and git know.
#include <algorithm>
#include <cerrno>

#include <boost/json.hpp>
#include <fcntl.h>
#include <fmt/format.h>

#include "base/file_descriptor.hpp"
#include "base/spelling.hpp"
#include "build/command.hpp"
#include "build/git_repository.hpp"
#include "cli/commands.hpp"
#include "cli/hub_flags.hpp"
#include "dataflow/file_source.hpp"
#include "hub/manifest.hpp"
#include "hub/toml.hpp"

namespace dora::cli {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

struct Detected {
  std::string name;
  std::string name_space;
  std::string runtime = "python";
  std::string entrypoint;
  std::string build;
  std::string description;
  /// Where it was found; empty: it was guessed.
  std::string source;
};

/// The name as an index has it: small letters, `-` for whatever stands between words.
std::string normal_name(std::string_view text) {
  std::string name;
  for (const char c : to_lower(text)) {
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (is_plain) name += c;
    if (!is_plain && !name.empty() && name.back() != '-') name += '-';
  }
  while (name.ends_with('-'))
    name.pop_back();
  return name.substr(0, 64);
}

std::optional<json::object> read_table(const fs::path& file) {
  dataflow::DiskFileSource files;
  const auto text = files.read(file, hub::manifest_size_limit);
  if (!text) return std::nullopt;
  auto parsed = hub::parse_toml(*text);
  return parsed ? std::optional(*std::move(parsed)) : std::nullopt;
}

const json::object* table_in(const json::object& table, std::string_view key) {
  const json::value* value = table.if_contains(key);
  return value != nullptr ? value->if_object() : nullptr;
}

std::string string_in(const json::object& table, std::string_view key) {
  const json::value* value = table.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

bool detect_python(const fs::path& folder, Detected& node) {
  const auto root = read_table(folder / "pyproject.toml");
  if (!root) return false;
  const json::object* project = table_in(*root, "project");
  if (project == nullptr)
    if (const json::object* tool = table_in(*root, "tool")) project = table_in(*tool, "poetry");
  if (project == nullptr || normal_name(string_in(*project, "name")).empty()) return false;
  node.name = normal_name(string_in(*project, "name"));
  node.entrypoint = node.name;
  // The command that has the package's name, else the first.
  if (const json::object* scripts = table_in(*project, "scripts"); scripts && !scripts->empty()) {
    node.entrypoint = scripts->begin()->key();
    for (const auto& [script, target] : *scripts)
      if (normal_name(script) == node.name) node.entrypoint = script;
  }
  node.build = "pip install .";
  node.description = string_in(*project, "description");
  node.source = "pyproject.toml";
  return true;
}

bool detect_rust(const fs::path& folder, Detected& node) {
  const auto root = read_table(folder / "Cargo.toml");
  const json::object* package = root ? table_in(*root, "package") : nullptr;
  if (package == nullptr || normal_name(string_in(*package, "name")).empty()) return false;
  std::string program = string_in(*package, "default-run");
  if (program.empty()) {
    const json::value* bins = root->if_contains("bin");
    if (bins != nullptr && bins->is_array() && !bins->get_array().empty() &&
        bins->get_array().front().is_object())
      program = string_in(bins->get_array().front().get_object(), "name");
  }
  if (program.empty()) program = string_in(*package, "name");
  node.name = normal_name(string_in(*package, "name"));
  node.runtime = "rust";
  node.entrypoint = "target/release/" + program;
  node.build = "cargo build --release";
  node.description = string_in(*package, "description");
  node.source = "Cargo.toml";
  return true;
}

/// Whose the repository is: the first part of the path of the remote `origin`.
std::string detect_namespace(const fs::path& folder) {
  auto variables = lookup_context().inherited;
  build::forget_outer_git(variables);
  const auto url = build::ask_command({.words = {"git", "remote", "get-url", "origin"},
                                       .working_directory = folder,
                                       .environment = std::move(variables)},
                                      build::StopSignal());
  if (!url) return {};
  std::string_view path = *url;
  if (const auto scheme = path.find("://"); scheme != std::string_view::npos) {
    path.remove_prefix(scheme + 3);
    path.remove_prefix(std::min(path.find('/') + 1, path.size()));
  } else {
    path.remove_prefix(std::min(path.find(':') + 1, path.size()));
  }
  return normal_name(path.substr(0, path.find('/')));
}

Detected detect(const fs::path& folder) {
  Detected node;
  if (!detect_python(folder, node) && !detect_rust(folder, node)) {
    node.name = normal_name(folder.filename().string());
    node.entrypoint = node.name;
    node.build = "pip install .";
  }
  node.name_space = detect_namespace(folder);
  if (!hub::is_package_name(node.name)) node.name = "my-node";
  if (!hub::is_namespace(node.name_space)) node.name_space = "your-namespace";
  if (!hub::is_entrypoint(node.entrypoint)) node.entrypoint = node.name;
  std::ranges::replace(node.description, '\n', ' ');
  return node;
}

std::string manifest_text(const Detected& node) {
  const auto quoted = [](const std::string& text) { return json::serialize(json::string(text)); };
  return fmt::format(
      R"(# The manifest of a package for others to use: `dora validate --node-manifest` checks it.
apiVersion: 1
name: {}{}
namespace: {}  # whose package it is, such as the name of your organisation
description: {}
# categories: [sensor]  # {}
# keywords: []

runtime: {}  # python, rust, c or cpp
entrypoint: {}
build: {}

# What the node reads and sends. Types are those of `std/` or of `types` below; a port without one
# takes anything. A source has no inputs, a sink no outputs.
inputs: {{}}
#  image:
#    type: std/media/v1/Image
#    description: what to look at
outputs: {{}}
#  boxes:
#    type: std/vision/v1/Detection

# The variables that it reads:
# env:
#   MODEL:
#     default: model.onnx
#     description: which weights to load
)",
      quoted(node.name), node.source.empty() ? "" : "  # from " + node.source,
      quoted(node.name_space),
      quoted(node.description.empty() ? "what the node does, in one line" : node.description),
      hub::categories, node.runtime, quoted(node.entrypoint), quoted(node.build));
}

Result<fs::path> write_manifest(const CommandContext& context) {
  const fs::path folder =
      context.command.arguments().empty() ? "." : context.command.arguments().front();
  std::error_code error;
  if (!fs::is_directory(folder, error))
    return fail(ErrorKind::NotFound, fmt::format("there is no folder {}", folder.string()));
  fs::path file = (folder / hub::manifest_name).lexically_normal();
  const std::string text = manifest_text(detect(fs::canonical(folder, error)));
  const FileDescriptor created(
      ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666));
  if (!created && errno == EEXIST)
    return fail(ErrorKind::Busy, fmt::format("{} exists already, and is not overwritten: remove it "
                                             "first, or edit it",
                                             file.string()));
  if (!created) return fail_errno("writing " + file.string());
  TRY(write_all(created.get(), text).while_doing("writing " + file.string()));
  return file;
}

int hub_init(const CommandContext& context) {
  const auto file = write_manifest(context);
  if (!file) {
    print_error(context.terminal, file.error().message);
    return exit_code_of(file.error());
  }
  if (wants_json(context.command)) {
    print_result(json::serialize(json::value{{"schema_version", 1}, {"file", file->string()}}) +
                 "\n");
  } else if (!context.terminal.is_quiet) {
    print_result(
        fmt::format("Wrote {}.\nNext steps:\n"
                    "  1. name the inputs and outputs of the node in it\n"
                    "  2. dora validate --node-manifest {}\n",
                    file->string(), file->string()));
  }
  return 0;
}

constexpr Flag hub_init_flags[] = {hub_format_flag, json_flag};

}  // namespace

constinit const Command hub_init_command{
    .name = "hub init",
    .group = Group::Write,
    .summary = "Write a node manifest, dora-node.yml, to begin with",
    .arguments = {{{"PATH", "The folder of the node [.]", Argument::Takes::Optional,
                    Complete::Files}}},
    .flags = hub_init_flags,
    .description =
        "Takes name, program and description from pyproject.toml or Cargo.toml, and the namespace "
        "from the git remote. Nothing that exists is overwritten.",
    .examples = "dora hub init nodes/lidar",
    .run = hub_init,
};

}  // namespace dora::cli

// SPDX-License-Identifier: Apache-2.0
#include "build/lock_file.hpp"

#include <algorithm>
#include <memory>
#include <string_view>

#include <boost/json.hpp>
#include <fcntl.h>
#include <fmt/format.h>

#include "base/file_descriptor.hpp"
#include "build/fingerprint.hpp"
#include "build/replace_file.hpp"
#include "dataflow/json.hpp"
#include "dataflow/report.hpp"
#include "dataflow/yaml_document.hpp"

namespace dora::build {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using dataflow::YamlNode;

// The number of the form; dora-rs writes 3 when there are packages of its hub.
constexpr std::string_view lock_version = "2";
constexpr std::size_t lock_size_limit = 4U << 20;
constexpr std::string_view way_out = "`--write-lockfile` writes it anew";

const YamlNode* find(const YamlNode& mapping, std::string_view key) {
  if (!mapping.is_mapping()) return nullptr;
  for (std::size_t i = 0; i + 1 < mapping.children.size(); i += 2)
    if (mapping.children[i]->text == key) return mapping.children[i + 1];
  return nullptr;
}

std::string text_of(const YamlNode& mapping, std::string_view key) {
  const YamlNode* value = find(mapping, key);
  return value != nullptr && value->is_scalar() ? value->text : "";
}

bool is_whole_hash(std::string_view text) {
  return text.size() >= 40 && text.size() <= 64 && std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

void forget_variables(json::object& object) {
  object.erase("env");
}

}  // namespace

fs::path default_lock_file(const fs::path& file) {
  return file.parent_path() / (file.stem().string() + ".dora-lock.yaml");
}

std::string descriptor_fingerprint(const dataflow::Dataflow& dataflow) {
  json::object root = json::parse(dataflow::to_json(dataflow)).as_object();
  forget_variables(root);
  for (json::value& node : root["nodes"].as_array())
    forget_variables(node.as_object());
  Fingerprint fingerprint;
  fingerprint.add(json::serialize(root));
  return fingerprint.text();
}

Result<LockFile> read_lock_file(const fs::path& path) {
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file) {
    return fail(ErrorKind::NotFound,
                fmt::format("there is no lock file {}\n  = help: {}", path.string(), way_out));
  }
  std::string text =
      TRY(read_all(file.get(), lock_size_limit).while_doing("reading " + path.string()));
  dataflow::Report report;
  const auto source =
      report.add_source(std::make_shared<dataflow::SourceText>(path.string(), std::move(text)));
  const auto document = dataflow::YamlDocument::parse(source, report);
  const auto refuse = [&](std::string_view why) {
    return fail(ErrorKind::InvalidInput,
                fmt::format("{}: {}\n  = help: {}", path.string(), why, way_out));
  };
  const YamlNode* root = document.root();
  if (report.has_errors() || root == nullptr || !root->is_mapping())
    return refuse("this is no lock file");
  if (text_of(*root, "version") != lock_version)
    return refuse(fmt::format("this is no lock file of version {}", lock_version));
  LockFile lock{.descriptor_fingerprint = text_of(*root, "descriptor_fingerprint"),
                .git_sources = {}};
  const YamlNode* sources = find(*root, "git_sources");
  if (sources == nullptr || !sources->is_mapping()) return lock;
  for (std::size_t i = 0; i + 1 < sources->children.size(); i += 2) {
    const std::string& node = sources->children[i]->text;
    const YamlNode& value = *sources->children[i + 1];
    LockedSource locked{text_of(value, "repo"), text_of(value, "commit_hash")};
    // It becomes the name of a folder.
    if (!is_whole_hash(locked.commit_hash))
      return refuse(fmt::format("`commit_hash` of node `{}` is no commit", dataflow::shown(node)));
    lock.git_sources[node] = std::move(locked);
  }
  return lock;
}

Result<> write_lock_file(const fs::path& path, const LockFile& lock) {
  const auto quoted = [](const std::string& text) { return json::serialize(json::string(text)); };
  std::string text = fmt::format(
      "# What `dora build --write-lockfile` found, for `--locked` to build the same. Keep it in "
      "version control.\nversion: {}\ndescriptor_fingerprint: {}\ngit_sources:{}\n",
      lock_version, quoted(lock.descriptor_fingerprint), lock.git_sources.empty() ? " {}" : "");
  for (const auto& [node, source] : lock.git_sources) {
    text += fmt::format("  {}:\n    repo: {}\n    commit_hash: {}\n", quoted(node),
                        quoted(source.repo), quoted(source.commit_hash));
  }
  return replace_file(path, text);
}

}  // namespace dora::build

// SPDX-License-Identifier: Apache-2.0
#include "build/lock_file.hpp"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json.hpp>
#include <fcntl.h>
#include <fmt/format.h>

#include "base/file_descriptor.hpp"
#include "build/fingerprint.hpp"
#include "build/git_repository.hpp"
#include "build/replace_file.hpp"
#include "dataflow/json.hpp"
#include "dataflow/parsed_text.hpp"

namespace dora::build {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using dataflow::YamlNode;

// The number of the form: 3 when there are packages.
constexpr std::string_view lock_version = "2";
constexpr std::string_view lock_version_with_packages = "3";
constexpr std::size_t lock_size_limit = 4U << 20;
constexpr std::string_view way_out = "`--write-lockfile` writes it anew";

bool is_whole_hash(std::string_view text) {
  return text.size() >= 40 && text.size() <= 64 && std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

/// Whether a path from the file stays where it begins.
bool is_inside_folder(const fs::path& path) {
  return !path.is_absolute() &&
         std::ranges::none_of(path, [](const fs::path& part) { return part == ".."; });
}

std::vector<std::pair<std::string, const YamlNode*>> entries(const YamlNode& root,
                                                             std::string_view key) {
  std::vector<std::pair<std::string, const YamlNode*>> found;
  const YamlNode* map = root.find(key);
  if (map == nullptr || !map->is_mapping()) return found;
  for (std::size_t i = 0; i + 1 < map->children.size(); i += 2)
    found.emplace_back(map->children[i]->text, map->children[i + 1]);
  return found;
}

LockedPackage package_in(const YamlNode& source) {
  const YamlNode* hub = source.find("hub");
  if (hub == nullptr) return {};
  return {.name = hub->text_of("name"),
          .version = hub->text_of("version"),
          .manifest_digest = hub->text_of("manifest_digest")};
}

std::string in_quotes(const std::string& text) {
  return json::serialize(json::string(text));
}

std::string package_text(const LockedPackage& package) {
  if (package.name.empty()) return {};
  return fmt::format("    hub:\n      name: {}\n      version: {}\n      manifest_digest: {}\n",
                     in_quotes(package.name), in_quotes(package.version),
                     in_quotes(package.manifest_digest));
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
  const dataflow::ParsedText parsed(path.string(), std::move(text));
  const auto refuse = [&](std::string_view why) {
    return fail(ErrorKind::InvalidInput,
                fmt::format("{}: {}\n  = help: {}", path.string(), why, way_out));
  };
  const YamlNode* root = parsed.root();
  if (parsed.report.has_errors() || root == nullptr || !root->is_mapping())
    return refuse("this is no lock file");
  const std::string version = root->text_of("version");
  if (version != lock_version && version != lock_version_with_packages) {
    return refuse(fmt::format("this is no lock file of version {} or {}", lock_version,
                              lock_version_with_packages));
  }
  LockFile lock{.descriptor_fingerprint = root->text_of("descriptor_fingerprint")};
  for (const auto& [node, value] : entries(*root, "git_sources")) {
    LockedSource locked{.repo = value->text_of("repo"),
                        .commit_hash = value->text_of("commit_hash"),
                        .subdir = value->text_of("subdir"),
                        .hub = package_in(*value)};
    // It becomes the name of a folder.
    if (!is_whole_hash(locked.commit_hash))
      return refuse(fmt::format("`commit_hash` of node `{}` is no commit", dataflow::shown(node)));
    if (!is_inside_folder(locked.subdir))
      return refuse(fmt::format("`subdir` of node `{}` leads elsewhere", dataflow::shown(node)));
    lock.git_sources[node] = std::move(locked);
  }
  for (const auto& [node, value] : entries(*root, "binary_sources")) {
    LockedBinary locked{.platform = value->text_of("platform"),
                        .url = value->text_of("url"),
                        .sha256 = value->text_of("sha256"),
                        .hub = package_in(*value)};
    if (!locked.url.starts_with("https://") || locked.sha256.size() != 64 ||
        !is_whole_hash(locked.sha256)) {
      return refuse(fmt::format("`url` or `sha256` of node `{}` is wrong", dataflow::shown(node)));
    }
    lock.binary_sources[node] = std::move(locked);
  }
  return lock;
}

Result<> check_lock(const LockFile& lock, const dataflow::Dataflow& dataflow) {
  const auto refuse = [&](std::string_view why) {
    return fail(ErrorKind::InvalidInput, fmt::format("{}\n  = help: {}", why, way_out));
  };
  if (lock.descriptor_fingerprint != descriptor_fingerprint(dataflow))
    return refuse("the dataflow has changed since");
  for (const dataflow::Node& node : dataflow.nodes) {
    if (!node.git) continue;
    const auto found = lock.git_sources.find(node.id.text());
    if (found == lock.git_sources.end())
      return refuse(fmt::format("it has no commit for node `{}`", node.id.text()));
    if (found->second.repo != public_address(node.git->url))
      return refuse(fmt::format("node `{}` had another repository", node.id.text()));
  }
  return {};
}

void lock_packages(const dataflow::Dataflow& dataflow, LockFile& lock) {
  for (const dataflow::Node& node : dataflow.nodes) {
    if (!node.package) continue;
    const dataflow::HubPackage& package = *node.package;
    const LockedPackage known{.name = package.key,
                              .version = package.version,
                              .manifest_digest = package.manifest_digest};
    if (!package.url.empty()) {
      lock.binary_sources[node.id.text()] = {
          .platform = package.platform, .url = package.url, .sha256 = package.sha256, .hub = known};
    } else if (!package.repository.empty()) {
      lock.git_sources[node.id.text()] = {.repo = public_address(package.repository),
                                          .commit_hash = package.commit,
                                          .subdir = package.subfolder,
                                          .hub = known};
    }
  }
}

Result<> write_lock_file(const fs::path& path, const LockFile& lock) {
  const bool has_packages =
      !lock.binary_sources.empty() || std::ranges::any_of(lock.git_sources, [](const auto& each) {
        return !each.second.hub.name.empty();
      });
  std::string text = fmt::format(
      "# What `dora build --write-lockfile` found, for `--locked` to build the same. Keep it in "
      "version control.\nversion: {}\ndescriptor_fingerprint: {}\ngit_sources:{}\n",
      has_packages ? lock_version_with_packages : lock_version,
      in_quotes(lock.descriptor_fingerprint), lock.git_sources.empty() ? " {}" : "");
  for (const auto& [node, source] : lock.git_sources) {
    text += fmt::format("  {}:\n    repo: {}\n    commit_hash: {}\n", in_quotes(node),
                        in_quotes(source.repo), in_quotes(source.commit_hash));
    if (!source.subdir.empty()) text += fmt::format("    subdir: {}\n", in_quotes(source.subdir));
    text += package_text(source.hub);
  }
  if (!lock.binary_sources.empty()) text += "binary_sources:\n";
  for (const auto& [node, binary] : lock.binary_sources) {
    text +=
        fmt::format("  {}:\n    platform: {}\n    url: {}\n    sha256: {}\n", in_quotes(node),
                    in_quotes(binary.platform), in_quotes(binary.url), in_quotes(binary.sha256));
    text += package_text(binary.hub);
  }
  return replace_file(path, text);
}

}  // namespace dora::build

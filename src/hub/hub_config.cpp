// SPDX-License-Identifier: Apache-2.0
#include "hub/hub_config.hpp"

#include <algorithm>
#include <utility>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/spelling.hpp"
#include "dataflow/file_source.hpp"
#include "dataflow/source_text.hpp"
#include "hub/manifest.hpp"
#include "hub/manifest_rules.hpp"
#include "hub/toml.hpp"

namespace dora::hub {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr std::string_view official_git = "https://github.com/dora-rs/dora-hub";
constexpr std::string_view official_namespace = "dora-rs";
constexpr std::string_view catalog_folder = "node-index";
constexpr std::size_t longest_alias = 64;

fs::path config_file(const Variables& variables) {
  if (const auto given = variables("DORA_HUB_CONFIG")) return *given;
  if (const auto folder = variables("XDG_CONFIG_HOME")) return fs::path(*folder) / "dora/hub.toml";
  return fs::path(variables("HOME").value_or("/")) / ".config/dora/hub.toml";
}

bool is_alias(std::string_view text) {
  const auto is_right = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  };
  return !text.empty() && text.size() <= longest_alias && std::ranges::all_of(text, is_right) &&
         text.front() != '-' && text.front() != '_';
}

Result<std::string> text_of(const json::object& table, std::string_view key) {
  const json::value* value = table.if_contains(key);
  if (value == nullptr) return std::string();
  if (value->is_string()) return std::string(value->get_string());
  return fail(ErrorKind::InvalidInput, fmt::format("`{}` must be a text", key));
}

Result<IndexConfig> index_of_table(const json::object& table, const fs::path& folder) {
  for (const auto& [key, value] : table) {
    constexpr std::string_view known[] = {"alias", "git", "path", "namespaces"};
    if (std::ranges::find(known, std::string_view(key)) != std::end(known)) continue;
    const std::vector<std::string> names(std::begin(known), std::end(known));
    const auto meant = closest_match(std::string_view(key), names);
    return fail(ErrorKind::InvalidInput,
                fmt::format("unknown key `{}` in `[[index]]`{}", dataflow::shown(key),
                            meant ? fmt::format(", did you mean `{}`?", *meant) : ""));
  }
  IndexConfig index{.alias = TRY(text_of(table, "alias")),
                    .git = TRY(text_of(table, "git")),
                    .folder = {},
                    .namespaces = {}};
  const std::string path = TRY(text_of(table, "path"));
  if (!is_alias(index.alias)) {
    return fail(ErrorKind::InvalidInput,
                fmt::format("the alias `{}` of an index must consist of letters, digits, `-` and "
                            "`_`, at most {}",
                            dataflow::shown(index.alias), longest_alias));
  }
  const auto refuse = [&](std::string_view why) {
    return fail(ErrorKind::InvalidInput, fmt::format("index `{}` {}", index.alias, why));
  };
  if (index.git.empty() && path.empty()) return refuse("has neither `git` nor `path`");
  if (!index.git.empty()) {
    if (!is_git_address(index.git)) {
      return refuse("has a `git` that is no address: write https, ssh, file or an absolute path");
    }
    index.folder = path.empty() ? std::string(catalog_folder) : path;
    if (!path.empty() && (!is_confined_path(path) || path.front() == '-'))
      return refuse("has a `path` that leads out of its repository");
  } else {
    index.folder = (folder / path).lexically_normal();
  }
  if (const json::value* list = table.if_contains("namespaces")) {
    if (!list->is_array()) return refuse("has `namespaces` that are no list");
    for (const json::value& each : list->get_array()) {
      if (!each.is_string() || !is_namespace(each.get_string()))
        return refuse("has a namespace that is none: small letters, digits and single `-`");
      index.namespaces.emplace_back(each.get_string());
    }
  }
  return index;
}

Result<> check_together(const std::vector<IndexConfig>& indexes) {
  for (std::size_t i = 0; i < indexes.size(); ++i) {
    const IndexConfig& index = indexes[i];
    for (const std::string& name : index.namespaces) {
      if (name == official_namespace && index.alias != official_alias) {
        return fail(ErrorKind::InvalidInput,
                    fmt::format("index `{}` may not claim the namespace `{}`: that is the official "
                                "one; give the alias `{}` to a mirror of it",
                                index.alias, name, official_alias));
      }
      for (std::size_t other = 0; other < i; ++other) {
        if (std::ranges::find(indexes[other].namespaces, name) != indexes[other].namespaces.end()) {
          return fail(ErrorKind::InvalidInput,
                      fmt::format("the namespace `{}` is claimed by two indexes, `{}` and `{}`",
                                  name, indexes[other].alias, index.alias));
        }
      }
    }
    for (std::size_t other = 0; other < i; ++other) {
      if (to_lower(indexes[other].alias) == to_lower(index.alias)) {
        return fail(ErrorKind::InvalidInput,
                    fmt::format("two indexes have the alias `{}`", index.alias));
      }
    }
  }
  return {};
}

}  // namespace

bool is_local_address(std::string_view address) {
  return address.starts_with('/') || address.starts_with("file://");
}

bool is_git_address(std::string_view address) {
  constexpr std::string_view beginnings[] = {"https://", "ssh://", "file://", "git@", "/"};
  const bool is_plain =
      std::ranges::none_of(address, [](unsigned char c) { return c < 0x20 || c == 0x7F; });
  const auto scheme = address.find("://");
  // A host such as `-oProxyCommand=...` would be an option.
  const bool has_option = scheme != address.npos && address.substr(scheme + 3).starts_with('-');
  return is_plain && !has_option && !address.starts_with("git@-") &&
         std::ranges::any_of(beginnings,
                             [&](std::string_view each) { return address.starts_with(each); });
}

Result<HubConfig> HubConfig::load(const Variables& variables) {
  HubConfig config;
  const fs::path file = config_file(variables);
  dataflow::DiskFileSource files;
  const auto text = files.read(file, manifest_size_limit);
  if (!text && text.error().kind != ErrorKind::NotFound) {
    return fail(ErrorKind::InvalidInput,
                fmt::format("cannot read {}: {}", file.string(), text.error().message));
  }
  if (text) {
    const json::object root = TRY(parse_toml(*text).while_doing(file.string()));
    for (const auto& [key, value] : root) {
      if (key == "index" && value.is_array()) continue;
      return fail(ErrorKind::InvalidInput,
                  fmt::format("{}: unknown key `{}`: there is only `[[index]]`", file.string(),
                              dataflow::shown(key)));
    }
    std::error_code error;
    const fs::path folder = fs::absolute(file, error).parent_path();
    if (const json::value* list = root.if_contains("index")) {
      for (const json::value& each : list->get_array()) {
        if (!each.is_object())
          return fail(ErrorKind::InvalidInput,
                      fmt::format("{}: write `[[index]]` before each index", file.string()));
        config.indexes_.push_back(
            TRY(index_of_table(each.get_object(), folder).while_doing(file.string())));
      }
    }
  }
  if (config.find(official_alias) == nullptr) {
    config.indexes_.push_back({.alias = std::string(official_alias),
                               .git = std::string(official_git),
                               .folder = catalog_folder,
                               .namespaces = {}});
  }
  TRY(check_together(config.indexes_).while_doing(file.string()));
  return config;
}

const IndexConfig* HubConfig::find(std::string_view alias) const {
  const auto found = std::ranges::find_if(
      indexes_, [&](const IndexConfig& index) { return to_lower(index.alias) == to_lower(alias); });
  return found == indexes_.end() ? nullptr : &*found;
}

const IndexConfig& HubConfig::index_of(std::string_view name_space) const {
  for (const IndexConfig& index : indexes_)
    if (std::ranges::find(index.namespaces, name_space) != index.namespaces.end()) return index;
  return *find(official_alias);
}

}  // namespace dora::hub

// SPDX-License-Identifier: Apache-2.0
#include "dataflow/node_fields.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/semantic_version.hpp"
#include "dataflow/scalar.hpp"
#include "dataflow/source_syntax.hpp"

namespace dora::dataflow {
namespace {

constexpr std::pair<std::string_view, RestartPolicy> restart_policies[] = {
    {"never", RestartPolicy::Never},
    {"on-failure", RestartPolicy::OnFailure},
    {"always", RestartPolicy::Always}};

constexpr std::pair<std::string_view, Distribute> distributions[] = {
    {"local", Distribute::Local}, {"scp", Distribute::Scp}, {"http", Distribute::Http}};

constexpr std::uint32_t largest_core = 65'535;

bool is_parameter_key(std::string_view key) {
  return !key.empty() && std::ranges::all_of(key, is_word_character);
}

// A node id that looks like `text`; may be empty.
std::string allowed_id(std::string_view text) {
  std::string id;
  for (const char c : text) {
    const bool is_allowed = is_word_character(c) || c == '.' || c == '-';
    if (is_allowed)
      id += c;
    else if (!id.empty() && id.back() != '-')
      id += '-';
  }
  id.erase(0, std::min(id.find_first_not_of(".-"), id.size()));
  while (id.ends_with('-'))
    id.pop_back();
  return NodeId::parse(id) ? id : "";
}

std::string upper_case(std::string text) {
  for (char& c : text)
    c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return text;
}

}  // namespace

std::string decode_node_id(const Decoder& decoder, const Fields& fields, Node& node) {
  if (!fields.has("id")) {
    fields.require("id");
    return "";
  }
  auto text = fields.text("id");
  if (!text) return "";
  if (auto id = NodeId::parse(*text)) {
    node.id = std::move(*id);
  } else {
    const std::string near = allowed_id(*text);
    decoder.report.add(node.location,
                       {.code = "E009",
                        .message = fmt::format("the node id `{}` is not allowed: {}", shown(*text),
                                               id.error().message),
                        .help = near.empty() ? "" : fmt::format("write `id: {}`", near)});
  }
  return *text;
}

std::optional<Deploy> decode_deploy(const Decoder& decoder, const Fields& fields,
                                    std::string_view key) {
  const YamlNode* map = fields.map(key);
  if (!map) return std::nullopt;
  Fields inner(decoder, *map, deploy_keys, fmt::format("`{}` of {}", key, fields.where()));
  Deploy deploy;
  deploy.location = fields.key_location(key);
  deploy.machine = inner.text("machine");
  deploy.working_dir = inner.text("working_dir");
  deploy.distribute = inner.word("distribute", distributions).value_or(Distribute::Local);
  if (const YamlNode* labels = inner.map("labels")) {
    for (auto [name, value] : entries_of(*labels)) {
      auto text = text_of(decoder, *value,
                          fmt::format("the label `{}` of {}", shown(name->text), inner.where()));
      if (text) deploy.labels.try_emplace(name->text, std::move(*text));
    }
  }
  return deploy;
}

std::optional<GitSource> decode_git(const Decoder& decoder, const Fields& fields) {
  std::vector<std::string_view> given;
  for (std::string_view key : {"branch", "tag", "rev"}) {
    if (fields.has(key)) given.push_back(key);
  }
  if (!fields.has("git")) {
    if (!given.empty() && !fields.probably_has("git")) {
      decoder.report.add(fields.key_location(given[0]),
                         {.code = "E023",
                          .message = fmt::format("`{}` of {} has no effect without `git`", given[0],
                                                 fields.where())});
    }
    return std::nullopt;
  }
  if (given.size() > 1) {
    decoder.report.add(
        fields.key_location(given[1]),
        {.code = "E023",
         .message = fmt::format("{} has both `{}` and `{}`", fields.where(), given[0], given[1]),
         .help = "keep one of `branch`, `tag` and `rev`"});
  }
  auto url = fields.text("git");
  if (!url) return std::nullopt;
  if (url->empty() || url->starts_with('-')) {
    fields.bad_value("git", *fields.find("git"), "the address of a repository");
    return std::nullopt;
  }
  return GitSource{std::move(*url), fields.text("branch"), fields.text("tag"), fields.text("rev")};
}

std::optional<HubSource> decode_hub(const Decoder& decoder, const Fields& fields) {
  auto text = fields.text("hub");
  if (!text) return std::nullopt;
  const YamlNode& value = *fields.find("hub");
  for (std::string_view key : {"path", "git", "build"}) {
    if (!fields.has(key)) continue;
    decoder.report.add(fields.key_location(key),
                       {.code = "E017",
                        .message = fmt::format("{} has both `hub` and `{}`", fields.where(), key),
                        .help = "keep one of them"});
  }
  HubSource hub;
  std::string_view name = *text;
  if (std::size_t at = name.find('@'); at != std::string_view::npos) {
    hub.requirement = name.substr(at + 1);
    name = name.substr(0, at);
  }
  if (std::size_t slash = name.find('/'); slash != std::string_view::npos) {
    hub.name_space = name.substr(0, slash);
    name = name.substr(slash + 1);
  }
  hub.name = name;
  bool has_bad_requirement = hub.requirement && !VersionRequirement::parse(*hub.requirement);
  if (hub.name.empty() || hub.name_space.empty() || hub.name.contains('/') || has_bad_requirement) {
    decoder.report.add(
        value.at, {.code = "E023",
                   .message = fmt::format("`hub` of {} is `{}`", fields.where(), shown(*text)),
                   .help = "write `[<namespace>/]<name>[@<requirement>]`, e.g. `dora-yolo@^1.2`"});
    return std::nullopt;
  }
  return hub;
}

std::optional<std::string> decode_checksum(const Decoder& decoder, const Fields& fields,
                                           std::string_view source_key, bool has_url) {
  auto text = fields.text("path_sha256");
  if (!text) return std::nullopt;
  bool is_hex = text->size() == 64 && std::ranges::all_of(*text, [](char c) {
                  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
                });
  if (is_hex && has_url) return text;
  decoder.report.add(
      fields.find("path_sha256")->at,
      {.code = "E023",
       .message = is_hex ? fmt::format("`path_sha256` of {} needs a `{}` that is a URL",
                                       fields.where(), source_key)
                         : fmt::format("`path_sha256` of {} has not 64 hexadecimal digits",
                                       fields.where())});
  return std::nullopt;
}

RestartSettings decode_restart(const Fields& fields) {
  RestartSettings restart;
  restart.policy = fields.word("restart_policy", restart_policies).value_or(RestartPolicy::Never);
  restart.max_restarts = fields.number("max_restarts").value_or(0);
  restart.delay = fields.duration("restart_delay", Fields::Zero::Allowed);
  restart.max_delay = fields.duration("max_restart_delay", Fields::Zero::Allowed);
  restart.window = fields.duration("restart_window", Fields::Zero::Allowed);
  return restart;
}

std::vector<std::uint32_t> decode_cores(const Decoder& decoder, const Fields& fields) {
  std::vector<std::uint32_t> cores;
  for (const YamlNode* item : fields.list("cpu_affinity")) {
    bool is_number = item->is_scalar() && scalar_kind(*item) == ScalarKind::Integer;
    auto core = is_number ? unsigned_value(*item) : std::nullopt;
    if (core && *core <= largest_core) {
      cores.push_back(static_cast<std::uint32_t>(*core));
      continue;
    }
    decoder.report.add(
        item->at, {.code = is_number ? "E007" : "E006",
                   .message = fmt::format("a core in `cpu_affinity` of {} must be a number from 0 "
                                          "to {}, not {}",
                                          fields.where(), largest_core, describe(*item))});
  }
  return cores;
}

std::shared_ptr<ModuleUse> decode_module_use(const Decoder& decoder, const Fields& fields) {
  auto use = std::make_shared<ModuleUse>();
  use->path = fields.text("module").value_or("");
  use->location = fields.find("module")->at;
  const YamlNode* params = fields.map("params");
  if (!params) return use;
  std::set<std::string> seen;
  for (auto [key, value] : entries_of(*params)) {
    std::string what = fmt::format("the parameter `{}` of {}", shown(key->text), fields.where());
    if (!is_parameter_key(key->text)) {
      decoder.report.add(
          key->at,
          {.code = "E034", .message = what + " has characters other than letters, digits and `_`"});
      continue;
    }
    if (!seen.insert(upper_case(key->text)).second) {
      decoder.report.add(key->at,
                         {.code = "E034", .message = what + " differs from another only by case"});
      continue;
    }
    // Numbers and truth values are as good as their texts.
    bool is_plain = value->is_scalar() && !value->is_null();
    if (!is_plain) {
      decoder.report.add(
          value->at, {.code = "E034",
                      .message = fmt::format("{} must be a text, not {}", what, describe(*value))});
      continue;
    }
    use->params.try_emplace(key->text, value->text);
  }
  return use;
}

}  // namespace dora::dataflow

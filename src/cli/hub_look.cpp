// SPDX-License-Identifier: Apache-2.0
// `dora hub search`, `info` and `install`: what packages of nodes there are.
#include <algorithm>

#include <boost/json.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/spelling.hpp"
#include "cli/build_session.hpp"
#include "cli/commands.hpp"
#include "cli/console_text.hpp"
#include "cli/hub_flags.hpp"
#include "cli/pretty_json.hpp"
#include "hub/index_fetcher.hpp"

namespace dora::cli {
namespace {

namespace json = boost::json;
using hub::Manifest;

/// Text of an index, which may hold anything.
std::string plain_text(std::string_view text) {
  return terminal_safe(text, false);
}

json::object ports_to_json(const std::map<std::string, hub::Port>& ports, bool has_required) {
  json::object result;
  for (const auto& [name, port] : ports) {
    json::object each{{"type", port.type.empty() ? json::value() : json::value(port.type)},
                      {"description", port.description}};
    if (has_required) each["required"] = port.is_required;
    result[name] = std::move(each);
  }
  return result;
}

json::object package_to_json(const std::string& key, const hub::FoundVersion& found) {
  const Manifest& manifest = found.entry.manifest;
  json::object variables;
  for (const auto& [name, variable] : manifest.env) {
    variables[name] = {
        {"type", variable.type.empty() ? "string" : variable.type},
        {"default", variable.fallback ? json::value(*variable.fallback) : json::value()},
        {"description", variable.description}};
  }
  return {{"schema_version", 1},
          {"package", key},
          {"version", found.version.text()},
          {"yanked", found.entry.is_yanked},
          {"description", manifest.description},
          {"categories", json::value_from(manifest.categories)},
          {"keywords", json::value_from(manifest.keywords)},
          {"platforms", json::value_from(manifest.platforms)},
          {"runtime", manifest.runtime},
          {"inputs", ports_to_json(manifest.inputs, true)},
          {"outputs", ports_to_json(manifest.outputs, false)},
          {"env", std::move(variables)},
          {"example", manifest.example}};
}

struct HubQuery {
  std::string words;
  std::string category;
  std::string platform;
};

bool fits_query(const Manifest& manifest, const HubQuery& wanted) {
  const auto has = [](const std::vector<std::string>& list, const std::string& word) {
    return std::ranges::find(list, word) != list.end();
  };
  if (!wanted.category.empty() && !has(manifest.categories, wanted.category)) return false;
  if (!wanted.platform.empty() && !manifest.platforms.empty() &&
      !has(manifest.platforms, wanted.platform))
    return false;
  const auto holds = [&](const std::string& text) { return to_lower(text).contains(wanted.words); };
  return holds(manifest.name) || holds(manifest.description) ||
         std::ranges::any_of(manifest.keywords, holds);
}

std::string search_line(const std::string& key, const hub::FoundVersion& found) {
  const Manifest& manifest = found.entry.manifest;
  std::string line = fmt::format("{} {}", key, found.version.text());
  if (!manifest.description.empty()) line += " — " + plain_text(manifest.description);
  if (!manifest.categories.empty())
    line += fmt::format(" ({})", fmt::join(manifest.categories, ", "));
  return line + "\n";
}

int hub_search(const CommandContext& context) {
  const ParsedCommand& command = context.command;
  const HubQuery wanted{
      .words = to_lower(command.arguments().empty() ? "" : command.arguments().front()),
      .category = command.value("--category").value_or(""),
      .platform = command.value("--platform").value_or("")};
  const auto config = hub::HubConfig::load(context.environment);
  if (!config) {
    print_error(context.terminal, config.error().message);
    return exit_code_of(config.error());
  }
  hub::IndexFetcher fetcher = index_fetcher(command);
  std::map<std::string, hub::FoundVersion> found;
  std::size_t unreadable = 0;
  for (const hub::IndexConfig& index : config->indexes()) {
    const auto catalog = fetcher.open(index);
    if (!catalog) {
      ++unreadable;
      print_warning(context.terminal, catalog.error().message);
      continue;
    }
    for (const auto& [name_space, name] : catalog->packages()) {
      // Another index is asked for it.
      if (config->index_of(name_space).alias != index.alias) continue;
      hub::PackageReference reference;
      reference.name_space = name_space;
      reference.name = name;
      auto version = catalog->resolve(reference);
      if (!version) {
        if (version.error().kind == ErrorKind::InvalidInput)
          print_warning(context.terminal, version.error().message);
      } else if (fits_query(version->entry.manifest, wanted)) {
        found.emplace(reference.key(), *std::move(version));
      }
    }
  }
  std::string text;
  for (const auto& [key, version] : found)
    text += wants_json(command) ? json::serialize(package_to_json(key, version)) + "\n"
                                : search_line(key, version);
  if (unreadable == config->indexes().size()) return exit_unreachable;
  if (found.empty() && !wants_json(command)) text = "No matching nodes found.\n";
  print_result(text);
  return 0;
}

std::string ports_text(std::string_view title, const std::map<std::string, hub::Port>& ports) {
  std::string text;
  for (const auto& [name, port] : ports) {
    text += fmt::format("    {}: {}{}{}\n", plain_text(name),
                        port.type.empty() ? "(untyped)" : plain_text(port.type),
                        port.is_required ? "" : ", optional",
                        port.description.empty() ? "" : " — " + plain_text(port.description));
  }
  return text.empty() ? text : fmt::format("  {}:\n{}", title, text);
}

std::string info_text(const std::string& key, const hub::FoundVersion& found) {
  const Manifest& manifest = found.entry.manifest;
  std::string text = fmt::format("{} {}\n", key, found.version.text());
  if (found.entry.is_yanked) {
    text += fmt::format("  (yanked){}\n", found.entry.yank_reason.empty()
                                              ? ""
                                              : " " + plain_text(found.entry.yank_reason));
  }
  if (!manifest.description.empty())
    text += fmt::format("  {}\n", plain_text(manifest.description));
  if (!manifest.categories.empty())
    text += fmt::format("  categories: {}\n", fmt::join(manifest.categories, ", "));
  if (!manifest.platforms.empty())
    text += fmt::format("  platforms: {}\n", fmt::join(manifest.platforms, ", "));
  text += fmt::format("  runtime: {}\n", manifest.runtime);
  text += ports_text("inputs", manifest.inputs) + ports_text("outputs", manifest.outputs);
  std::string variables;
  for (const auto& [name, variable] : manifest.env) {
    variables += fmt::format(
        "    {}{}{}{}\n", plain_text(name), variable.type.empty() ? "" : " (" + variable.type + ")",
        variable.fallback ? " = " + plain_text(*variable.fallback) : "",
        variable.description.empty() ? "" : " — " + plain_text(variable.description));
  }
  if (!variables.empty()) text += "  env:\n" + variables;
  if (manifest.example.empty()) return text;
  text += "  example:\n";
  for (std::string_view rest = manifest.example; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    text += fmt::format("    {}\n", plain_text(rest.substr(0, end)));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return text;
}

Result<int> info_of(const CommandContext& context) {
  const auto reference = TRY(hub::PackageReference::parse(context.command.arguments().front()));
  const auto config = TRY(hub::HubConfig::load(context.environment));
  hub::IndexFetcher fetcher = index_fetcher(context.command);
  const hub::Catalog catalog = TRY(fetcher.open(config.index_of(reference.name_space)));
  const hub::FoundVersion found = TRY(catalog.look_up(reference));
  print_result(wants_json(context.command) ? pretty_json(package_to_json(reference.key(), found))
                                           : info_text(reference.key(), found));
  return 0;
}

int hub_info(const CommandContext& context) {
  const auto code = info_of(context);
  if (code) return *code;
  std::string message = code.error().message;
  if (code.error().kind == ErrorKind::NotFound)
    message += "\n  = help: `dora hub search` lists the packages there are";
  print_error(context.terminal, message);
  return exit_code_of(code.error());
}

int hub_install(const CommandContext& context) {
  print_error(context.terminal,
              "packages are not installed for the whole machine: a dataflow names those it uses\n"
              "  = help: write `hub: <name>@<requirement>` in a node, e.g. `hub: dora-yolo@^0.5`; "
              "`dora build` fetches and builds it");
  return exit_failed;
}

constexpr Flag hub_search_flags[] = {
    {.name = "--category",
     .value = "CATEGORY",
     .help = "Only what is for this: sensor, robot, llm, ...",
     .takes = Flag::Takes::Value,
     .choices = hub::categories},
    {.name = "--platform",
     .value = "PLATFORM",
     .help = "Only what runs there: linux-x86_64, ...",
     .takes = Flag::Takes::Value,
     .choices = hub::platforms},
    offline_flag,
    hub_format_flag,
    json_flag,
};

constexpr Flag hub_info_flags[] = {offline_flag, hub_format_flag, json_flag};

}  // namespace

constinit const Command hub_search_command{
    .name = "hub search",
    .group = Group::Write,
    .summary = "Look for packages of nodes",
    .arguments = {{{"QUERY", "What stands in the name, the description or the keywords",
                    Argument::Takes::Optional}}},
    .flags = hub_search_flags,
    .examples =
        "dora hub search camera\n"
        "dora hub search --category sensor --offline",
    .run = hub_search,
};

constinit const Command hub_info_command{
    .name = "hub info",
    .group = Group::Write,
    .summary = "Show the ports and variables of a package",
    .arguments = {{{"PACKAGE", "[NAMESPACE/]NAME[@REQUIREMENT]", Argument::Takes::One,
                    Complete::Packages}}},
    .flags = hub_info_flags,
    .examples =
        "dora hub info dora-yolo\n"
        "dora hub info acme/lidar@^2 --json",
    .run = hub_info,
};

constinit const Command hub_install_command{
    .name = "hub install",
    .group = Group::Write,
    .summary = "Tell how a dataflow uses a package",
    .arguments = {{{"PACKAGE", "Any", Argument::Takes::AnyNumber}}},
    .examples = "dora hub install dora-yolo # says what to write instead",
    .run = hub_install,
};

}  // namespace dora::cli

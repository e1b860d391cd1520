// SPDX-License-Identifier: Apache-2.0
// `dora hub list`, `outdated`, `update` and `fetch`: the packages of one dataflow, as its lock file
// has them.
#include <algorithm>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "build/git_repository.hpp"
#include "build/lock_file.hpp"
#include "cli/commands.hpp"
#include "cli/console_text.hpp"
#include "cli/hub_flags.hpp"
#include "cli/packages.hpp"
#include "cli/run_options.hpp"
#include "hub/resolve.hpp"

namespace dora::cli {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

/// One package of a lock file.
struct Locked {
  std::string node;
  build::LockedPackage package;
  /// Of a program that was downloaded it is the platform.
  std::string commit;
  std::string platform;
  std::string repository;
};

struct ReadLock {
  fs::path file;
  fs::path path;
  build::LockFile lock;
};

Result<ReadLock> lock_of(const std::string& typed) {
  const fs::path file = TRY(find_dataflow_file(typed));
  std::error_code error;
  const fs::path absolute = fs::absolute(file, error);
  const fs::path path = build::default_lock_file(absolute);
  auto lock = build::read_lock_file(path);
  if (!lock && lock.error().kind == ErrorKind::NotFound) {
    return fail(ErrorKind::NotFound,
                fmt::format("there is no lock file {}\n  = help: `dora build --write-lockfile {}` "
                            "writes it",
                            path.string(), typed));
  }
  return ReadLock{file, path, TRY(std::move(lock))};
}

std::vector<Locked> packages_of(const build::LockFile& lock) {
  std::vector<Locked> found;
  for (const auto& [node, source] : lock.git_sources) {
    if (!source.hub.name.empty())
      found.push_back({node, source.hub, source.commit_hash, "", source.repo});
  }
  for (const auto& [node, binary] : lock.binary_sources)
    found.push_back({node, binary.hub, "", binary.platform, binary.url});
  std::ranges::sort(found, {}, &Locked::node);
  return found;
}

std::string plain_word(const std::string& text) {
  return terminal_safe(text, false);
}

json::object locked_to_json(const Locked& each) {
  json::object object{{"schema_version", 1},
                      {"node", each.node},
                      {"package", each.package.name},
                      {"version", each.package.version}};
  if (each.platform.empty()) {
    object["commit"] = each.commit;
  } else {
    object["platform"] = each.platform;
  }
  return object;
}

int fail_hub(const CommandContext& context, const Error& error) {
  print_error(context.terminal, error.message);
  return exit_code_of(error);
}

int hub_list(const CommandContext& context) {
  const auto read = lock_of(context.command.arguments().front());
  if (!read) return fail_hub(context, read.error());
  std::string text;
  for (const Locked& each : packages_of(read->lock)) {
    if (wants_json(context.command)) {
      text += json::serialize(locked_to_json(each)) + "\n";
    } else {
      text += plain_word(fmt::format(
                  "{}: {} {} ({})", each.node, each.package.name, each.package.version,
                  each.platform.empty() ? each.commit.substr(0, 12) : "binary " + each.platform)) +
              "\n";
    }
  }
  if (text.empty() && !wants_json(context.command))
    text = fmt::format("No hub packages pinned in {}.\n", read->path.string());
  print_result(text);
  return 0;
}

/// The newest version of a package that is in use.
Result<SemanticVersion> newest(const Locked& each, const hub::HubConfig& config,
                               hub::IndexFetcher& fetcher) {
  const auto reference = TRY(hub::PackageReference::parse(each.package.name));
  TRY(SemanticVersion::parse(each.package.version));
  const hub::Catalog catalog = TRY(fetcher.open(config.index_of(reference.name_space)));
  return TRY(catalog.resolve(reference)).version;
}

int hub_outdated(const CommandContext& context) {
  const auto read = lock_of(context.command.arguments().front());
  if (!read) return fail_hub(context, read.error());
  const auto config = hub::HubConfig::load(context.environment);
  if (!config) return fail_hub(context, config.error());
  hub::IndexFetcher fetcher = index_fetcher(context.command);
  const bool as_json = wants_json(context.command);
  const auto packages = packages_of(read->lock);
  std::size_t failed = 0;
  std::size_t behind = 0;
  std::string text;
  for (const Locked& each : packages) {
    const auto found = newest(each, *config, fetcher);
    const bool is_behind =
        found && *found > SemanticVersion::parse(each.package.version).value_or(*found);
    failed += found ? 0 : 1;
    behind += is_behind ? 1 : 0;
    if (as_json) {
      json::object object = locked_to_json(each);
      object["latest"] = found ? json::value(found->text()) : json::value();
      object["outdated"] = found ? json::value(is_behind) : json::value();
      if (!found) object["error"] = found.error().message;
      text += json::serialize(object) + "\n";
    } else if (!found) {
      text += plain_word(fmt::format("{}: {} {} — {}", each.node, each.package.name,
                                     each.package.version, found.error().message)) +
              "\n";
    } else if (is_behind) {
      text += plain_word(fmt::format("{}: {} {} -> {} (newer available)", each.node,
                                     each.package.name, each.package.version, found->text())) +
              "\n";
    }
  }
  if (!as_json && packages.empty()) {
    text += fmt::format("No hub packages pinned in {}.\n", read->path.string());
  } else if (!as_json && behind > 0) {
    text += fmt::format(
        "{} of {} hub package(s) are outdated: `dora hub update` takes those that "
        "fit.\n",
        behind, packages.size());
  } else if (!as_json && failed == 0) {
    text += fmt::format("All {} hub package(s) are up to date.\n", packages.size());
  }
  print_result(text);
  if (failed == 0) return 0;
  print_error(context.terminal,
              fmt::format("{} of {} hub package(s) could not be checked", failed, packages.size()));
  return exit_failed;
}

/// The commits that the git nodes of a dataflow would be built from now.
Result<> find_commits(const dataflow::Dataflow& dataflow, bool is_offline,
                      const build::LockFile& before, build::LockFile& lock) {
  const build::OnLine silent = [](const std::string&) {};
  const build::StopSignal never;
  for (const dataflow::Node& node : dataflow.nodes) {
    if (!node.git) continue;
    const std::string& id = node.id.text();
    const auto known = before.git_sources.find(id);
    if (is_offline && known != before.git_sources.end()) {
      lock.git_sources[id] = known->second;
      continue;
    }
    build::GitRepository repository(*node.git, dataflow.base_directory, lookup_context().inherited,
                                    silent, never);
    lock.git_sources[id] = {
        .repo = build::public_address(node.git->url),
        .commit_hash = TRY(repository.find_commit().while_doing(fmt::format("node `{}`", id)))};
  }
  return {};
}

std::string change_text(const build::LockFile& before, const build::LockFile& after) {
  std::string text;
  const auto old = packages_of(before);
  for (const Locked& each : packages_of(after)) {
    const auto known = std::ranges::find(old, each.node, &Locked::node);
    if (known == old.end()) {
      text += plain_word(fmt::format("{}: {} {} (new)", each.node, each.package.name,
                                     each.package.version)) +
              "\n";
    } else if (known->package != each.package || known->commit != each.commit) {
      text += plain_word(fmt::format("{}: {} {} -> {}", each.node, each.package.name,
                                     known->package.version, each.package.version)) +
              "\n";
    }
  }
  return text;
}

int hub_update(const CommandContext& context) {
  const Terminal& terminal = context.terminal;
  const auto read = lock_of(context.command.arguments().front());
  if (!read) return fail_hub(context, read.error());
  int exit_code = 0;
  auto file = load_dataflow_file(context.command.arguments().front(), terminal, exit_code);
  if (!file) return exit_code;
  print_diagnostics(file->loaded, terminal, ", nothing was changed");
  if (!file->loaded.dataflow) return exit_invalid_dataflow;
  const bool is_offline = context.command.has("--offline");
  if (const auto end =
          find_packages(*file, {.is_offline = is_offline}, hub::IndexFetcher::Ask::Always, terminal,
                        ", nothing was changed"))
    return *end;
  const auto types = check_types_of(*file->loaded.dataflow, false);
  print_diagnostics({.diagnostics = types.diagnostics}, terminal, ", nothing was changed");
  if (dataflow::has_errors(types.diagnostics)) return exit_invalid_dataflow;
  build::LockFile lock{.descriptor_fingerprint =
                           build::descriptor_fingerprint(*file->loaded.dataflow)};
  build::lock_packages(*file->loaded.dataflow, lock);
  if (const auto found = find_commits(*file->loaded.dataflow, is_offline, read->lock, lock); !found)
    return fail_hub(context, found.error());
  const bool writes = !context.command.has("--dry-run");
  if (writes) {
    if (const auto written = build::write_lock_file(read->path, lock); !written)
      return fail_hub(context, written.error());
  }
  if (wants_json(context.command)) {
    std::string text;
    for (const Locked& each : packages_of(lock))
      text += json::serialize(locked_to_json(each)) + "\n";
    print_result(text);
  } else {
    print_result(change_text(read->lock, lock) +
                 (writes ? fmt::format("updated {}\n", read->path.string())
                         : "dry run — lock file not written\n"));
  }
  return 0;
}

/// The packages to be fetched: all of a dataflow's lock file, or the one that was named.
Result<std::vector<build::LockedSource>> sources_of(const CommandContext& context) {
  const std::string& target = context.command.arguments().front();
  std::error_code error;
  std::vector<build::LockedSource> sources;
  if (target.ends_with(".yml") || target.ends_with(".yaml") || fs::is_directory(target, error)) {
    const ReadLock read = TRY(lock_of(target));
    for (const auto& [node, source] : read.lock.git_sources)
      if (!source.hub.name.empty()) sources.push_back(source);
    return sources;
  }
  const auto reference = TRY(hub::PackageReference::parse(target));
  const auto config = TRY(hub::HubConfig::load(context.environment));
  hub::IndexFetcher fetcher = index_fetcher(context.command);
  const hub::Catalog catalog = TRY(fetcher.open(config.index_of(reference.name_space)));
  const auto found = TRY(catalog.resolve(reference));
  if (!found.entry.git) {
    return fail(ErrorKind::NotFound,
                fmt::format("{} {} is published as a program alone: there is no source to fetch",
                            reference.key(), found.version.text()));
  }
  sources.push_back({.repo = found.entry.git->repository,
                     .commit_hash = found.entry.git->commit,
                     .subdir = found.entry.git->subfolder,
                     .hub = {.name = reference.key(), .version = found.version.text()}});
  return sources;
}

Result<int> fetch_all(const CommandContext& context) {
  const auto sources = TRY(sources_of(context));
  const fs::path target = context.command.value("--target-dir").value_or("hub-cache");
  const build::OnLine silent = [](const std::string&) {};
  const build::StopSignal never;
  std::string text;
  for (const build::LockedSource& source : sources) {
    if (!hub::is_git_address(source.repo)) {
      return fail(ErrorKind::InvalidInput,
                  fmt::format("`{}` is no address of a repository", plain_word(source.repo)));
    }
    const dataflow::GitSource wanted{
        .url = source.repo, .branch = {}, .tag = {}, .rev = source.commit_hash};
    std::error_code error;
    build::GitRepository repository(wanted, fs::current_path(error), lookup_context().inherited,
                                    silent, never);
    const fs::path folder =
        TRY(repository.clone_into(fs::absolute(target, error), source.commit_hash));
    text += wants_json(context.command)
                ? json::serialize(json::value{{"schema_version", 1},
                                              {"package", source.hub.name},
                                              {"version", source.hub.version},
                                              {"repository", source.repo},
                                              {"commit", source.commit_hash},
                                              {"folder", folder.string()}}) +
                      "\n"
                : plain_word(fmt::format("  {} @ {}", source.repo, source.commit_hash)) + "\n";
  }
  if (!wants_json(context.command)) {
    text += sources.empty() ? std::string("Nothing to fetch (no hub packages found).\n")
                            : fmt::format("Fetched {} package source(s) into {}.\n", sources.size(),
                                          target.string());
  }
  print_result(text);
  return 0;
}

int hub_fetch(const CommandContext& context) {
  const auto code = fetch_all(context);
  return code ? *code : fail_hub(context, code.error());
}

constexpr Argument dataflow_argument{"DATAFLOW", "YAML file, or a folder that holds dataflow.yml",
                                     Argument::Takes::One, Complete::DataflowFiles};
constexpr Flag hub_list_flags[] = {hub_format_flag, json_flag};
constexpr Flag hub_outdated_flags[] = {offline_flag, hub_format_flag, json_flag};
constexpr Flag hub_update_flags[] = {
    {.name = "--dry-run", .help = "Tell what would change, and write nothing"},
    offline_flag,
    hub_format_flag,
    json_flag};
constexpr Flag hub_fetch_flags[] = {{.name = "--target-dir",
                                     .value = "DIR",
                                     .help = "Where the sources go [hub-cache]",
                                     .takes = Flag::Takes::Value,
                                     .complete = Complete::Files},
                                    hub_format_flag,
                                    json_flag};

}  // namespace

constinit const Command hub_list_command{
    .name = "hub list",
    .group = Group::Write,
    .summary = "List the packages of a dataflow",
    .arguments = {{dataflow_argument}},
    .flags = hub_list_flags,
    .examples = "dora hub list dataflow.yml",
    .run = hub_list,
};

constinit const Command hub_outdated_command{
    .name = "hub outdated",
    .group = Group::Write,
    .summary = "Tell which packages of a dataflow have newer versions",
    .arguments = {{dataflow_argument}},
    .flags = hub_outdated_flags,
    .description = "Ends with 1 when a package could not be looked at.",
    .examples = "dora hub outdated dataflow.yml",
    .run = hub_outdated,
};

constinit const Command hub_update_command{
    .name = "hub update",
    .group = Group::Write,
    .summary = "Take the newest packages that fit into the lock file",
    .arguments = {{dataflow_argument}},
    .flags = hub_update_flags,
    .description = "Nothing is built: `dora build --locked` does that.",
    .examples = "dora hub update dataflow.yml --dry-run",
    .run = hub_update,
};

constinit const Command hub_fetch_command{
    .name = "hub fetch",
    .group = Group::Write,
    .summary = "Copy the sources of packages into a folder",
    .arguments = {{{"TARGET", "A dataflow, or [NAMESPACE/]NAME@REQUIREMENT", Argument::Takes::One,
                    Complete::DataflowFilesOrPackages}}},
    .flags = hub_fetch_flags,
    .examples =
        "dora hub fetch dataflow.yml\n"
        "dora hub fetch dora-yolo@0.5.2 --target-dir vendor",
    .run = hub_fetch,
};

}  // namespace dora::cli

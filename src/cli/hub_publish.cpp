// SPDX-License-Identifier: Apache-2.0
// `dora hub publish` and `yank`: what an index says of one's own packages.
#include <cerrno>
#include <ctime>
#include <utility>

#include <boost/json.hpp>
#include <fcntl.h>
#include <fmt/format.h>

#include "base/file_descriptor.hpp"
#include "build/git_repository.hpp"
#include "build/replace_file.hpp"
#include "cli/commands.hpp"
#include "cli/console_text.hpp"
#include "cli/dataflow_file.hpp"
#include "cli/hub_flags.hpp"
#include "dataflow/file_source.hpp"
#include "hub/toml.hpp"

namespace dora::cli {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

Result<std::string> ask_git_in(const fs::path& folder, std::vector<std::string> words) {
  words.insert(words.begin(), "git");
  auto variables = lookup_context().inherited;
  build::forget_outer_git(variables);
  return build::ask_command(
      {.words = std::move(words), .working_directory = folder, .environment = std::move(variables)},
      build::StopSignal());
}

/// The version that Cargo.toml or pyproject.toml had at that commit.
Result<std::string> committed_version(const fs::path& folder, const std::string& commit,
                                      const std::string& prefix) {
  constexpr std::pair<const char*, const char*> files[] = {{"Cargo.toml", "package"},
                                                           {"pyproject.toml", "project"}};
  for (const auto& [file, table] : files) {
    const auto text = ask_git_in(folder, {"show", fmt::format("{}:{}{}", commit, prefix, file)});
    if (!text) continue;
    const auto parsed = hub::parse_toml(*text);
    if (!parsed) continue;
    const json::value* entry = parsed->if_contains(table);
    const json::object* object = entry != nullptr ? entry->if_object() : nullptr;
    const json::value* version = object != nullptr ? object->if_contains("version") : nullptr;
    if (version != nullptr && version->is_string()) return std::string(version->get_string());
  }
  return fail(ErrorKind::InvalidInput,
              "neither Cargo.toml nor pyproject.toml has a version at that commit\n"
              "  = help: name it with `--version 1.2.3`");
}

/// As an index has it: "2026-03-01T12:00:00Z".
std::string now_text() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%FT%TZ", &parts)};
}

struct Publication {
  hub::PackageReference package;
  SemanticVersion version;
  hub::GitPin source;
  std::string text;

  std::string file() const { return fmt::format("{}/{}.yml", package.key(), version.text()); }
};

/// What is published is what was committed, never what only lies in the folder.
Result<Publication> publication_of(const CommandContext& context) {
  const ParsedCommand& command = context.command;
  std::error_code error;
  const fs::path folder =
      fs::absolute(command.arguments().empty() ? "." : command.arguments().front(), error);
  if (!fs::is_directory(folder, error))
    return fail(ErrorKind::NotFound, fmt::format("there is no folder {}", folder.string()));
  Publication made;
  const auto repository = command.value("--repo");
  auto origin = repository ? Result<std::string>(*repository)
                           : ask_git_in(folder, {"remote", "get-url", "origin"});
  if (!origin) {
    return fail(ErrorKind::InvalidInput,
                fmt::format("{} has no remote `origin`\n  = help: name the repository with "
                            "`--repo URL`",
                            folder.string()));
  }
  made.source.repository = *origin;
  if (!hub::is_git_address(made.source.repository)) {
    return fail(ErrorKind::InvalidInput,
                fmt::format("others cannot fetch from `{}`: name an https or ssh address with "
                            "`--repo URL`",
                            made.source.repository));
  }
  const std::string revision = command.value("--rev").value_or("HEAD");
  auto commit = ask_git_in(
      folder, {"rev-parse", "--verify", "--quiet", "--end-of-options", revision + "^{commit}"});
  if (!commit || !hub::is_whole_commit(*commit)) {
    return fail(ErrorKind::InvalidInput,
                fmt::format("there is no commit `{}` in {}", revision, folder.string()));
  }
  made.source.commit = *commit;
  const std::string prefix = TRY(ask_git_in(folder, {"rev-parse", "--show-prefix"}));
  made.source.subfolder = prefix.substr(0, prefix.find_last_not_of('/') + 1);
  const std::string name = fmt::format("{}{}", prefix, hub::manifest_name);
  const auto text = ask_git_in(folder, {"show", fmt::format("{}:{}", *commit, name)});
  if (!text) {
    return fail(ErrorKind::InvalidInput,
                fmt::format("{} is not committed at {}\n  = help: commit it, or name a commit that "
                            "has it with `--rev`",
                            name, commit->substr(0, 12)));
  }
  const hub::LoadedManifest loaded = hub::parse_manifest(name, *text);
  print_diagnostics({.diagnostics = loaded.diagnostics}, context.terminal,
                    ", nothing was published");
  if (!loaded.manifest) return fail(ErrorKind::InvalidInput, "the node manifest is wrong");
  made.package.name_space = loaded.manifest->name_space;
  made.package.name = loaded.manifest->name;
  const auto version = command.value("--version");
  const std::string number = version ? *version : TRY(committed_version(folder, *commit, prefix));
  made.version = TRY(SemanticVersion::parse(number));
  made.text = hub::entry_text(*text, made.source, now_text());
  TRY(hub::parse_entry(made.file(), made.text).while_doing("the entry that was made of it"));
  return made;
}

Result<const hub::IndexConfig*> index_for(const hub::HubConfig& config,
                                          const std::string& name_space,
                                          const std::optional<std::string>& alias) {
  const hub::IndexConfig& bound = config.index_of(name_space);
  if (!alias) return &bound;
  const hub::IndexConfig* wanted = config.find(*alias);
  if (wanted == nullptr)
    return fail(ErrorKind::NotFound, fmt::format("hub.toml has no index `{}`", *alias));
  if (wanted->alias == bound.alias) return wanted;
  return fail(
      ErrorKind::InvalidInput,
      fmt::format("packages of `{}` belong to the index `{}`, not to `{}`: hub.toml says so",
                  name_space, bound.alias, wanted->alias));
}

/// Fails with Busy when that version is there.
Result<fs::path> add_entry(const hub::IndexConfig& index, const Publication& made) {
  std::error_code error;
  fs::create_directories(index.folder / made.package.key(), error);
  const hub::Catalog catalog = TRY(hub::Catalog::open(index.folder));
  fs::path file = TRY(catalog.entry_file(made.package.name_space, made.package.name, made.version));
  const FileDescriptor created(
      ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666));
  if (!created && errno == EEXIST) {
    return fail(ErrorKind::Busy,
                fmt::format("{} {} is published already, as {}\n  = help: give the package a new "
                            "version",
                            made.package.key(), made.version.text(), file.string()));
  }
  if (!created) return fail_errno("writing " + file.string());
  TRY(write_all(created.get(), made.text).while_doing("writing " + file.string()));
  return file;
}

Result<int> publish_package(const CommandContext& context) {
  const Publication made = TRY(publication_of(context));
  const auto config = TRY(hub::HubConfig::load(context.environment));
  const hub::IndexConfig& index =
      *TRY(index_for(config, made.package.name_space, context.command.value("--index")));
  const bool is_dry = context.command.has("--dry-run");
  const bool is_written = !is_dry && index.git.empty();
  const fs::path file = is_written ? TRY(add_entry(index, made)) : fs::path();
  if (wants_json(context.command)) {
    print_result(json::serialize(
                     json::value{{"schema_version", 1},
                                 {"package", made.package.key()},
                                 {"version", made.version.text()},
                                 {"index", index.alias},
                                 {"entry", made.file()},
                                 {"commit", made.source.commit},
                                 {"published", is_written},
                                 {"file", is_written ? json::value(file.string()) : json::value()},
                                 {"text", made.text}}) +
                 "\n");
    return 0;
  }
  if (is_written) {
    print_result(fmt::format("published `{}` v{} -> {}\n", made.package.key(), made.version.text(),
                             file.string()));
  } else if (is_dry) {
    print_result(fmt::format("# {} (index: {})\n{}\nvalidated `{}` v{} @ {} (subdir: {})\n",
                             made.file(), index.alias, made.text, made.package.key(),
                             made.version.text(), made.source.commit.substr(0, 12),
                             made.source.subfolder.empty() ? "." : made.source.subfolder));
  } else {
    print_result(
        fmt::format("# add this as `{}` in the index repo:\n{}\nthe index `{}` is a git "
                    "repository, {}: commit the entry there and propose it to its owners\n",
                    (index.folder / made.file()).string(), made.text, index.alias,
                    build::public_address(index.git)));
  }
  return 0;
}

int publish(const CommandContext& context) {
  const auto code = publish_package(context);
  if (code) return *code;
  print_error(context.terminal, code.error().message);
  return code.error().kind == ErrorKind::InvalidInput ? exit_invalid_dataflow
                                                      : exit_code_of(code.error());
}

Result<int> yank_version(const CommandContext& context) {
  const std::string& typed = context.command.arguments().front();
  const auto at = typed.rfind('@');
  if (at == std::string::npos) {
    return fail(ErrorKind::InvalidInput,
                fmt::format("`{}` names no version: write [<namespace>/]<name>@<version>", typed));
  }
  const auto package = TRY(hub::PackageReference::parse(typed.substr(0, at)));
  const auto version = TRY(SemanticVersion::parse(typed.substr(at + 1)));
  const bool yanks = !context.command.has("--undo");
  const std::string reason = yanks ? context.command.value("--reason").value_or("") : "";
  const auto config = TRY(hub::HubConfig::load(context.environment));
  const hub::IndexConfig& index = config.index_of(package.name_space);
  const std::string what = fmt::format("{}@{}", package.key(), version.text());
  if (!index.git.empty()) {
    print_result(
        fmt::format("the index `{}` is a git repository, {}: set `yanked: {}`{} in "
                    "`{}/{}/{}.yml` there and propose that to its owners\n",
                    index.alias, build::public_address(index.git), yanks,
                    reason.empty() ? "" : fmt::format(" and `yank_reason: {}`", reason),
                    index.folder.string(), package.key(), version.text()));
    return 0;
  }
  const hub::Catalog catalog = TRY(hub::Catalog::open(index.folder));
  const fs::path file = TRY(catalog.entry_file(package.name_space, package.name, version));
  std::error_code error;
  if (!fs::exists(file, error)) {
    return fail(ErrorKind::NotFound, fmt::format("there is no published version {} of `{}`: no {}",
                                                 version.text(), package.key(), file.string()));
  }
  const hub::IndexEntry before = TRY(catalog.entry(package.name_space, package.name, version));
  const bool is_so = before.is_yanked == yanks && before.yank_reason == reason;
  if (!is_so) {
    dataflow::DiskFileSource files;
    const std::string old = TRY(files.read(file, 2 * hub::manifest_size_limit));
    const std::string text = hub::with_yank(old, yanks, reason);
    const hub::IndexEntry after = TRY(hub::parse_entry(file.string(), text));
    if (after.is_yanked != yanks)
      return fail(ErrorKind::InvalidInput, file.string() +
                                               " is written in a way that dora cannot "
                                               "change: edit it by hand");
    TRY(build::replace_file(file, text));
  }
  if (wants_json(context.command)) {
    print_result(json::serialize(json::value{{"schema_version", 1},
                                             {"package", package.key()},
                                             {"version", version.text()},
                                             {"yanked", yanks},
                                             {"changed", !is_so}}) +
                 "\n");
  } else if (is_so) {
    print_result(fmt::format("`{}` is already {}\n", what, yanks ? "yanked" : "not yanked"));
  } else {
    print_result(fmt::format("{} `{}`\n", yanks ? "yanked" : "restored", what));
  }
  return 0;
}

int yank(const CommandContext& context) {
  const auto code = yank_version(context);
  if (code) return *code;
  print_error(context.terminal, code.error().message);
  return exit_code_of(code.error());
}

constexpr Flag publish_flags[] = {
    {.name = "--dry-run", .help = "Check everything and show the entry, but write nothing"},
    {.name = "--rev",
     .value = "REF",
     .help = "The commit to publish [HEAD]",
     .takes = Flag::Takes::Value},
    {.name = "--repo",
     .value = "URL",
     .help = "Where others fetch it from [the remote `origin`]",
     .takes = Flag::Takes::Value},
    {.name = "--version",
     .value = "SEMVER",
     .help = "Its version [that of Cargo.toml or pyproject.toml]",
     .takes = Flag::Takes::Value},
    {.name = "--index",
     .value = "ALIAS",
     .help = "The index [the one that has its namespace]",
     .takes = Flag::Takes::Value},
    hub_format_flag,
    json_flag};

constexpr Flag yank_flags[] = {
    {.name = "--reason", .value = "TEXT", .help = "Why", .takes = Flag::Takes::Value},
    {.name = "--undo", .help = "Let it be used again"},
    hub_format_flag,
    json_flag};

}  // namespace

constinit const Command hub_publish_command{
    .name = "hub publish",
    .group = Group::Write,
    .summary = "Add a version of a package to an index",
    .arguments = {{{"PATH", "The folder with dora-node.yml [.]", Argument::Takes::Optional,
                    Complete::Files}}},
    .flags = publish_flags,
    .description =
        "What is published is what has been committed: the manifest and the version are read from "
        "the commit, to which the entry points. An index on this machine gets the entry; for one "
        "that is a git repository it is printed, to be proposed there.",
    .examples =
        "dora hub publish --dry-run\n"
        "dora hub publish nodes/lidar --version 1.2.0",
    .run = publish,
};

constinit const Command hub_yank_command{
    .name = "hub yank",
    .group = Group::Write,
    .summary = "Mark a version of a package as not to be used",
    .arguments = {{{"PACKAGE", "[NAMESPACE/]NAME@VERSION", Argument::Takes::One,
                    Complete::Packages}}},
    .flags = yank_flags,
    .examples =
        "dora hub yank acme/lidar@1.2.0 --reason \"loses every second frame\"\n"
        "dora hub yank acme/lidar@1.2.0 --undo",
    .run = yank,
};

}  // namespace dora::cli

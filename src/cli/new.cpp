// SPDX-License-Identifier: Apache-2.0
// `dora new`: a dataflow, node or operator that runs as it is.
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include <boost/json.hpp>
#include <fcntl.h>
#include <fmt/format.h>

#include "base/file_descriptor.hpp"
#include "cli/commands.hpp"
#include "cli/new_templates.hpp"
#include "cli/pretty_json.hpp"
#include "cli/shared_flags.hpp"
#include "cli/text_layout.hpp"
#include "dataflow/schema.hpp"
#include "dataflow/source_text.hpp"

namespace dora::cli {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr std::size_t longest_name = 64;

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// It becomes a folder, the id of a node and the name of a package.
std::string mistake_in_name(const std::string& name) {
  if (name.empty()) return "NAME is empty";
  const bool is_good = is_letter_or_digit(name[0]) && std::ranges::all_of(name, [](char c) {
                         return is_letter_or_digit(c) || c == '-' || c == '_' || c == '.';
                       });
  if (!is_good)
    return fmt::format(
        "the name `{}` is not allowed: use letters, digits, `-`, `_` and `.`, a "
        "letter or digit first",
        dataflow::shown(name));
  if (name.size() > longest_name)
    return fmt::format("the name has {} characters; {} are allowed", name.size(), longest_name);
  return name == "dora" ? "the name `dora` belongs to dora itself" : "";
}

std::string module_name(const std::string& name) {
  std::string module = name;
  std::ranges::replace_if(module, [](char c) { return c == '-' || c == '.'; }, '_');
  return module[0] >= '0' && module[0] <= '9' ? "_" + module : module;
}

std::string fill_in(std::string_view text, const std::string& name, const Template& made) {
  std::string result;
  const bool is_c = made.language == "c";
  const std::pair<std::string_view, std::string> holes[] = {{"@name@", name},
                                                            {"@module@", module_name(name)},
                                                            {"@LANGUAGE@", is_c ? "C" : "CXX"},
                                                            {"@ending@", is_c ? "c" : "cc"}};
  while (!text.empty()) {
    const auto hole =
        std::ranges::find_if(holes, [&](const auto& each) { return text.starts_with(each.first); });
    if (hole == std::end(holes)) {
      result += text[0];
      text.remove_prefix(1);
    } else {
      result += hole->second;
      text.remove_prefix(hole->first.size());
    }
  }
  return result;
}

Result<> write_file(const fs::path& path, std::string_view text) {
  std::error_code error;
  fs::create_directories(path.parent_path(), error);
  const FileDescriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  if (!file)
    return fail(ErrorKind::Failed,
                fmt::format("cannot write {}: {}", path.string(), std::strerror(errno)));
  return write_all(file.get(), text).while_doing(fmt::format("writing {}", path.string()));
}

// "2 nodes, commented", "17 lines".
std::string describe(const std::string& path, const std::string& text) {
  if (path.ends_with(".yml")) {
    std::size_t nodes = 0;
    for (auto at = text.find("\n  - id:"); at != std::string::npos;
         at = text.find("\n  - id:", at + 1))
      ++nodes;
    return fmt::format("{} node{}, commented", nodes, nodes == 1 ? "" : "s");
  }
  const auto lines = std::ranges::count(text, '\n');
  return fmt::format("{} line{}", lines, lines == 1 ? "" : "s");
}

Result<> make_folder(const fs::path& folder) {
  std::error_code error;
  if (fs::exists(fs::symlink_status(folder, error)))
    return fail(ErrorKind::Busy, fmt::format("{} exists already: choose another name, or remove it",
                                             folder.string()));
  if (!fs::create_directories(folder, error))
    return fail(ErrorKind::Failed,
                fmt::format("cannot make the folder {}: {}", folder.string(), error.message()));
  return {};
}

// Editors complete keys and underline what is wrong from the first minute.
Result<> write_editor_settings(const fs::path& folder) {
  const auto schema = json::parse(dataflow::json_schema(dataflow::SchemaOf::Dataflow));
  TRY(write_file(folder / ".vscode/dataflow.schema.json", pretty_json(schema)));
  return write_file(folder / ".vscode/settings.json",
                    pretty_json(json::value{
                        {"yaml.schemas",
                         {{"./.vscode/dataflow.schema.json", {"dataflow*.yml", "dataflow*.yaml"}}}},
                    }));
}

struct Created {
  std::string path;
  std::string description;
};

Result<std::vector<Created>> write_files(const Template& made, const std::string& name,
                                         const fs::path& folder) {
  TRY(make_folder(folder));
  std::vector<Created> created;
  for (const TemplateFile& file : made.files) {
    const std::string path = fill_in(file.path, name, made);
    const std::string text = fill_in(file.beginning, name, made) + fill_in(file.text, name, made);
    TRY(write_file(folder / path, text));
    created.push_back({path, describe(path, text)});
  }
  TRY(write_editor_settings(folder));
  return created;
}

std::string to_text(const std::vector<Created>& files, const Template& made,
                    const std::string& name, const std::string& folder) {
  std::string text = fmt::format("created {}/\n", folder);
  std::size_t width = 0;
  for (const Created& file : files)
    width = std::max(width, file.path.size());
  for (const Created& file : files)
    text += fmt::format("  {:<{}}  {}\n", file.path, width + 3, file.description);
  std::string_view label = "next:  ";
  std::string_view rest = made.next;
  while (!rest.empty()) {
    const auto line = rest.substr(0, rest.find('\n'));
    text += fmt::format("{}{}\n", label, fill_in(line, folder, made));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    label = "       ";
  }
  const std::string_view here = fs::path(folder).is_absolute() ? "" : "./";
  return text + fmt::format("Created new {} `{}` at {}{}\n", made.title, name, here, folder);
}

int make_new(const CommandContext& context) {
  const ParsedCommand& command = context.command;
  const auto refuse = [&](const std::string& message, int exit_code) {
    print_error(context.terminal, message);
    return exit_code;
  };
  const std::string& name = command.arguments().front();
  if (const std::string mistake = mistake_in_name(name); !mistake.empty())
    return refuse(mistake, exit_usage);
  std::string language = command.value("--lang").value_or("python");
  if (language == "c++" || language == "cpp") language = "cxx";
  const std::string kind = command.value("--kind").value_or("dataflow");
  if (language == "rust")
    return refuse("no Rust API is offered yet: use --lang python, c or cxx", exit_usage);
  const std::string wanted = command.value("--template").value_or("");
  const Template* made = find_template(language, kind, wanted);
  if (made == nullptr && !wanted.empty())
    return refuse(fmt::format("the template `{}` is a dataflow in Python", wanted), exit_usage);
  if (made == nullptr)
    return refuse(fmt::format("there is no template for a {} in {} yet", kind, language),
                  exit_usage);
  const std::string folder = command.arguments().size() > 1 ? command.arguments()[1] : name;
  const auto files = write_files(*made, name, folder);
  if (!files) return refuse(files.error().message, exit_failed);
  if (!wants_json(command)) {
    if (!context.terminal.is_quiet) print_result(to_text(*files, *made, name, folder));
    return 0;
  }
  json::array paths;
  for (const Created& file : *files)
    paths.emplace_back(file.path);
  print_result(json::serialize(json::value{{"schema_version", 1},
                                           {"name", name},
                                           {"kind", kind},
                                           {"language", language},
                                           {"folder", folder},
                                           {"files", std::move(paths)}}) +
               "\n");
  return 0;
}

constexpr Flag new_flags[] = {
    {.name = "--kind",
     .value = "KIND",
     .help = "dataflow (the default), node or operator",
     .takes = Flag::Takes::Value,
     .choices = "dataflow|node|operator"},
    {.name = "--lang",
     .value = "LANGUAGE",
     .help = "python (the default), c or cxx",
     .takes = Flag::Takes::Value,
     .choices = "python|c|cxx|c++|cpp|rust"},
    {.name = "--template",
     .value = "NAME",
     .help = "shapes: a camera, a detector and a plot, without a device",
     .takes = Flag::Takes::Value,
     .choices = template_names},
    text_format_flag("text, or json: one object"),
    json_flag,
};

}  // namespace

constinit const Command new_command{
    .name = "new",
    .group = Group::Write,
    .summary = "Make a dataflow, a node or an operator to begin with",
    .arguments = {{{"NAME", "Its name, and that of the new folder"},
                   {"FOLDER", "The folder, when it is to have another name",
                    Argument::Takes::Optional, Complete::Files}}},
    .flags = new_flags,
    .description =
        "Makes a folder with files that run as they are; in C and C++, CMake and a compiler build "
        "them first. Nothing that exists is overwritten. A folder `.vscode` teaches editors the "
        "keys of dataflows.",
    .examples =
        "dora new hello\n"
        "dora new eyes --template shapes\n"
        "dora new counter --kind node --lang cxx\n"
        "dora new smooth --kind operator",
    .run = make_new,
};

}  // namespace dora::cli

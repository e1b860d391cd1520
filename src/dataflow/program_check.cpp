// SPDX-License-Identifier: Apache-2.0
#include "dataflow/program_check.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/spelling.hpp"
#include "dataflow/environment.hpp"
#include "dataflow/report.hpp"
#include "dataflow/source_syntax.hpp"

namespace dora::dataflow {
namespace {

using Found = ProgramFinder::Found;

constexpr std::size_t names_listed = 500;

// `file.py:Class` names a class of the file.
std::string without_class(const Operator& each) {
  const std::size_t colon = each.source.rfind(':');
  const bool has_class = each.language == OperatorLanguage::Python && colon != std::string::npos &&
                         colon > 3 && each.source.substr(0, colon).ends_with(".py");
  return has_class ? each.source.substr(0, colon) : each.source;
}

// Where relative paths of `node` start.
std::filesystem::path directory_of(const Dataflow& dataflow, const Node& node) {
  const auto& deploy = node.deploy ? node.deploy : dataflow.deploy;
  if (deploy && deploy->working_dir) return dataflow.base_directory / *deploy->working_dir;
  return dataflow.base_directory;
}

class Check {
 public:
  Check(const Dataflow& dataflow, ProgramFinder& finder, const EnvironmentLookup& environment)
      : dataflow_(dataflow), finder_(finder), environment_(environment) {}

  void node(const Node& node) {
    if (node.kind == NodeKind::Operators) {
      for (const Operator& each : node.operators)
        check_operator(node, each);
      return;
    }
    if (node.kind != NodeKind::Program || node.git) return;
    std::string kept;
    std::string path = expand_path(node.path, environment_, &kept);
    if (!kept.empty()) {
      add(node.path_location,
          {.code = "W005",
           .message = fmt::format("the variable `{}` in the path of node `{}` is not replaced",
                                  shown(kept), node.id.text()),
           .help = "only HOME, USER, DORA_WORKSPACE, CARGO_MANIFEST_DIR and PWD are"});
    }
    if (node.build) return;
    check_program(node, path);
  }

  std::vector<Diagnostic> take() { return std::move(diagnostics_); }

 private:
  void add(Location at, Remark remark) {
    diagnostics_.push_back(diagnose(dataflow_.sources, at, std::move(remark)));
  }

  void check_program(const Node& node, const std::string& path) {
    std::filesystem::path file = directory_of(dataflow_, node) / path;
    bool is_script = path.ends_with(".py");
    switch (finder_.look(file)) {
      case Found::Executable:
        return;
      case Found::File:
        if (is_script) return;
        add(node.path_location,
            {.code = "E041",
             .message = fmt::format("the program of node `{}` may not be executed: {}",
                                    node.id.text(), shown(file.string(), 300)),
             .help = path.ends_with(".yml") || path.ends_with(".yaml")
                         ? fmt::format("a module is named by `module: {}`", shown(path, 300))
                         : fmt::format("chmod +x {}", shown(path, 300))});
        return;
      case Found::Directory:
        // `python` may be both a directory here and a command.
        if (!path.contains('/') && finder_.find_command(path)) return;
        add(node.path_location,
            {.code = "E041",
             .message = fmt::format("the program of node `{}` is a directory: {}", node.id.text(),
                                    shown(file.string(), 300)),
             .help = "name a file in it"});
        return;
      case Found::Nothing:
        break;
    }
    if (!path.contains('/') && finder_.find_command(path)) return;
    auto meant = closest_file(file);
    bool is_command = !path.contains('/') && !is_script;
    add(node.path_location,
        {.code = "E040",
         .message = fmt::format("Could not find source path `{}` of node `{}`", shown(path, 300),
                                node.id.text()),
         .label = is_command ? "no such file, and no such command on PATH"
                             : fmt::format("there is no {}", shown(file.string(), 300)),
         .help = meant ? fmt::format("did you mean `{}`?", shown(replaced_name(path, *meant)))
                       : likely_program(node, path)});
  }

  // What people write who think of a command line, or of another system.
  std::string likely_program(const Node& node, const std::string& path) {
    const std::filesystem::path folder = directory_of(dataflow_, node);
    const auto is_there = [&](const std::string& name) {
      const Found found = finder_.look(folder / name);
      return found == Found::File || found == Found::Executable;
    };
    if (path == "Dynamic" || path == "Shell" || path == "DYNAMIC" || path == "SHELL")
      return fmt::format("did you mean `{}`?", to_lower(path));
    if (path.starts_with("~/"))
      return fmt::format("`~` stands for nothing here: write `$HOME{}`",
                         shown(path.substr(1), 300));
    if (path.contains('\\')) {
      std::string with_slashes = path;
      std::ranges::replace(with_slashes, '\\', '/');
      return fmt::format("folders are parted by `/`: `{}`", shown(with_slashes, 300));
    }
    const auto blank = path.find(' ');
    if (blank == std::string::npos) return "";
    const auto next = path.find_first_not_of(' ', blank);
    if (next == std::string::npos) return "`path` ends with a blank";
    const std::string first = path.substr(0, blank);
    const std::string rest = path.substr(next);
    const std::string second = rest.substr(0, rest.find(' '));
    if (first.starts_with("python") && second.ends_with(".py"))
      return fmt::format("`path` is the program alone: write `path: {}`", shown(second, 300));
    if (is_there(first) || (!first.contains('/') && finder_.find_command(first)))
      return fmt::format("`path` is the program alone: write `path: {}` and `args: {}`",
                         shown(first, 300), shown(rest, 300));
    return "";
  }

  void check_operator(const Node& node, const Operator& each) {
    const auto named = operator_file(each);
    if (each.build || !named) return;
    const std::string source = expand_path(*named, environment_);
    const std::filesystem::path file = dataflow_.base_directory / source;
    const bool is_library = each.language == OperatorLanguage::SharedLibrary;
    Found found = finder_.look(file);
    if (found == Found::File || found == Found::Executable) return;
    auto meant = is_library ? std::nullopt : closest_file(file);
    add(each.location,
        {.code = "E042",
         .message = fmt::format("no {} library at `{}` (operator `{}` of node `{}`)",
                                is_library ? "shared" : "Python", shown(file.string(), 300),
                                shown(each.id), node.id.text()),
         .help =
             meant ? fmt::format("did you mean `{}`?", shown(replaced_name(source, *meant))) : ""});
  }

  std::optional<std::string> closest_file(const std::filesystem::path& file) {
    // More is not shown, and folders may be large.
    if (diagnostics_.size() >= Report::limit) return std::nullopt;
    return closest_match(file.filename().string(),
                         finder_.list(file.lexically_normal().parent_path()));
  }

  static std::string replaced_name(const std::string& path, const std::string& name) {
    return path.substr(0, path.rfind('/') + 1) + name;
  }

  const Dataflow& dataflow_;
  ProgramFinder& finder_;
  const EnvironmentLookup& environment_;
  std::vector<Diagnostic> diagnostics_;
};

}  // namespace

std::optional<std::string> operator_file(const Operator& each) {
  if (each.source.empty() || is_url(each.source)) return std::nullopt;
  switch (each.language) {
    case OperatorLanguage::SharedLibrary: {
      const std::filesystem::path named = each.source;
      return (named.parent_path() / ("lib" + named.filename().string() + ".so")).string();
    }
    case OperatorLanguage::Python:
      // Only the Python that runs it knows which modules it has.
      if (is_python_module(each.source)) return std::nullopt;
      return without_class(each);
    case OperatorLanguage::Wasm:
      return std::nullopt;
  }
  return std::nullopt;
}

Found DiskProgramFinder::look(const std::filesystem::path& path) {
  struct stat status = {};
  if (::stat(path.c_str(), &status) != 0) return Found::Nothing;
  if (S_ISDIR(status.st_mode)) return Found::Directory;
  if (!S_ISREG(status.st_mode)) return Found::Nothing;
  return ::access(path.c_str(), X_OK) == 0 ? Found::Executable : Found::File;
}

std::optional<std::filesystem::path> DiskProgramFinder::find_command(const std::string& name) {
  if (name.empty()) return std::nullopt;
  std::string_view rest = search_path_;
  while (!rest.empty()) {
    std::string_view directory = rest.substr(0, rest.find(':'));
    rest.remove_prefix(std::min(directory.size() + 1, rest.size()));
    // An empty entry of PATH is the current directory, which is nothing to rely on.
    if (directory.empty()) continue;
    std::filesystem::path candidate = std::filesystem::path(directory) / name;
    if (look(candidate) == Found::Executable) return candidate;
  }
  return std::nullopt;
}

std::vector<std::string> DiskProgramFinder::list(const std::filesystem::path& directory) {
  std::vector<std::string> names;
  std::error_code error;
  for (std::filesystem::directory_iterator each(directory, error), end;
       !error && each != end && names.size() < names_listed; each.increment(error)) {
    names.push_back(each->path().filename().string());
  }
  return names;
}

std::optional<std::filesystem::path> resolve_program(const Dataflow& dataflow, const Node& node,
                                                     ProgramFinder& finder,
                                                     const EnvironmentLookup& environment) {
  std::string path = expand_path(node.path, environment);
  std::filesystem::path file = directory_of(dataflow, node) / path;
  Found found = finder.look(file);
  if (found == Found::File || found == Found::Executable) return file;
  return path.contains('/') ? std::nullopt : finder.find_command(path);
}

std::vector<Diagnostic> check_programs(const Dataflow& dataflow, ProgramFinder& finder,
                                       const EnvironmentLookup& environment) {
  Check check(dataflow, finder, environment);
  for (const Node& node : dataflow.nodes)
    check.node(node);
  return check.take();
}

}  // namespace dora::dataflow

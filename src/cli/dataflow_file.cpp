// SPDX-License-Identifier: Apache-2.0
#include "cli/dataflow_file.hpp"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "build/command.hpp"
#include "cli/build_session.hpp"
#include "cli/run_options.hpp"
#include "daemon/ask_program.hpp"
#include "daemon/program_lookup.hpp"
#include "dataflow/program_check.hpp"
#include "dataflow/report.hpp"

namespace dora::cli {

using dataflow::Diagnostic;

namespace {

// Finds what the engine would find, too: the console scripts that `uv run` knows. It is asked once,
// as a file may name thousands of programs that are not there.
class CommandFinder : public dataflow::DiskProgramFinder {
 public:
  CommandFinder(std::string search_path, std::filesystem::path folder)
      : DiskProgramFinder(std::move(search_path)), folder_(std::move(folder)) {}

  std::optional<std::filesystem::path> find_command(const std::string& name) override {
    if (auto found = DiskProgramFinder::find_command(name)) return found;
    if (!of_uv_) of_uv_.emplace(search_path_of_uv());
    return of_uv_->find_command(name);
  }

 private:
  std::string search_path_of_uv() {
    const auto uv = DiskProgramFinder::find_command("uv");
    if (!uv) return {};
    return daemon::ask_program({uv->string(), "run", "printenv", "PATH"}, folder_,
                               std::chrono::seconds(30))
        .value_or("");
  }

  std::filesystem::path folder_;
  std::optional<DiskProgramFinder> of_uv_;
};

// PATH, our own folder, and what the dataflow itself sets.
std::string search_path_of(const dataflow::Dataflow& dataflow, const Environment& environment) {
  std::string path = environment("PATH").value_or("");
  path += ":" + daemon::own_program_directory().string();
  const auto add = [&](const dataflow::Environment& variables) {
    if (const auto own = variables.find("PATH"); own != variables.end())
      path += ":" + own->second.text;
  };
  add(dataflow.env);
  for (const dataflow::Node& node : dataflow.nodes)
    add(node.env);
  return path;
}

}  // namespace

std::optional<DataflowFile> load_dataflow_file(const std::string& typed, const Terminal& terminal,
                                               int& exit_code) {
  auto path = find_dataflow_file(typed);
  if (path) return DataflowFile{*path, dataflow::load(*path)};
  print_error(terminal, path.error().message);
  exit_code = path.error().kind == ErrorKind::NotFound ? exit_invalid_dataflow : exit_usage;
  return std::nullopt;
}

std::optional<DataflowFile> read_dataflow_file(const std::string& typed, const Terminal& terminal,
                                               const Environment& environment, int& exit_code) {
  auto file = load_dataflow_file(typed, terminal, exit_code);
  if (!file) return std::nullopt;
  check_programs(file->loaded, environment);
  return file;
}

void check_programs(dataflow::LoadResult& loaded, const Environment& environment) {
  if (!loaded.dataflow) return;
  CommandFinder finder(search_path_of(*loaded.dataflow, environment),
                       loaded.dataflow->base_directory);
  auto missing =
      dataflow::check_programs(*loaded.dataflow, finder, dataflow::process_environment());
  if (dataflow::has_errors(missing)) loaded.dataflow.reset();
  if (missing.size() > dataflow::Report::limit) {
    loaded.omitted += missing.size() - dataflow::Report::limit;
    missing.resize(dataflow::Report::limit);
  }
  std::ranges::move(missing, std::back_inserter(loaded.diagnostics));
}

dataflow::TypeReport check_types_of(const dataflow::Dataflow& dataflow, bool is_strict) {
  auto library = dataflow::TypeLibrary::standard();
  dataflow::DiskFileSource files;
  auto problems = library.add_folder(dataflow.base_directory / "types", files);
  // What packages say of their ports; what stands in the dataflow itself wins.
  dataflow::Dataflow whole = dataflow;
  for (dataflow::Node& node : whole.nodes) {
    if (!node.package) continue;
    for (const auto& [name, type] : node.package->types)
      library.add(name, type);
    for (const auto& [id, type] : node.package->input_types)
      if (node.ports.find_input(id) != nullptr)
        node.ports.input_types.try_emplace(id, type, node.path_location);
    for (const auto& [id, type] : node.package->output_types)
      if (node.ports.find_output(id) != nullptr)
        node.ports.output_types.try_emplace(id, type, node.path_location);
  }
  auto report = dataflow::check_types(whole, library, is_strict || dataflow.strict_types);
  report.diagnostics.insert(report.diagnostics.begin(), problems.begin(), problems.end());
  return report;
}

bool is_url(std::string_view typed) {
  return typed.starts_with("http://") || typed.starts_with("https://");
}

Result<std::string> download_dataflow(const std::string& url) {
  std::string name = url.substr(0, url.find_first_of("?#"));
  name.erase(0, name.rfind('/') + 1);
  if (name.empty() || name.starts_with('.') || url.find('\0') != std::string::npos)
    return fail(ErrorKind::NotFound, fmt::format("{} names no file", dataflow::shown(url, 300)));
  std::error_code error;
  const daemon::LookupContext lookup = lookup_context();
  daemon::NodePlan plan;
  plan.working_directory = std::filesystem::current_path(error);
  const auto python = TRY(daemon::find_python(plan, lookup));
  std::string last;
  const auto done = build::run_command(
      {.words = {python.string(), "-m", "dora._download", url, name, "--document"},
       .working_directory = plan.working_directory,
       .environment = lookup.inherited},
      [&](const std::string& line) { last = line; }, build::StopSignal());
  if (done) return name;
  return fail(ErrorKind::NotFound, fmt::format("downloading {}: {}", dataflow::shown(url, 300),
                                               last.empty() ? done.error().message : last));
}

void print_diagnostics(const dataflow::LoadResult& loaded, const Terminal& terminal,
                       std::string_view consequence) {
  std::vector<Diagnostic> shown = loaded.diagnostics;
  if (terminal.is_quiet)
    std::erase_if(
        shown, [](const Diagnostic& each) { return each.severity == dataflow::Severity::Warning; });
  if (shown.empty()) return;
  std::string text = dataflow::render(
      shown, terminal.is_stderr_colored ? dataflow::Color::Yes : dataflow::Color::No);
  if (loaded.omitted > 0) text += fmt::format("\n... and {} more\n", loaded.omitted);
  if (dataflow::has_errors(shown) || loaded.omitted > 0)
    text += fmt::format("\n{}{}\n", dataflow::count_text(shown), consequence);
  print_notice(text);
}

}  // namespace dora::cli

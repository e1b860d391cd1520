// SPDX-License-Identifier: Apache-2.0
#include "cli/dataflow_file.hpp"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "cli/run_options.hpp"

namespace dora::cli {

using dataflow::Diagnostic;

std::optional<DataflowFile> read_dataflow_file(const std::string& typed, const Terminal& terminal,
                                               int& exit_code) {
  auto path = find_dataflow_file(typed);
  if (!path) {
    print_error(terminal, path.error().message);
    exit_code = path.error().kind == ErrorKind::NotFound ? exit_invalid_dataflow : exit_usage;
    return std::nullopt;
  }
  dataflow::LoadResult loaded = dataflow::load(*path);
  return DataflowFile{std::move(*path), std::move(loaded)};
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

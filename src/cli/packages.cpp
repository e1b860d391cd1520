// SPDX-License-Identifier: Apache-2.0
#include "cli/packages.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "build/lock_file.hpp"
#include "hub/resolve.hpp"

namespace dora::cli {
namespace {

using Ask = hub::IndexFetcher::Ask;

}  // namespace

std::optional<int> find_packages(DataflowFile& file, const SourceWishes& sources, Ask ask,
                                 const Terminal& terminal, std::string_view consequence) {
  dataflow::Dataflow& dataflow = *file.loaded.dataflow;
  if (!hub::has_packages(dataflow) && sources.hub_overrides.empty()) return std::nullopt;
  hub::ResolveOptions options{
      .variables = lookup_context().inherited, .ask = ask, .overrides = sources.hub_overrides};
  if (sources.is_offline) options.ask = Ask::Never;
  build::LockFile lock;
  if (sources.lock == build::BuildOptions::Lock::Check) {
    const auto path = sources.lock_file.empty()
                          ? build::default_lock_file(dataflow.base_directory / file.path.filename())
                          : sources.lock_file;
    auto read = build::read_lock_file(path);
    if (!read) {
      print_error(terminal, read.error().message);
      return exit_build_failed;
    }
    lock = *std::move(read);
    options.lock = &lock;
    options.is_locked = true;
    if (!sources.is_offline) options.ask = Ask::IfNew;
  }
  const auto resolution = hub::resolve_packages(dataflow, options);
  if (!terminal.is_quiet)
    for (const std::string& note : resolution.notes)
      print_notice(fmt::format(" hub     {}\n", note));
  print_diagnostics({.diagnostics = resolution.diagnostics}, terminal, consequence);
  if (!dataflow::has_errors(resolution.diagnostics)) return std::nullopt;
  const bool is_missing = std::ranges::any_of(resolution.diagnostics,
                                              [](const auto& each) { return each.code == "E051"; });
  return is_missing ? exit_build_failed : exit_invalid_dataflow;
}

void look_at_packages(DataflowFile& file, bool is_offline) {
  if (!file.loaded.dataflow || !hub::has_packages(*file.loaded.dataflow)) return;
  dataflow::Dataflow& dataflow = *file.loaded.dataflow;
  hub::ResolveOptions options{.variables = lookup_context().inherited,
                              .ask = is_offline ? Ask::Never : Ask::IfNew,
                              .tolerates_unreachable = true};
  const auto lock = build::read_lock_file(
      build::default_lock_file(dataflow.base_directory / file.path.filename()));
  if (lock) options.lock = &*lock;
  auto resolution = hub::resolve_packages(dataflow, options);
  if (dataflow::has_errors(resolution.diagnostics)) file.loaded.dataflow.reset();
  std::ranges::move(resolution.diagnostics, std::back_inserter(file.loaded.diagnostics));
}

}  // namespace dora::cli

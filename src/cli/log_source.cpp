// SPDX-License-Identifier: Apache-2.0
#include "cli/log_source.hpp"

#include <algorithm>
#include <ranges>
#include <utility>

#include <fmt/format.h>

#include "base/spelling.hpp"
#include "daemon/log_reader.hpp"

namespace dora::cli {
namespace {

namespace fs = std::filesystem;

bool is_below(const fs::path& path, const fs::path& folder) {
  const auto [rest, end] = std::ranges::mismatch(path, folder);
  (void)rest;
  return end == folder.end();
}

LogSource source_of(const RunningDataflow& dataflow) {
  return {.dataflow_id = dataflow.uuid,
          .description = fmt::format("[{}] {}", dataflow.name.empty() ? "<unnamed>" : dataflow.name,
                                     dataflow.uuid),
          .folders = {dataflow.log_folders.begin(), dataflow.log_folders.end()},
          .is_running = dataflow.status == "Running"};
}

/// The folders of ./out that hold logs, the newest first.
std::vector<fs::path> local_folders(const fs::path& out) {
  std::vector<std::pair<fs::file_time_type, fs::path>> found;
  std::error_code error;
  for (fs::directory_iterator entry(out, error), end; !error && entry != end;
       entry.increment(error)) {
    std::error_code ignored;
    if (!entry->is_directory(ignored) || daemon::LogReader::nodes_in({entry->path()}).empty())
      continue;
    found.emplace_back(entry->last_write_time(ignored), entry->path());
  }
  std::ranges::sort(found, std::greater<>{});
  std::vector<fs::path> folders;
  folders.reserve(found.size());
  for (auto& [time, path] : found)
    folders.push_back(std::move(path));
  return folders;
}

Result<LogSource> find_local(const LogWish& wish) {
  const fs::path out = wish.directory / "out";
  std::error_code error;
  if (!fs::is_directory(out, error))
    return fail(ErrorKind::NotFound,
                fmt::format("there is no folder `out` in {}: the logs of `dora run` appear there",
                            wish.directory.string()));
  fs::path folder;
  if (wish.dataflow) {
    const fs::path name(*wish.dataflow);
    if (name.empty() || name.has_parent_path() || name == "." || name == "..")
      return fail(ErrorKind::InvalidInput,
                  fmt::format("`{}` is no UUID and no name of a dataflow", *wish.dataflow));
    folder = out / name;
    if (!fs::is_directory(folder, error))
      return fail(ErrorKind::NotFound,
                  fmt::format("no dataflow with name `{}` is running, and there is no folder {}",
                              *wish.dataflow, folder.string()));
    if (daemon::LogReader::nodes_in({folder}).empty())
      return fail(ErrorKind::NotFound,
                  fmt::format("there are no log files in {}", folder.string()));
  } else {
    const auto folders = local_folders(out);
    if (folders.empty())
      return fail(ErrorKind::NotFound, fmt::format("there are no log files in {}", out.string()));
    folder = folders.front();
  }
  return LogSource{.dataflow_id = folder.filename().string(),
                   .description = folder.string(),
                   .folders = {folder},
                   .is_local = true};
}

}  // namespace

Result<LogSource> find_log_source(const LogWish& wish, const Survey& survey) {
  if (wish.is_local) return find_local(wish);
  std::vector<RunningDataflow> known;
  std::ranges::copy_if(survey.dataflows, std::back_inserter(known),
                       [](const RunningDataflow& each) { return !each.log_folders.empty(); });
  // Of one name the running one is meant, else the latest.
  std::ranges::stable_sort(known, std::greater<>{}, [](const RunningDataflow& each) {
    return std::pair(each.status == "Running", each.started_ns);
  });
  if (wish.dataflow) {
    for (const RunningDataflow& each : known) {
      if (each.uuid == *wish.dataflow) return source_of(each);
    }
    std::vector<RunningDataflow> named;
    std::ranges::copy_if(known, std::back_inserter(named),
                         [&](const RunningDataflow& each) { return each.name == *wish.dataflow; });
    const auto running = std::ranges::count(named, "Running", &RunningDataflow::status);
    if (running > 1) return source_of(TRY(choose_dataflow(named, wish.dataflow)));
    if (!named.empty()) return source_of(named.front());
    auto local = find_local(wish);
    if (local || local.error().kind != ErrorKind::NotFound) return local;
    std::vector<std::string> names;
    for (const RunningDataflow& each : known)
      names.push_back(each.name);
    const auto near = closest_match(*wish.dataflow, names);
    if (near) local.error().message += fmt::format(", did you mean `{}`?", *near);
    return local;
  }
  std::erase_if(known, [](const RunningDataflow& each) { return each.status != "Running"; });
  std::vector<RunningDataflow> here;
  std::ranges::copy_if(known, std::back_inserter(here), [&](const RunningDataflow& each) {
    return std::ranges::any_of(each.log_folders, [&](const std::string& folder) {
      return is_below(folder, wish.directory / "out");
    });
  });
  if (!here.empty()) return source_of(TRY(choose_dataflow(here, std::nullopt)));
  auto local = find_local(wish);
  if (local || known.empty()) return local;
  return source_of(TRY(choose_dataflow(known, std::nullopt)));
}

}  // namespace dora::cli

// SPDX-License-Identifier: Apache-2.0
#include "build/node_source.hpp"

#include <fmt/format.h>

#include "build/git_repository.hpp"

namespace dora::build {
namespace {

namespace fs = std::filesystem;

Error missing(const NodeTask& task, std::string_view why) {
  return {ErrorKind::NotFound,
          fmt::format("{} has not been fetched{}",
                      task.git ? public_address(task.git->url) : task.download->url, why)};
}

/// build/<name>, or build/<checksum>/<name>: another checksum is another file.
fs::path download_path(const Download& download, const fs::path& folder) {
  std::string_view url = download.url;
  url = url.substr(0, url.find_first_of("?#"));
  std::string name(url.substr(url.rfind('/') + 1));
  if (name.empty() || name.starts_with('.')) name = "program" + name;
  return folder / "build" / download.sha256 / name;
}

/// The folder of a package in its clone, whatever links the repository holds.
Result<fs::path> folder_in(const fs::path& clone, const std::string& subfolder) {
  if (subfolder.empty()) return clone;
  std::error_code error;
  fs::path folder = fs::canonical(clone / subfolder, error);
  if (!error && fs::is_directory(folder, error)) {
    const fs::path inner = folder.lexically_relative(fs::canonical(clone, error));
    if (!inner.empty() && *inner.begin() != "..") return folder;
  }
  return fail(ErrorKind::NotFound,
              fmt::format("there is no folder `{}` in {}", subfolder, clone.string()));
}

Result<FetchedSource> fetch_git(const NodeTask& task, const FetchRequest& request,
                                const OnLine& on_line, const StopSignal& stop) {
  GitRepository repository(*task.git, request.folder, request.variables, on_line, stop);
  FetchedSource source{.record = wanted_source(task)};
  const bool is_known = request.known.address == source.record.address &&
                        request.known.reference == source.record.reference &&
                        !repository.find_clone(request.known.commit).empty();
  std::string& commit = source.record.commit;
  if (!request.locked_commit.empty()) {
    commit = request.locked_commit;
  } else if (is_known && (request.may_reuse || request.is_offline)) {
    commit = request.known.commit;
  } else if (!request.is_offline) {
    commit = TRY(repository.find_commit());
  }
  source.is_new = repository.find_clone(commit).empty();
  if (source.is_new && request.is_offline)
    return std::unexpected(missing(task, ", and `--offline` forbids it"));
  const fs::path clone = TRY(repository.clone(commit));
  source.working_directory = TRY(folder_in(clone, task.subfolder));
  return source;
}

Result<FetchedSource> download(const NodeTask& task, const FetchRequest& request,
                               const OnLine& on_line, const StopSignal& stop) {
  FetchedSource source{.record = wanted_source(task), .working_directory = request.folder};
  source.program = download_path(*task.download, request.folder);
  if (request.python.empty())
    return fail(ErrorKind::NotFound, "downloading needs a Python interpreter, and there is none");
  Command command{.words = {request.python.string(), "-m", "dora._download", task.download->url,
                            source.program.string()},
                  .working_directory = request.folder,
                  .environment = request.variables};
  if (!task.download->sha256.empty())
    command.words.insert(command.words.end(), {"--sha256", task.download->sha256});
  if (request.is_offline) command.words.emplace_back("--offline");
  // Its last line is the checksum; those before are for the user.
  std::string checksum;
  auto done = run_command(
      command,
      [&](const std::string& line) {
        if (!checksum.empty()) on_line(checksum);
        checksum = line;
      },
      stop);
  if (!done) {
    return std::unexpected(
        Error{ErrorKind::Failed, checksum.empty() ? done.error().message : checksum}.while_doing(
            "downloading " + task.download->url));
  }
  source.record.commit = checksum;
  source.is_new = checksum != request.known.commit;
  return source;
}

}  // namespace

SourceRecord wanted_source(const NodeTask& task) {
  if (task.git) {
    return {.address = public_address(task.git->url),
            .reference = reference_text(*task.git),
            .commit = {}};
  }
  if (task.download)
    return {.address = task.download->url, .reference = task.download->sha256, .commit = {}};
  return {};
}

Result<FetchedSource> fetch_source(const NodeTask& task, const FetchRequest& request,
                                   const OnLine& on_line, const StopSignal& stop) {
  if (task.git) return fetch_git(task, request, on_line, stop);
  if (task.download) return download(task, request, on_line, stop);
  return FetchedSource{
      .record = {}, .working_directory = task.working_directory, .program = {}, .is_new = false};
}

Result<FetchedSource> find_source(const NodeTask& task, const fs::path& folder,
                                  const SourceRecord& record) {
  FetchedSource source{.record = record,
                       .working_directory = task.working_directory,
                       .program = {},
                       .is_new = false};
  const SourceRecord wanted = wanted_source(task);
  const bool is_same = record.address == wanted.address && record.reference == wanted.reference;
  std::error_code error;
  if (task.git) {
    source.working_directory = clones_of(task.git->url, folder) / record.commit;
    if (!is_same || record.commit.empty() || !fs::is_directory(source.working_directory, error))
      return std::unexpected(missing(task, ""));
    source.working_directory = TRY(folder_in(source.working_directory, task.subfolder));
  }
  if (task.download) {
    source.program = download_path(*task.download, folder);
    if (!is_same || !fs::exists(source.program, error)) return std::unexpected(missing(task, ""));
  }
  return source;
}

}  // namespace dora::build

// SPDX-License-Identifier: Apache-2.0
#include "hub/index_fetcher.hpp"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/file_descriptor.hpp"
#include "base/random.hpp"
#include "build/command.hpp"
#include "build/git_repository.hpp"

namespace dora::hub {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds git_patience{60};

fs::path cache_folder(const std::map<std::string, std::string>& variables) {
  const auto value = [&](const char* name) {
    const auto found = variables.find(name);
    return found == variables.end() ? std::string() : found->second;
  };
  const std::string cache = value("XDG_CACHE_HOME");
  return (cache.empty() ? fs::path(value("HOME")) / ".cache" : fs::path(cache)) / "dora/index";
}

Result<std::string> ask_git(std::vector<std::string> words, const fs::path& directory,
                            const std::map<std::string, std::string>& variables) {
  words.insert(words.begin(), "git");
  build::StopSignal late;
  // git itself would wait for a peer that is silent.
  const std::jthread clock([&](const std::stop_token& ended) {
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock held(mutex);
    never.wait_for(held, ended, git_patience, [] { return false; });
    if (!ended.stop_requested()) late.raise();
  });
  auto answer = build::ask_command(
      {.words = std::move(words), .working_directory = directory, .environment = variables}, late);
  if (answer || !late.is_raised()) return answer;
  return fail(ErrorKind::TimedOut,
              fmt::format("git did not answer within {} s", git_patience.count()));
}

/// What programs that were killed have left. Only for who holds the lock.
void remove_partial_clones(const fs::path& cache) {
  std::error_code error;
  for (fs::directory_iterator each(cache, error), end; !error && each != end;
       each.increment(error)) {
    const std::string name = each->path().filename().string();
    std::error_code ignored;
    if (name.starts_with('.') && name.contains(".partial-")) fs::remove_all(each->path(), ignored);
  }
}

}  // namespace

IndexFetcher::IndexFetcher(std::map<std::string, std::string> variables, Ask ask)
    : variables_(std::move(variables)), ask_(ask) {
  build::forget_outer_git(variables_);
}

Result<Catalog> IndexFetcher::open(const IndexConfig& index) {
  if (index.git.empty()) {
    return Catalog::open(index.folder).while_doing(fmt::format("the index `{}`", index.alias));
  }
  auto& folder = fetched_[index.alias];
  if (folder.empty()) folder = TRY(fetch(index));
  return Catalog::open(folder / index.folder)
      .while_doing(
          fmt::format("the index `{}` of {}", index.alias, build::public_address(index.git)));
}

Result<Catalog> IndexFetcher::peek(const IndexConfig& index) const {
  return Catalog::open(index.git.empty() ? index.folder
                                         : cache_folder(variables_) / index.alias / index.folder);
}

Result<fs::path> IndexFetcher::fetch(const IndexConfig& index) {
  const fs::path cache = cache_folder(variables_);
  fs::path folder = cache / index.alias;
  const auto refuse = [&](const std::string& why) {
    return fail(ErrorKind::Disconnected,
                fmt::format("the index `{}` ({}) cannot be read: {}", index.alias,
                            build::public_address(index.git), why));
  };
  std::error_code error;
  fs::create_directories(cache, error);
  if (error) return refuse(fmt::format("{}: {}", cache.string(), error.message()));
  // Two programs that fetch at once would disturb each other.
  const FileDescriptor lock(::open(cache.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (lock) retry_interrupted([&] { return ::flock(lock.get(), LOCK_EX); });
  // Of another repository that had this alias before.
  const auto known = fs::is_directory(folder, error)
                         ? ask_git({"config", "remote.origin.url"}, folder, variables_)
                         : Result<std::string>(fail(ErrorKind::NotFound, ""));
  const bool is_here = known && *known == index.git;
  if (is_here && ask_ != Ask::Always) return folder;
  if (ask_ == Ask::Never)
    return refuse("it has not been fetched, and `--offline` forbids it: try once without");
  const auto done = is_here ? refresh(index, folder) : clone(index, folder);
  if (!done) return refuse(done.error().message);
  return folder;
}

Result<> IndexFetcher::clone(const IndexConfig& index, const fs::path& folder) const {
  remove_partial_clones(folder.parent_path());
  const fs::path partial =
      folder.parent_path() / fmt::format(".{}.partial-{}", index.alias, new_uuid());
  auto cloned = ask_git({"clone", "--quiet", "--depth", "1", "--", index.git, partial.string()},
                        folder.parent_path(), variables_);
  std::error_code error;
  if (cloned) {
    fs::remove_all(folder, error);
    fs::rename(partial, folder, error);
  }
  std::error_code ignored;
  fs::remove_all(partial, ignored);
  if (!cloned) return std::unexpected(std::move(cloned).error());
  if (error)
    return fail(ErrorKind::Failed, fmt::format("{}: {}", folder.string(), error.message()));
  return {};
}

Result<> IndexFetcher::refresh(const IndexConfig& index, const fs::path& folder) const {
  const auto fetched =
      ask_git({"fetch", "--quiet", "--depth", "1", "origin", "HEAD"}, folder, variables_);
  if (!fetched) return std::unexpected(fetched.error());
  const auto moved =
      ask_git({"checkout", "--quiet", "--force", "--detach", "FETCH_HEAD"}, folder, variables_);
  // What is here is of no use, then.
  return moved ? Result<>() : clone(index, folder);
}

}  // namespace dora::hub

// SPDX-License-Identifier: Apache-2.0
#include "build/git_repository.hpp"

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <optional>
#include <sstream>
#include <vector>

#include <fmt/format.h>
#include <unistd.h>

#include "base/random.hpp"
#include "base/spelling.hpp"

namespace dora::build {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t whole_hash = 40;
constexpr std::size_t shortest_hash = 4;
constexpr std::size_t longest_hash = 64;

bool is_hash(std::string_view text) {
  return text.size() >= shortest_hash && text.size() <= longest_hash &&
         std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
         });
}

struct Address {
  std::string host;
  std::string path;
};

/// `scheme://user@host:port/path`, `user@host:path`, or a path.
Address split_address(std::string_view url) {
  Address address;
  if (const auto scheme = url.find("://"); scheme != url.npos) {
    url.remove_prefix(scheme + 3);
    const auto slash = std::min(url.find('/'), url.size());
    address = {std::string(url.substr(0, slash)), std::string(url.substr(slash))};
    address.host.erase(0, address.host.rfind('@') + 1);
    address.host.erase(std::min(address.host.find_last_of(':'), address.host.size()));
  } else if (const auto colon = url.find(':'); colon < url.find('/')) {
    address = {std::string(url.substr(0, colon)), std::string(url.substr(colon + 1))};
    address.host.erase(0, address.host.rfind('@') + 1);
  } else {
    address.path = url;
  }
  if (address.host.empty()) address.host = "localhost";
  return address;
}

bool is_path(std::string_view url) {
  const auto colon = url.find(':');
  return colon == url.npos || url.find('/') < colon;
}

/// A folder of each part, none of which leads out.
fs::path safe_path(const Address& address) {
  fs::path result = address.host;
  if (address.host == "." || address.host == "..") result = "localhost";
  std::istringstream parts(address.path);
  for (std::string part; std::getline(parts, part, '/');)
    if (!part.empty() && part != "." && part != "..") result /= part;
  return result;
}

/// "name:password@" of an address; empty: it has none.
std::string user_of(std::string_view url) {
  const std::size_t length = url.size() - public_address(url).size();
  return length == 0 ? "" : std::string(url.substr(url.find("://") + 3, length));
}

/// What git says, without what it must not tell others, and how to look oneself.
Error with_help(Error error, const std::string& address) {
  const std::string user = user_of(address);
  for (std::size_t at = 0; !user.empty() && (at = error.message.find(user)) != std::string::npos;)
    error.message.erase(at, user.size());
  error.message +=
      fmt::format("\n  = help: `git ls-remote {}` in a terminal tells whether git can read it",
                  public_address(address));
  return error;
}

/// Removes what killed builds have left.
void remove_partials(const fs::path& clones) {
  const std::string own = fmt::format(".partial-{}-", ::getpid());
  std::error_code error;
  for (fs::directory_iterator each(clones, error), end; !error && each != end;
       each.increment(error)) {
    const std::string name = each->path().filename().string();
    std::error_code ignored;
    if (name.starts_with('.') && name.contains(".partial-") && !name.contains(own))
      fs::remove_all(each->path(), ignored);
  }
}

}  // namespace

std::string public_address(std::string_view url) {
  const auto scheme = url.find("://");
  if (scheme == url.npos) return std::string(url);
  const auto begin = scheme + 3;
  const auto end = std::min(url.find('/', begin), url.size());
  const auto at = url.substr(begin, end - begin).rfind('@');
  if (at == url.npos) return std::string(url);
  return fmt::format("{}{}", url.substr(0, begin), url.substr(begin + at + 1));
}

std::string reference_text(const dataflow::GitSource& source) {
  if (source.branch) return "branch " + *source.branch;
  if (source.tag) return "tag " + *source.tag;
  if (source.rev) return "rev " + *source.rev;
  return "HEAD";
}

void forget_outer_git(std::map<std::string, std::string>& variables) {
  // A hook, `git bisect run`.
  std::erase_if(variables, [](const auto& variable) {
    return variable.first == "GIT_DIR" || variable.first == "GIT_WORK_TREE" ||
           variable.first == "GIT_INDEX_FILE" || variable.first == "GIT_PREFIX" ||
           variable.first == "GIT_OBJECT_DIRECTORY";
  });
  variables["GIT_TERMINAL_PROMPT"] = "0";
}

fs::path clones_of(std::string_view url, const fs::path& folder) {
  if (!is_path(url)) return folder / "git" / safe_path(split_address(url));
  return folder / "git" /
         safe_path({.host = "localhost", .path = (folder / url).lexically_normal().string()});
}

GitRepository::GitRepository(const dataflow::GitSource& source, fs::path folder,
                             std::map<std::string, std::string> variables, const OnLine& on_line,
                             const StopSignal& stop)
    : source_(source),
      folder_(std::move(folder)),
      address_(is_path(source.url) ? (folder_ / source.url).lexically_normal().string()
                                   : source.url),
      clones_(clones_of(source.url, folder_)),
      variables_(std::move(variables)),
      on_line_(on_line),
      stop_(stop) {
  forget_outer_git(variables_);
}

Command GitRepository::git(std::vector<std::string> words, const fs::path& directory) const {
  words.insert(words.begin(), "git");
  return {.words = std::move(words), .working_directory = directory, .environment = variables_};
}

Result<std::string> GitRepository::find_commit() {
  if (address_.starts_with('-')) {
    return fail(ErrorKind::InvalidInput,
                fmt::format("`{}` is not the address of a repository", source_.url));
  }
  return source_.rev ? find_revision() : find_in_list();
}

Result<std::string> GitRepository::find_in_list() {
  const auto answer = ask_command(git({"ls-remote", "--", address_}, folder_), stop_);
  if (!answer) {
    return std::unexpected(with_help(
        Error(answer.error())
            .while_doing(fmt::format("asking the repository {}", public_address(source_.url))),
        source_.url));
  }
  const std::string prefix = source_.branch ? "refs/heads/" : "refs/tags/";
  const std::string name = source_.branch.value_or(source_.tag.value_or(""));
  const std::string wanted = name.empty() ? "HEAD" : prefix + name;
  std::string commit;
  std::vector<std::string> others;
  std::istringstream lines(*answer);
  for (std::string line; std::getline(lines, line);) {
    const auto tab = line.find('\t');
    if (tab == line.npos) continue;
    const std::string reference = line.substr(tab + 1);
    // What an annotated tag stands for comes after the tag itself.
    if (reference == wanted || reference == wanted + "^{}") commit = line.substr(0, tab);
    if (reference.starts_with(prefix) && !reference.ends_with("^{}"))
      others.push_back(reference.substr(prefix.size()));
  }
  if (is_hash(commit)) return commit;
  std::string message = fmt::format("the repository {} has no {}", public_address(source_.url),
                                    name.empty() ? "commit yet" : reference_text(source_));
  if (const auto meant = closest_match(name, others))
    message += fmt::format("\n  = help: did you mean `{}`?", *meant);
  return fail(ErrorKind::NotFound, message);
}

Result<std::string> GitRepository::find_revision() {
  std::string revision = to_lower(*source_.rev);
  if (revision.starts_with('-')) {
    return fail(ErrorKind::InvalidInput, fmt::format("`{}` is not a commit", *source_.rev));
  }
  if (is_hash(revision)) {
    if (revision.size() == whole_hash || revision.size() == longest_hash) return revision;
    // A clone of it, if there is one and only one.
    std::vector<std::string> known;
    std::error_code error;
    for (fs::directory_iterator each(clones_, error), end; !error && each != end;
         each.increment(error))
      if (std::string name = each->path().filename().string(); name.starts_with(revision))
        known.push_back(std::move(name));
    if (known.size() == 1) return known.front();
  }
  // Only a clone knows what else is in the repository.
  const fs::path partial = clones_ / fmt::format(".revision.partial-{}-{}", ::getpid(), new_uuid());
  TRY(fill(partial, ""));
  auto commit = ask_command(
      git({"rev-parse", "--verify", "--quiet", "--end-of-options", *source_.rev + "^{commit}"},
          partial),
      stop_);
  std::error_code error;
  if (commit && is_hash(*commit)) {
    TRY(check_out(partial, *commit));
    if (find_clone(*commit).empty()) fs::rename(partial, clones_ / *commit, error);
  }
  fs::remove_all(partial, error);
  if (commit && is_hash(*commit)) return commit;
  return fail(ErrorKind::NotFound,
              fmt::format("the repository {} has no commit `{}`, or several that begin like it",
                          public_address(source_.url), *source_.rev));
}

fs::path GitRepository::find_clone(const std::string& commit) const {
  std::error_code error;
  const fs::path clone = clones_ / commit;
  return !commit.empty() && fs::is_directory(clone, error) ? clone : fs::path();
}

Result<> GitRepository::fill(const fs::path& partial, const std::string& revision) {
  const fs::path clones = partial.parent_path();
  std::error_code error;
  fs::create_directories(clones, error);
  if (error) {
    return fail(ErrorKind::Failed,
                fmt::format("making the folder {}: {}", clones.string(), error.message()));
  }
  // The clones are no part of a repository that the dataflow may be in.
  const fs::path ignore = folder_ / "git/.gitignore";
  if (clones == clones_ && !fs::exists(ignore, error)) std::ofstream(ignore) << "*\n";
  remove_partials(clones);
  on_line_(fmt::format("cloning {}{}{}", public_address(source_.url),
                       revision.empty() ? "" : " at ", revision.substr(0, 12)));
  // Its hard links to a repository on this machine would let a build here change that one.
  auto done = run_command(git({"clone", "--quiet", "--no-checkout", "--no-hardlinks", "--",
                               address_, partial.string()},
                              folder_),
                          on_line_, stop_)
                  .while_doing("cloning " + public_address(source_.url));
  if (!done) return std::unexpected(with_help(std::move(done).error(), source_.url));
  return {};
}

Result<> GitRepository::check_out(const fs::path& partial, const std::string& commit) {
  const auto checked_out =
      run_command(git({"checkout", "--quiet", "--detach", commit, "--"}, partial), on_line_, stop_);
  if (checked_out) return fetch_submodules(partial);
  return fail(ErrorKind::NotFound,
              fmt::format("the repository {} has no commit `{}`: {}", public_address(source_.url),
                          commit, checked_out.error().message));
}

Result<> GitRepository::fetch_submodules(const fs::path& partial) {
  std::error_code error;
  if (!fs::exists(partial / ".gitmodules", error)) return {};
  std::vector<std::string> words{"submodule", "--quiet", "update", "--init", "--recursive"};
  // git refuses submodules on this machine, as a repository from elsewhere could read what is
  // here; one that is here itself may.
  if (address_.starts_with('/') || address_.starts_with("file://"))
    words.insert(words.begin(), {"-c", "protocol.file.allow=always"});
  on_line_("fetching its submodules");
  auto done = run_command(git(std::move(words), partial), on_line_, stop_);
  if (done) return {};
  return std::unexpected(with_help(std::move(done).error().while_doing(
                                       "fetching the submodules of " + public_address(source_.url)),
                                   source_.url));
}

Result<fs::path> GitRepository::clone_into(const fs::path& clones, const std::string& commit) {
  fs::path folder = clones / commit;
  std::error_code error;
  if (fs::is_directory(folder, error)) return folder;
  const fs::path partial =
      clones / fmt::format(".{}.partial-{}-{}", commit, ::getpid(), new_uuid());
  auto made = fill(partial, commit);
  if (made) made = check_out(partial, commit);
  if (made) fs::rename(partial, folder, error);
  std::error_code ignored;
  fs::remove_all(partial, ignored);
  if (!made) return std::unexpected(std::move(made).error());
  // Another node of this build may have been faster.
  if (fs::is_directory(folder, ignored)) return folder;
  return fail(ErrorKind::Failed, fmt::format("making {}: {}", folder.string(), error.message()));
}

}  // namespace dora::build

// SPDX-License-Identifier: Apache-2.0
#include "hub/catalog.hpp"

#include <algorithm>
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/spelling.hpp"
#include "dataflow/file_source.hpp"
#include "dataflow/source_text.hpp"

namespace dora::hub {
namespace {

namespace fs = std::filesystem;

// A manifest and a few lines.
constexpr std::size_t entry_size_limit = 2U << 20;

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator each(folder, error), end; !error && each != end;
       each.increment(error))
    names.push_back(each->path().filename().string());
  std::ranges::sort(names);
  return names;
}

}  // namespace

Result<PackageReference> PackageReference::parse(std::string_view text) {
  PackageReference reference;
  const auto at = text.find('@');
  std::string_view name = text.substr(0, at);
  if (at != std::string_view::npos)
    reference.requirement = TRY(VersionRequirement::parse(text.substr(at + 1)));
  if (const auto slash = name.find('/'); slash != std::string_view::npos) {
    reference.name_space = name.substr(0, slash);
    name.remove_prefix(slash + 1);
  }
  reference.name = name;
  if (is_namespace(reference.name_space) && is_package_name(reference.name)) return reference;
  return fail(ErrorKind::InvalidInput,
              fmt::format("`{}` is no package: write `[<namespace>/]<name>[@<requirement>]`, e.g. "
                          "`dora-yolo@^0.5`",
                          dataflow::shown(text)));
}

Result<Catalog> Catalog::open(const fs::path& folder) {
  std::error_code error;
  fs::path real = fs::canonical(folder, error);
  if (!error && fs::is_directory(real, error)) return Catalog(std::move(real));
  return fail(ErrorKind::NotFound, fmt::format("there is no folder {}", folder.string()));
}

bool Catalog::holds(const fs::path& path) const {
  std::error_code error;
  const fs::path real = fs::weakly_canonical(path, error);
  const auto relative = real.lexically_relative(folder_);
  return !error && !relative.empty() && *relative.begin() != "..";
}

std::vector<std::pair<std::string, std::string>> Catalog::packages() const {
  std::vector<std::pair<std::string, std::string>> found;
  for (const std::string& name_space : names_in(folder_)) {
    if (!is_namespace(name_space) || !holds(folder_ / name_space)) continue;
    for (const std::string& name : names_in(folder_ / name_space))
      if (is_package_name(name) && !versions(name_space, name).empty())
        found.emplace_back(name_space, name);
  }
  return found;
}

std::vector<SemanticVersion> Catalog::versions(const std::string& name_space,
                                               const std::string& name) const {
  std::vector<SemanticVersion> found;
  if (!is_namespace(name_space) || !is_package_name(name)) return found;
  const fs::path folder = folder_ / name_space / name;
  if (!holds(folder)) return found;
  for (const std::string& file : names_in(folder)) {
    if (!file.ends_with(".yml")) continue;
    if (const auto version = SemanticVersion::parse(file.substr(0, file.size() - 4)))
      found.push_back(*version);
  }
  std::ranges::sort(found);
  return found;
}

Result<fs::path> Catalog::entry_file(const std::string& name_space, const std::string& name,
                                     const SemanticVersion& version) const {
  fs::path file = folder_ / name_space / name / (version.text() + ".yml");
  if (is_namespace(name_space) && is_package_name(name) && holds(file)) return file;
  return fail(ErrorKind::InvalidInput,
              fmt::format("{} leads out of the index {}", file.string(), folder_.string()));
}

Result<IndexEntry> Catalog::entry(const std::string& name_space, const std::string& name,
                                  const SemanticVersion& version) const {
  const fs::path file = TRY(entry_file(name_space, name, version));
  dataflow::DiskFileSource files;
  auto text = files.read(file, entry_size_limit);
  if (!text) return fail(text.error().kind, file.string() + ": " + text.error().message);
  IndexEntry entry = TRY(parse_entry(file.string(), *std::move(text)));
  // A type that it brings along would have the name of another's.
  if (entry.manifest.name_space == name_space && entry.manifest.name == name) return entry;
  return fail(ErrorKind::InvalidInput,
              fmt::format("{} is about another package, {}/{}", file.string(),
                          entry.manifest.name_space, entry.manifest.name));
}

Result<FoundVersion> Catalog::resolve(const PackageReference& reference) const {
  return resolve(reference, false);
}

Result<FoundVersion> Catalog::look_up(const PackageReference& reference) const {
  auto found = resolve(reference, false);
  if (found) return found;
  auto yanked = resolve(reference, true);
  return yanked ? std::move(yanked) : std::move(found);
}

Result<FoundVersion> Catalog::resolve(const PackageReference& reference, bool takes_yanked) const {
  const auto known = versions(reference.name_space, reference.name);
  if (known.empty()) {
    std::vector<std::string> keys;
    for (const auto& [name_space, name] : packages())
      keys.push_back(fmt::format("{}/{}", name_space, name));
    const auto meant = closest_match(reference.key(), keys);
    return fail(ErrorKind::NotFound,
                fmt::format("there is no package `{}`{}", reference.key(),
                            meant ? fmt::format(", did you mean `{}`?", *meant) : ""));
  }
  bool has_yanked = false;
  std::vector<std::string> usable;
  for (auto version = known.rbegin(); version != known.rend(); ++version) {
    const bool fits = reference.requirement.matches(*version);
    auto found = entry(reference.name_space, reference.name, *version);
    if (fits && found && (!found->is_yanked || takes_yanked))
      return FoundVersion{*version, *std::move(found)};
    if (fits && !found) return std::unexpected(found.error());
    has_yanked = has_yanked || fits;
    if (found && !found->is_yanked) usable.push_back(version->text());
  }
  if (has_yanked) {
    return fail(ErrorKind::NotFound,
                fmt::format("every version of `{}` that fits `{}` has been yanked", reference.key(),
                            reference.requirement.text()));
  }
  return fail(ErrorKind::NotFound,
              fmt::format("no version of `{}` fits `{}`: there {} {}", reference.key(),
                          reference.requirement.text(), usable.size() == 1 ? "is" : "are",
                          usable.empty() ? "none" : fmt::format("{}", fmt::join(usable, ", "))));
}

}  // namespace dora::hub

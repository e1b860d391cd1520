// SPDX-License-Identifier: Apache-2.0
#include "hub/resolve.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include <fmt/format.h>

namespace dora::hub {
namespace {

namespace fs = std::filesystem;
using dataflow::HubPackage;
using dataflow::Node;
using dataflow::NodeKind;

// Of a hash, as git shows it.
constexpr std::size_t short_hash = 12;

struct Found {
  Manifest manifest;
  HubPackage package;
};

class Resolver {
 public:
  Resolver(dataflow::Dataflow& dataflow, const ResolveOptions& options)
      : dataflow_(dataflow), options_(options), fetcher_(options.variables, options.ask) {}

  Resolution run() {
    for (Node& node : dataflow_.nodes) {
      if (node.kind != NodeKind::Hub || !node.hub) continue;
      auto found = find(node);
      if (!found) {
        tell_missing(node, found.error());
        continue;
      }
      check_ports(node, found->manifest);
      note(node, found->package);
      node.package = std::move(found->package);
    }
    for (const auto& [key, folder] : options_.overrides) {
      if (used_.contains(key)) continue;
      resolution_.diagnostics.push_back(dataflow::diagnose_file(
          dataflow_.sources.front()->name(),
          {.code = "W015",
           .message = fmt::format("no node has the package `{}`, for which `--hub-override` gives "
                                  "{}",
                                  key, folder.string())}));
    }
    return std::move(resolution_);
  }

 private:
  void add(const Node& node, dataflow::Remark remark) {
    resolution_.diagnostics.push_back(
        diagnose(dataflow_.sources, node.path_location, std::move(remark)));
  }

  void tell_missing(const Node& node, const Error& error) {
    const bool is_unreachable =
        error.kind == ErrorKind::Disconnected && options_.tolerates_unreachable;
    std::string help;
    if (error.kind == ErrorKind::NotFound) help = "`dora hub search` lists the packages there are";
    if (error.kind == ErrorKind::Disconnected) {
      help = fmt::format("`--hub-override {}/{}=<folder>` takes a folder of this machine instead",
                         node.hub->name_space, node.hub->name);
    }
    add(node, {.code = is_unreachable ? "W015" : "E051",
               .message = fmt::format("the package of node `{}` {}: {}", node.id.text(),
                                      is_unreachable ? "was not looked at" : "cannot be had",
                                      error.message),
               .help = std::move(help)});
  }

  void note(const Node& node, const HubPackage& package) {
    const std::string where =
        !package.folder.empty() ? " in " + package.folder.string()
        : !package.url.empty()
            ? fmt::format(" {}, program for {}", package.version, package.platform)
            : fmt::format(" {} at {}", package.version, package.commit.substr(0, short_hash));
    resolution_.notes.push_back(fmt::format("node `{}`: {}{}", node.id.text(), package.key, where));
  }

  Result<Found> find(const Node& node) {
    PackageReference reference{
        .name_space = node.hub->name_space,
        .name = node.hub->name,
        .requirement = TRY(VersionRequirement::parse(node.hub->requirement.value_or("*")))};
    if (const auto given = options_.overrides.find(reference.key());
        given != options_.overrides.end()) {
      used_.insert(reference.key());
      return find_in_folder(reference, given->second);
    }
    if (!config_)
      config_ = TRY(HubConfig::load([&](std::string_view name) {
        const auto found = options_.variables.find(std::string(name));
        return found == options_.variables.end() || found->second.empty()
                   ? std::nullopt
                   : std::optional(found->second);
      }));
    const std::string& id = node.id.text();
    if (options_.lock != nullptr) {
      if (const auto pin = options_.lock->git_sources.find(id);
          pin != options_.lock->git_sources.end() && !pin->second.hub.name.empty()) {
        auto pinned = find_pinned(reference, id, pin->second.hub);
        if (pinned) {
          pinned->package.url.clear();
          pinned->package.repository = pin->second.repo;
          pinned->package.commit = pin->second.commit_hash;
          pinned->package.subfolder = pin->second.subdir;
        }
        if (pinned || options_.is_locked) return pinned;
      }
      if (const auto pin = options_.lock->binary_sources.find(id);
          pin != options_.lock->binary_sources.end()) {
        auto pinned = find_pinned_program(reference, id, pin->second);
        if (pinned || options_.is_locked) return pinned;
      }
      if (options_.is_locked) {
        return fail(ErrorKind::InvalidInput,
                    "it is not in the lock file: `dora build --write-lockfile` writes it anew");
      }
    }
    const IndexConfig& index = config_->index_of(reference.name_space);
    const Catalog catalog = TRY(fetcher_.open(index));
    FoundVersion version = TRY(catalog.resolve(reference));
    TRY(check_source(index, version.entry));
    HubPackage package = TRY(to_package(version.entry, version.version));
    return Found{std::move(version.entry.manifest), std::move(package)};
  }

  Result<Found> find_in_folder(const PackageReference& reference, const fs::path& folder) {
    LoadedManifest loaded = load_manifest(folder / manifest_name);
    if (!loaded.manifest) {
      std::ranges::move(loaded.diagnostics, std::back_inserter(resolution_.diagnostics));
      return fail(ErrorKind::InvalidInput,
                  fmt::format("{} has no right manifest", folder.string()));
    }
    HubPackage package = to_package(*loaded.manifest);
    if (package.key != reference.key()) {
      return fail(ErrorKind::InvalidInput,
                  fmt::format("{} holds the package {}, not {}", folder.string(), package.key,
                              reference.key()));
    }
    package.folder = folder;
    return Found{*std::move(loaded.manifest), std::move(package)};
  }

  /// The version that the lock file names, with what the index says of it.
  Result<Found> find_pinned(const PackageReference& reference, const std::string& node,
                            const build::LockedPackage& pin) {
    const auto refuse = [&](const std::string& why) {
      return fail(
          ErrorKind::InvalidInput,
          fmt::format("the lock file {}: `dora build --write-lockfile` writes it anew", why));
    };
    const auto version = SemanticVersion::parse(pin.version);
    if (pin.name != reference.key() || !version || !reference.requirement.matches(*version)) {
      return refuse(fmt::format("has {} {} for node `{}`", dataflow::shown(pin.name),
                                dataflow::shown(pin.version), node));
    }
    const Catalog catalog = TRY(fetcher_.open(config_->index_of(reference.name_space)));
    IndexEntry entry = TRY(catalog.entry(reference.name_space, reference.name, *version));
    HubPackage package = to_package(entry.manifest);
    package.version = version->text();
    const bool is_ours = pin.manifest_digest.size() == package.manifest_digest.size();
    if (is_ours && pin.manifest_digest != package.manifest_digest) {
      return refuse(
          fmt::format("was written for another manifest of {} {}", package.key, package.version));
    }
    if (entry.is_yanked) {
      resolution_.notes.push_back(fmt::format(
          "node `{}`: {} {} has been yanked{}; the lock file keeps it", node, package.key,
          package.version,
          entry.yank_reason.empty() ? "" : ": " + dataflow::shown(entry.yank_reason, 200)));
    }
    return Found{std::move(entry.manifest), std::move(package)};
  }

  Result<Found> find_pinned_program(const PackageReference& reference, const std::string& node,
                                    const build::LockedBinary& pin) {
    Found found = TRY(find_pinned(reference, node, pin.hub));
    if (pin.platform != own_platform()) {
      return fail(ErrorKind::Unsupported,
                  fmt::format("the lock file has its program for {}, and this is {}: `dora build "
                              "--write-lockfile` writes it anew",
                              dataflow::shown(pin.platform), own_platform()));
    }
    found.package.url = pin.url;
    found.package.sha256 = pin.sha256;
    found.package.platform = pin.platform;
    found.package.build.clear();
    return found;
  }

  /// Whoever writes a public index must not make this machine read its own files.
  Result<> check_source(const IndexConfig& index, const IndexEntry& entry) const {
    if (index.git.empty() || !entry.git || !is_local_address(entry.git->repository)) return {};
    const auto allowed = options_.variables.find("DORA_HUB_ALLOW_LOCAL_SOURCES");
    if (allowed != options_.variables.end() && !allowed->second.empty()) return {};
    return fail(ErrorKind::InvalidInput,
                fmt::format("its source is on this machine, {}, which only an index of this "
                            "machine may say; DORA_HUB_ALLOW_LOCAL_SOURCES=1 allows it",
                            dataflow::shown(entry.git->repository, 200)));
  }

  void check_ports(const Node& node, const Manifest& manifest) {
    const std::string package = fmt::format("{}/{}", manifest.name_space, manifest.name);
    const auto names = [](const std::map<std::string, Port>& ports) {
      std::string text;
      for (const auto& [name, port] : ports)
        text += fmt::format("{}{}", text.empty() ? "" : ", ", name);
      return text.empty() ? std::string("none") : text;
    };
    const auto refuse = [&](dataflow::Location at, const std::string& what, std::string help) {
      resolution_.diagnostics.push_back(
          diagnose(dataflow_.sources, at,
                   {.code = "E052",
                    .message = fmt::format("node `{}` {}", node.id.text(), what),
                    .help = std::move(help)}));
    };
    for (const dataflow::Input& input : node.ports.inputs) {
      // Clocks and logs are what the dataflow adds.
      if (!std::holds_alternative<dataflow::OutputSource>(input.source)) continue;
      if (!manifest.inputs.contains(input.id.text())) {
        refuse(input.id_location,
               fmt::format("has the input `{}`, which its package {} does not have",
                           input.id.text(), package),
               fmt::format("its inputs: {}", names(manifest.inputs)));
      }
    }
    for (const dataflow::Output& output : node.ports.outputs) {
      if (!manifest.outputs.contains(output.id.text())) {
        refuse(output.location,
               fmt::format("has the output `{}`, which its package {} does not have",
                           output.id.text(), package),
               fmt::format("its outputs: {}", names(manifest.outputs)));
      }
    }
    for (const auto& [name, port] : manifest.inputs) {
      const bool is_wired = std::ranges::any_of(
          node.ports.inputs, [&](const auto& input) { return input.id.text() == name; });
      if (port.is_required && !is_wired) {
        refuse(node.path_location,
               fmt::format("does not connect `{}`, which its package {} needs", name, package),
               fmt::format("write `{}: <node>/<output>` below `inputs`", name));
      }
    }
  }

  dataflow::Dataflow& dataflow_;
  const ResolveOptions& options_;
  IndexFetcher fetcher_;
  std::optional<HubConfig> config_;
  std::set<std::string> used_;
  Resolution resolution_;
};

}  // namespace

bool has_packages(const dataflow::Dataflow& dataflow) {
  return std::ranges::any_of(dataflow.nodes,
                             [](const Node& node) { return node.kind == NodeKind::Hub; });
}

Resolution resolve_packages(dataflow::Dataflow& dataflow, const ResolveOptions& options) {
  return Resolver(dataflow, options).run();
}

}  // namespace dora::hub

// SPDX-License-Identifier: Apache-2.0
#include "daemon/node_places.hpp"

#include <fmt/format.h>

namespace dora::daemon {

void use_places(const NodePlaces& places, const std::map<std::string, std::string>& inherited,
                RunPlan& plan) {
  for (NodePlan& node : plan.nodes) {
    const auto place = places.find(node.id.text());
    if (place == places.end()) continue;
    if (!place->second.working_directory.empty())
      node.working_directory = place->second.working_directory;
    const std::filesystem::path& folder = place->second.python_environment;
    if (folder.empty()) continue;
    const auto before = inherited.find("PATH");
    std::string& path =
        node.environment.try_emplace("PATH", before == inherited.end() ? "" : before->second)
            .first->second;
    path = fmt::format("{}{}{}", (folder / "bin").string(), path.empty() ? "" : ":", path);
    node.environment["VIRTUAL_ENV"] = folder.string();
    // What is inherited must not lead Python out of it again; empty is the same as not set.
    for (const char* name : {"PYTHONHOME", "PYTHONPATH"})
      if (inherited.contains(name)) node.environment.try_emplace(name, "");
  }
}

}  // namespace dora::daemon

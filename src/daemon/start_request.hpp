#pragma once
// SPDX-License-Identifier: Apache-2.0
// What somebody asks a running dora for who wants a dataflow started: the body of
// POST /v1/dataflows. A value, and the way from it to a plan.

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "daemon/node_places.hpp"
#include "daemon/run_plan.hpp"

namespace dora::daemon {

struct StartRequest {
  /// Absolute path of the YAML.
  std::filesystem::path file;
  /// Chosen by whoever asks, so that asking twice starts once; empty: a new one.
  std::string uuid;
  /// Empty: two words at random.
  std::string name;
  /// --env, below the environment of a node and above that of the dataflow.
  std::map<std::string, std::string> env;
  /// What nodes inherit and `$NAME` in the YAML means; nothing: the environment of this dora.
  std::optional<std::map<std::string, std::string>> inherited;
  std::optional<bool> exit_when_nodes_finish;
  /// Python operators follow their files.
  bool hot_reload = false;
  /// Operators that are named by URL are those that were downloaded before.
  bool is_offline = false;
  bool allow_shell_nodes = false;
  /// What a build has found out.
  NodePlaces places;
  bool operator==(const StartRequest&) const = default;
};

/// Fails with InvalidInput, naming the key.
Result<StartRequest> parse_start_request(std::string_view body);
std::string to_json(const StartRequest& request);

/// Reads the YAML and finds the programs. Fails with InvalidInput when something is wrong with the
/// dataflow: the message holds every diagnostic. Blocks, so it is not for the event loop.
Result<RunPlan> plan_request(const StartRequest& request);

/// "brisk-otter": for dataflows that were given no name.
std::string two_word_name();

}  // namespace dora::daemon

#pragma once
// SPDX-License-Identifier: Apache-2.0
// Whose logs `dora logs` shows: a dataflow that a dora of this user knows, or what an earlier run
// left in ./out.

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "cli/control_client.hpp"

namespace dora::cli {

struct LogSource {
  std::string dataflow_id;
  /// For people: "[hello] 0196..." or the folder.
  std::string description;
  std::vector<std::filesystem::path> folders;
  /// Whether more is to come.
  bool is_running = false;
  /// No dora that runs knows it: these are the files that it left.
  bool is_local = false;
};

struct LogWish {
  /// UUID or name.
  std::optional<std::string> dataflow;
  /// Look at ./out only.
  bool is_local = false;
  /// Where `out` is looked for, absolute.
  std::filesystem::path directory;
};

/// The source that is meant. Without a word: what runs in this directory, else the newest folder of
/// ./out, else what runs elsewhere.
///
/// Fails with NotFound, saying where it looked, or with InvalidInput when several are meant or the
/// word cannot be a folder's name.
Result<LogSource> find_log_source(const LogWish& wish, const Survey& survey);

}  // namespace dora::cli

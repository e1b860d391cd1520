#pragma once
// SPDX-License-Identifier: Apache-2.0
// What the commands of `dora hub` have in common.

#include "cli/build_session.hpp"
#include "cli/shared_flags.hpp"
#include "hub/index_fetcher.hpp"

namespace dora::cli {

inline constexpr Flag offline_flag{.name = "--offline",
                                   .help = "Ask no index: use what was fetched before"};

inline constexpr Flag hub_format_flag = text_format_flag("text, or json");

/// Asks the indexes, unless `--offline` was typed.
inline hub::IndexFetcher index_fetcher(const ParsedCommand& command) {
  using Ask = hub::IndexFetcher::Ask;
  return {lookup_context().inherited, command.has("--offline") ? Ask::Never : Ask::Always};
}

}  // namespace dora::cli

#pragma once
// SPDX-License-Identifier: Apache-2.0
// Finds the packages of the hub that a dataflow names, for the commands that build or check it.

#include <optional>
#include <string_view>

#include "cli/build_session.hpp"
#include "cli/dataflow_file.hpp"
#include "hub/index_fetcher.hpp"

namespace dora::cli {

/// Finds the packages of `file` and tells what is wrong with them, as print_diagnostics() does.
/// Nothing when all are there; else how to end. Blocks.
std::optional<int> find_packages(DataflowFile& file, const SourceWishes& sources,
                                 hub::IndexFetcher::Ask ask, const Terminal& terminal,
                                 std::string_view consequence);

/// The same for who only looks: packages are those of the lock file, if there is one, and an index
/// that cannot be reached is only worth a warning. What is wrong becomes part of `file`; then it
/// has no dataflow any more.
void look_at_packages(DataflowFile& file, bool is_offline);

}  // namespace dora::cli

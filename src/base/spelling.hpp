#pragma once
// SPDX-License-Identifier: Apache-2.0
// Words that somebody typed, and the known ones closest to them ("did you mean").

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dora {

/// The number of insertions, deletions, replacements and swaps of neighbours between two words.
std::size_t edit_distance(std::string_view a, std::string_view b);

/// The candidate nearest to `word`, when it is near enough to be a likely typo: at most a third of
/// the longer word's length differs, and at least one edit is allowed.
std::optional<std::string> closest_match(std::string_view word,
                                         std::span<const std::string> candidates);

/// `text` with its ASCII letters small.
std::string to_lower(std::string_view text);

}  // namespace dora

#pragma once
// SPDX-License-Identifier: Apache-2.0
// Version numbers and what is asked of them, by the rules of semver.org and of Cargo: `^1.2` is
// everything from 1.2.0 on that promises to be compatible.

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace dora {

/// `1.2.3-rc.1+build`: compared without what follows the `+`.
struct SemanticVersion {
  std::uint64_t major_number = 0;
  std::uint64_t minor_number = 0;
  std::uint64_t patch_number = 0;
  /// `rc`, `1`: what stands behind the `-`, at its dots; empty: a release.
  std::vector<std::string> prerelease{};
  std::string build{};

  /// Fails with InvalidInput.
  static Result<SemanticVersion> parse(std::string_view text);

  std::string text() const;
  std::strong_ordering operator<=>(const SemanticVersion& other) const;
  bool operator==(const SemanticVersion& other) const { return (*this <=> other) == 0; }
};

/// `^0.5`, `~2.1`, `>=0.5, <0.7`, `=1.2.3`, `1.*`, `*`: all parts must hold. A number alone means
/// the same as with `^`.
class VersionRequirement {
 public:
  /// Everything.
  VersionRequirement() = default;

  /// Fails with InvalidInput.
  static Result<VersionRequirement> parse(std::string_view text);

  /// A prerelease fits only what names a prerelease of the same version.
  bool matches(const SemanticVersion& version) const;

  /// As it was written.
  const std::string& text() const { return text_; }

 private:
  /// From `low` on, and before `high`.
  struct Range {
    SemanticVersion low;
    SemanticVersion high;
    bool excludes_low = false;
    bool has_high = false;
    bool includes_high = false;
    /// The prerelease that was named allows others of its version.
    bool names_prerelease = false;
    SemanticVersion named;
  };
  static Result<Range> parse_part(std::string_view text);

  std::string text_ = "*";
  std::vector<Range> ranges_;
};

}  // namespace dora

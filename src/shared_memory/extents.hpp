#pragma once
// SPDX-License-Identifier: Apache-2.0
// Which parts of an arena are free, in runs of whole pages. Pure bookkeeping in private memory; it
// touches no shared page.
//
// A run is warm when its pages are backed by memory, and cold when they are holes: warm runs are
// given out first, as filling a hole costs ten times as much as copying into it.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

namespace dora::shared_memory {

struct Extent {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  bool is_warm = false;
  bool operator==(const Extent&) const = default;
};

class FreeExtents {
 public:
  /// Everything in [begin, end) is free and cold. Both are page multiples.
  FreeExtents(std::uint64_t begin, std::uint64_t end);

  /// Takes `length` (a page multiple) from the smallest run that has it, warm ones first; what is
  /// over stays free. `is_warm` of the result: no page of it is a hole.
  std::optional<Extent> take(std::uint64_t length);

  /// Gives a warm run back, joining it with warm neighbours.
  void give(std::uint64_t offset, std::uint64_t length);

  /// Moves every warm run that was not touched since the previous call to the cold ones, and
  /// returns them, but leaves at least `keep` bytes (a page multiple) warm.
  std::vector<Extent> cool(std::uint64_t keep);

  std::uint64_t warm_bytes() const { return warm_bytes_; }
  std::uint64_t free_bytes() const { return free_bytes_; }

 private:
  struct Run {
    std::uint64_t length;
    bool is_warm;
    std::uint64_t generation;  ///< of cool() calls, when it last changed
  };
  using Runs = std::map<std::uint64_t, Run>;

  std::optional<Extent> take_from(std::set<std::pair<std::uint64_t, std::uint64_t>>& by_length,
                                  std::uint64_t length);
  void insert(std::uint64_t offset, Run run);
  void remove(Runs::iterator run);
  bool join_across_warmth(std::uint64_t length);

  Runs runs_;
  /// (length, offset) of the runs
  std::set<std::pair<std::uint64_t, std::uint64_t>> warm_;
  std::set<std::pair<std::uint64_t, std::uint64_t>> cold_;
  std::uint64_t warm_bytes_ = 0;
  std::uint64_t free_bytes_ = 0;
  std::uint64_t generation_ = 0;
};

}  // namespace dora::shared_memory

#pragma once
// SPDX-License-Identifier: Apache-2.0
// Which waiting input is served next: the one whose message was sent first, so that a node sees the
// dataflow in the order of time; but after 32 events in a row from one input, others that wait come
// first, so that none can starve another.

#include <cstdint>
#include <optional>

namespace dora::node {

class Fairness {
 public:
  static constexpr int longest_row = 32;

  /// Begins a choice. Offer every input that has a message, then ask for the chosen one.
  void begin() {
    best_.reset();
    best_other_.reset();
  }
  void offer(int source, std::int64_t sent_ns) {
    consider(best_, source, sent_ns);
    if (source != last_) consider(best_other_, source, sent_ns);
  }
  bool has_offer() const { return best_.has_value(); }
  /// The source to take from; nothing when none was offered.
  std::optional<int> choose() {
    if (!best_) return std::nullopt;
    const Candidate& chosen =
        best_->source == last_ && row_ >= longest_row && best_other_ ? *best_other_ : *best_;
    row_ = chosen.source == last_ ? row_ + 1 : 1;
    last_ = chosen.source;
    return chosen.source;
  }

 private:
  struct Candidate {
    int source;
    std::int64_t sent_ns;
  };
  static void consider(std::optional<Candidate>& best, int source, std::int64_t sent_ns) {
    if (!best || sent_ns < best->sent_ns) best = Candidate{source, sent_ns};
  }

  std::optional<Candidate> best_;
  std::optional<Candidate> best_other_;
  int last_ = -1;
  int row_ = 0;
};

}  // namespace dora::node

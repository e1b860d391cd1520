#pragma once
// SPDX-License-Identifier: Apache-2.0
// Whether it pays to spin before sleeping, learnt from the waits of this node. A sleep costs the
// sender a kernel call and the receiver its wake-up; a spin that is in vain costs others the
// processor. So a node spins only while most of its recent waits were short, and never where there
// is no processor to spare. A value; its owner's thread uses it.

#include <cstdint>

namespace dora::node {

class SpinBudget {
 public:
  /// The longest spin: about what one wake-up costs.
  static constexpr std::int64_t longest_ns = 10'000;

  explicit SpinBudget(bool is_allowed) : is_allowed_(is_allowed) {}

  bool is_allowed() const { return is_allowed_; }
  /// How long to spin before the next sleep; 0 = sleep at once.
  std::int64_t next_ns() const { return is_allowed_ && score_ >= enough ? longest_ns : 0; }
  /// A wait ended with a ring after `waited_ns`.
  void on_rung(std::int64_t waited_ns) {
    if (waited_ns > longest_ns) {
      score_ /= 2;  // one long wait among short ones is forgiven, two are not
    } else if (score_ < most) {
      ++score_;
    }
  }

 private:
  static constexpr int enough = 4;
  static constexpr int most = 8;
  bool is_allowed_;
  int score_ = 0;
};

/// Whether a thread of this process may spin: more than two processors, and all of the machine's
/// (one that was confined to some of them shares those with others).
bool has_processors_to_spare();

/// The rule behind it, given how many processors this process may use and how many there are.
constexpr bool may_spin(int usable, int online) {
  return usable > 2 && usable >= online;
}

}  // namespace dora::node

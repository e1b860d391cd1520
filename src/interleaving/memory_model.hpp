#pragma once
// SPDX-License-Identifier: Apache-2.0
// What atomics may show, as C++ says, in a form that can be enumerated.
//
// Each location keeps every value it ever had, in modification order. A thread has a view: for each
// location the oldest value it may still read. A load may return any value from there on; an
// acquire load joins the view that the value was released with. A read-modify-write reads the
// newest value and appends to it, so a failed compare-exchange is just a load. Release sequences
// through read-modify-writes are kept. Sequentially consistent fences share one view of their own:
// each takes over what those before it had seen, and adds what its thread has seen; they order what
// may be read, but make no plain data visible. Other fences, and seq_cst of single accesses, are
// not modelled: the code under test has none. Stores append at the end of the modification order,
// which is complete as long as each location is plainly stored by one thread at a time.
//
// Plain data is checked for races with vector clocks, which travel inside the views.

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace dora::interleaving {

using Value = std::uint64_t;
inline constexpr std::size_t max_locations = 40;
inline constexpr std::size_t max_threads = 6;

/// What a thread, or the reader of a value, knows of the past.
struct View {
  std::array<std::uint16_t, max_locations> oldest{};  ///< by location: index of the value
  std::array<std::uint16_t, max_threads> clock{};     ///< by thread: steps known to be done

  void join(const View& other);
  /// The same but for the clock.
  void join_values(const View& other);
  std::uint64_t hash(std::size_t locations) const;
};

inline bool is_acquire(std::memory_order order) {
  return order == std::memory_order_acquire || order == std::memory_order_acq_rel ||
         order == std::memory_order_seq_cst || order == std::memory_order_consume;
}
inline bool is_release(std::memory_order order) {
  return order == std::memory_order_release || order == std::memory_order_acq_rel ||
         order == std::memory_order_seq_cst;
}

/// All atomic locations of one execution.
class Memory {
 public:
  /// Forgets everything.
  void clear();
  /// A new location whose first value is known to every thread.
  std::uint32_t add(Value initial);

  /// The values a load may return, as indexes [first, last].
  std::uint32_t first_readable(const View& view, std::uint32_t location) const {
    return view.oldest[location];
  }
  std::uint32_t newest(std::uint32_t location) const {
    return static_cast<std::uint32_t>(locations_[location].size() - 1);
  }
  Value value(std::uint32_t location, std::uint32_t index) const {
    return locations_[location][index].value;
  }

  /// The effect of having read value `index`.
  void read(View& view, std::uint32_t location, std::uint32_t index, std::memory_order order) const;
  void store(View& view, std::uint32_t location, Value value, std::memory_order order);
  /// Appends `value` after the newest one, which was read.
  void read_modify_write(View& view, std::uint32_t location, Value value, std::memory_order order);
  /// A sequentially consistent fence.
  void fence(View& view);

  /// Equal for equal contents, whatever order unrelated steps came in.
  std::uint64_t hash() const;
  std::size_t size() const { return hashes_.size(); }

 private:
  struct Message {
    Value value;
    View view;
  };
  void append(std::uint32_t location, Value value, const View& view);

  std::vector<std::vector<Message>> locations_;
  std::vector<std::uint64_t> hashes_;
  View fenced_;  ///< what the fences so far have seen
};

std::uint64_t mix(std::uint64_t hash, std::uint64_t value);

}  // namespace dora::interleaving
